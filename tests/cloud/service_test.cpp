// Requests to a service in this process: what comes back, and what is refused.
#include <fmt/format.h>

#include "base/file.h"
#include "base/random_tensor.h"
#include "bundle/bundle.h"
#include "cloud/support.h"
#include "data/image.h"
#include "data/preprocess.h"
#include "data/synthetic.h"

namespace cleave::cloud {
namespace {

/// One service for all tests here: compiling takes longer than they do.
class Service : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    write_tiny_bundle(*folder_ / "split");
    write_tiny(*folder_ / "bare.onnx", 1);
    service_ = start_service({*folder_ / "split", *folder_ / "bare.onnx"});
  }
  static void TearDownTestSuite() {
    service_.reset();
    folder_.reset();
  }
  void SetUp() override { ASSERT_NE(service_, nullptr); }

  static Tensor input(std::uint64_t seed) {
    return random_tensors({{"input", DType::kF32, {1, 3, 64, 64}}}, seed).front();
  }
  static std::vector<float> whole_answer(const Tensor& tensor) {
    const auto session = session_of(*folder_ / "bare.onnx");
    return floats(session->run({&tensor, 1}).value().front());
  }
  /// What stands for `input` at the default cut: values and packets.
  struct Crossing {
    std::vector<Tensor> decoded;
    std::vector<std::string> packets;
  };
  static Crossing cross(const Tensor& tensor) {
    const auto bundle = bundle::Bundle::load(*folder_ / "split").value();
    const auto& cut = bundle.default_cut();
    const auto head = test_engine().compile(bundle.network(cut.head).value(), {}).value();
    const auto values = head->run({&tensor, 1}).value();
    std::vector<const Tensor*> pointers;
    for (const Tensor& value : values) pointers.push_back(&value);
    const auto codec = bundle::CutCodec::create(cut).value();
    Crossing crossing;
    crossing.packets = codec.encode(pointers).value();
    crossing.decoded = codec.decode(crossing.packets).value();
    return crossing;
  }
  static std::vector<float> tail_answer(const std::vector<Tensor>& values) {
    const auto bundle = bundle::Bundle::load(*folder_ / "split").value();
    const auto& cut = bundle.default_cut();
    const auto tail = test_engine().compile(bundle.network(cut.tail).value(), {}).value();
    return floats(tail->run(values).value().front());
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<InferenceService> service_;
};
std::unique_ptr<TemporaryFolder> Service::folder_;
std::unique_ptr<InferenceService> Service::service_;

TEST_F(Service, PlainTensorsGiveTheEnginesAnswer) {
  for (const std::string model : {"bare", "tiny"}) {
    const Tensor tensor = input(3);
    const auto answer = infer(*service_, request_of(model, wire::to_wire("input", tensor)));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->model_name, model);
    EXPECT_EQ(answer->model_version, "1");
    EXPECT_EQ(answer->id, "7");
    ASSERT_EQ(answer->outputs.size(), 1u);
    EXPECT_EQ(answer->outputs[0].name, "logits");
    EXPECT_EQ(answer->outputs[0].datatype, "FP32");
    EXPECT_EQ(answer->outputs[0].shape, (Shape{1, 10}));
    EXPECT_LE(largest_difference(floats(answer->outputs[0]), whole_answer(tensor)), kSameAnswer);
  }
}

TEST_F(Service, AnswersSayWhereTheTimeWent) {
  const auto answer = infer(*service_, request_of("bare", wire::to_wire("input", input(3))));
  ASSERT_TRUE(answer) << answer.error().to_string();
  const auto number = [&](const char* key) {
    return std::get<std::int64_t>(answer->parameters.at(key));
  };
  EXPECT_GE(number("cleave_queue_us"), 0);
  EXPECT_GE(number("cleave_decode_us"), 0);
  EXPECT_GT(number("cleave_compute_us"), 0);
  const std::int64_t stages_us =
      number("cleave_queue_us") + number("cleave_decode_us") + number("cleave_compute_us");
  EXPECT_GE(number("cleave_send_ns") - number("cleave_receive_ns"), stages_us * 1000);
}

TEST_F(Service, PacketsGiveTheTailsAnswerSampleBySample) {
  std::vector<std::string> packets;
  std::vector<float> expected;
  for (std::uint64_t seed : {4, 5, 6}) {
    const Crossing crossing = cross(input(seed));
    packets.insert(packets.end(), crossing.packets.begin(), crossing.packets.end());
    const std::vector<float> answer = tail_answer(crossing.decoded);
    expected.insert(expected.end(), answer.begin(), answer.end());
  }
  const Shape shape{3, static_cast<std::int64_t>(packets.size()) / 3};
  for (const std::string model : {"split", "split@2"}) {
    const auto answer =
        infer(*service_, request_of(model, wire::bytes_tensor("packet", shape, packets)));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->outputs.at(0).shape, (Shape{3, 10}));
    EXPECT_LE(largest_difference(floats(answer->outputs[0]), expected), kSameAnswer);
  }
}

TEST_F(Service, ATailTakesPlainTensorsToo) {
  const Crossing crossing = cross(input(4));
  const auto metadata = service_->model_metadata("split", "").value();
  wire::InferRequest request;
  request.model_name = "split";
  for (std::size_t i = 0; i < crossing.decoded.size(); ++i)
    request.inputs.push_back(wire::to_wire(metadata.inputs.at(i).name, crossing.decoded[i]));
  const auto answer = infer(*service_, request);
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_LE(largest_difference(floats(answer->outputs.at(0)), tail_answer(crossing.decoded)),
            kSameAnswer);
}

TEST_F(Service, PicturesGiveWhatPreprocessingHereGives) {
  const auto preprocess = data::Preprocess::parse(kTinyPictures).value();
  const data::Image large = data::synthetic_picture(200, 120, 1);
  const auto jpeg = data::encode_jpeg(large, 90).value();
  const auto png = data::encode_png(preprocess.picture(large)).value();
  const auto webp = data::encode_webp(large, 80).value();
  std::vector<std::string> elements;
  for (const auto& bytes : {jpeg, png, webp}) elements.emplace_back(as_text(bytes));
  if (const auto h264 = data::encode_h264(large, 10, "fast")) elements.emplace_back(as_text(*h264));
  std::vector<float> expected;
  for (const std::string& element : elements) {
    const auto answer =
        whole_answer(preprocess.apply(data::decode_image(as_bytes(element)).value()));
    expected.insert(expected.end(), answer.begin(), answer.end());
  }
  const auto count = static_cast<std::int64_t>(elements.size());
  for (const Shape& shape : {Shape{count}, Shape{count, 1}}) {
    const auto answer =
        infer(*service_, request_of("tiny", wire::bytes_tensor("image", shape, elements)));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->outputs.at(0).shape, (Shape{count, 10}));
    EXPECT_LE(largest_difference(floats(answer->outputs[0]), expected), kSameAnswer);
  }
}

TEST_F(Service, RefusesWhatItCannotReadAndGoesOn) {
  const Tensor good = input(3);
  const auto named = [&](const char* name) { return wire::to_wire(name, good); };
  const Tensor small = random_tensors({{"input", DType::kF32, {1, 3, 32, 32}}}, 1).front();
  const Tensor whole_numbers(DType::kI32, {1, 3, 64, 64});
  const auto bytes = [](const char* name, Shape shape, std::vector<std::string> elements) {
    return wire::bytes_tensor(name, std::move(shape), std::move(elements));
  };
  // Two values cross the default cut; the first packet is spoilt.
  const std::vector<std::string> packets = cross(good).packets;
  ASSERT_EQ(packets.size(), 2u);
  const auto spoilt = [&](std::string packet) {
    return request_of("split", bytes("packet", {1, 2}, {std::move(packet), packets[1]}));
  };
  std::string flipped = packets[0];
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);

  struct Case {
    wire::InferRequest request;
    ErrorCode code;
    std::string says;
  };
  wire::InferRequest nothing = request_of("bare", named("input"));
  nothing.inputs.clear();
  wire::InferRequest other_output = request_of("bare", named("input"));
  other_output.outputs.push_back({"scores", {}});
  wire::InferRequest other_version = request_of("bare", named("input"));
  other_version.model_version = "2";
  const std::vector<Case> cases{
      {request_of("nobody", named("input")), ErrorCode::kNotFound, "nobody"},
      {other_version, ErrorCode::kNotFound, "version '2'"},
      {nothing, ErrorCode::kInvalidArgument, "'input' is missing"},
      {other_output, ErrorCode::kInvalidArgument, "no output 'scores', expected one of logits"},
      {request_of("bare", named("data")), ErrorCode::kInvalidArgument, "no input 'data'"},
      {request_of("bare", wire::to_wire("input", small)), ErrorCode::kInvalidArgument,
       "FP32 1x3x32x32, expected FP32 1x3x64x64"},
      {request_of("bare", wire::to_wire("input", whole_numbers)), ErrorCode::kInvalidArgument,
       "INT32 1x3x64x64, expected FP32"},
      {request_of("bare", bytes("image", {1}, {"x"})), ErrorCode::kInvalidArgument, "no input"},
      {request_of("tiny", bytes("packet", {1, 1}, {"x"})), ErrorCode::kInvalidArgument, "no input"},
      {request_of("tiny", bytes("image", {1}, {"no picture"})), ErrorCode::kNotThisFormat,
       "sample 0"},
      {request_of("tiny", bytes("image", {1, 2}, {"x", "y"})), ErrorCode::kInvalidArgument,
       "[batch, 1]"},
      {request_of("tiny", bytes("image", {0}, {})), ErrorCode::kInvalidArgument, "batch"},
      {request_of("split", bytes("packet", {1, 7}, std::vector<std::string>(7))),
       ErrorCode::kInvalidArgument, "with 7 elements"},
      {request_of("split", bytes("packet", {257, 2}, std::vector<std::string>(514))),
       ErrorCode::kInvalidArgument, "batch from 1 to 256"},
      {spoilt(flipped), ErrorCode::kCorrupt, "value '"},
      {spoilt(packets[0].substr(0, 20)), ErrorCode::kNeedMoreBytes, "value '"},
      {spoilt(packets[0] + "x"), ErrorCode::kCorrupt, "value '"},
      {spoilt(""), ErrorCode::kNeedMoreBytes, "value '"},
  };
  for (const Case& c : cases) {
    const auto answer = infer(*service_, c.request);
    ASSERT_FALSE(answer) << c.says;
    EXPECT_EQ(answer.error().code, c.code) << answer.error().to_string();
    EXPECT_TRUE(answer.error().message.contains(c.says)) << answer.error().to_string();
    const auto after = infer(*service_, request_of("bare", named("input")));
    EXPECT_TRUE(after) << "after: " << answer.error().to_string();
  }
}

TEST_F(Service, RefusesAPacketWithAnyByteChanged) {
  const std::vector<std::string> packets = cross(input(3)).packets;
  // Every byte of the header, and a sample of the payload: the codec's own tests try them all.
  for (std::size_t i = 0; i < packets[0].size(); i += i < 32 ? 1 : 977) {
    std::vector<std::string> spoilt = packets;
    spoilt[0][i] = static_cast<char>(spoilt[0][i] ^ 0x10);
    EXPECT_FALSE(
        infer(*service_, request_of("split", wire::bytes_tensor("packet", {1, 2}, spoilt))))
        << "byte " << i;
  }
  EXPECT_TRUE(infer(*service_, request_of("split", wire::bytes_tensor("packet", {1, 2}, packets))));
}

TEST_F(Service, MetadataSaysWhatANetworkTakes) {
  const auto tail = service_->model_metadata("split", "1").value();
  ASSERT_EQ(tail.inputs.size(), 2u);
  EXPECT_EQ(tail.outputs, (std::vector<wire::TensorMetadata>{{"logits", "FP32", {1, 10}}}));
  const auto announced = std::get<std::string>(tail.parameters.at("packet"));
  EXPECT_TRUE(announced.starts_with(tail.inputs[0].name + ":f32:")) << announced;
  EXPECT_TRUE(announced.contains(";" + tail.inputs[1].name + ":f32:")) << announced;
  EXPECT_TRUE(announced.contains("quant:bits=8")) << announced;
  EXPECT_EQ(std::get<std::int64_t>(tail.parameters.at("packet_version")), 1);

  const auto whole = service_->model_metadata("tiny", "").value();
  EXPECT_EQ(whole.inputs, (std::vector<wire::TensorMetadata>{{"input", "FP32", {1, 3, 64, 64}}}));
  EXPECT_EQ(std::get<std::string>(whole.parameters.at("image")),
            data::Preprocess::parse(kTinyPictures).value().spec());
  EXPECT_TRUE(service_->model_metadata("bare", "").value().parameters.empty());
  EXPECT_EQ(service_->model_metadata("none", "").error().code, ErrorCode::kNotFound);

  std::vector<std::string> names;
  for (const wire::ModelEntry& entry : service_->repository_index()) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"bare", "split", "split@2", "split@5", "tiny"}));
}

TEST_F(Service, CountsWhatHappened) {
  TemporaryFolder folder;
  write_tiny(folder / "counted.onnx", 2);
  const auto service = start_service({folder / "counted.onnx"});
  ASSERT_NE(service, nullptr);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(infer(*service, request_of("counted", wire::to_wire("input", input(1)))));
  EXPECT_FALSE(infer(*service, request_of("counted", wire::to_wire("data", input(1)))));

  const wire::ModelStatistics statistics = service->repository_index().front().statistics;
  EXPECT_EQ(statistics.success.count, 3u);
  EXPECT_EQ(statistics.fail.count, 1u);
  EXPECT_EQ(statistics.inference_count, 3u);
  EXPECT_EQ(statistics.execution_count, 3u);
  EXPECT_GT(statistics.compute_infer.total_ns, 0u);
  EXPECT_GE(statistics.success.total_ns, statistics.compute_infer.total_ns);

  const std::string page = service->metrics_text();
  const std::string labels = R"({model="counted",version="1"})";
  const std::size_t input_bytes = 4 * 3 * 64 * 64;
  for (const std::string& line :
       {fmt::format("nv_inference_request_success{} 3\n", labels),
        fmt::format("nv_inference_request_failure{} 1\n", labels),
        fmt::format("nv_inference_count{} 3\n", labels),
        fmt::format("nv_inference_exec_count{} 3\n", labels),
        fmt::format("nv_inference_pending_request_count{} 0\n", labels),
        fmt::format("cleave_received_bytes_total{} {}\n", labels, 4 * input_bytes),
        fmt::format("cleave_sent_bytes_total{} {}\n", labels, 3 * 40),
        std::string(R"(cleave_stage_seconds_count{model="counted",stage="tail",version="1"} 3)")}) {
    EXPECT_TRUE(page.contains(line)) << line << "is not in\n" << page;
  }
  for (const char* stage : {"request", "queue", "compute_input", "compute_infer", "compute_output"})
    EXPECT_TRUE(page.contains(fmt::format("nv_inference_{}_duration_us{}", stage, labels)))
        << stage;
  EXPECT_TRUE(page.contains("cleave_process_resident_bytes ")) << page;
}

}  // namespace
}  // namespace cleave::cloud
