#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/file.h"
#include "bundle/support.h"
#include "bundle/tolerance.h"
#include "graph/builder.h"

namespace cleave::bundle {
namespace {

namespace fs = std::filesystem;

Bundle written(const graph::Model& model, const WriteRequest& request, const fs::path& folder) {
  const auto done = write_bundle(model, test_engine(), request, folder);
  EXPECT_TRUE(done) << done.error().to_string();
  return Bundle::load(folder).value();
}

std::unique_ptr<engine::Session> session_of(const Bundle& bundle, const FileEntry& file) {
  return test_engine().compile(bundle.network(file).value(), {}).value();
}

/// The halves do what the check vector says, and the codec makes of the values what stands there.
void expect_sound(const Bundle& bundle, const CutEntry& cut) {
  const auto check = bundle.check_vector(cut);
  ASSERT_TRUE(check) << check.error().to_string();
  const auto head = session_of(bundle, cut.head);
  const auto tail = session_of(bundle, cut.tail);
  const auto head_is = verify_head(*head, cut, bundle.manifest(), *check, engine::Precision::kF32);
  EXPECT_TRUE(head_is) << head_is.error().to_string();
  const auto tail_is = verify_tail(*tail, cut, *check, engine::Precision::kF32);
  EXPECT_TRUE(tail_is) << tail_is.error().to_string();

  std::vector<const Tensor*> values;
  for (const CrossingValue& c : cut.crossing) {
    for (std::size_t i = 0; i < cut.head_outputs.size(); ++i)
      if (cut.head_outputs[i].name == c.value.name) values.push_back(&check->head_outputs[i]);
    for (std::size_t i = 0; i < bundle.manifest().inputs.size(); ++i)
      if (bundle.manifest().inputs[i].name == c.value.name) values.push_back(&check->inputs[i]);
  }
  const CutCodec codec = CutCodec::create(cut).value();
  ASSERT_EQ(values.size(), codec.size());
  const auto packets = codec.encode(values);
  ASSERT_TRUE(packets) << packets.error().to_string();
  const auto decoded = codec.decode(*packets);
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  for (std::size_t i = 0; i < decoded->size(); ++i)
    EXPECT_TRUE(std::ranges::equal((*decoded)[i].bytes(), check->crossing[i].bytes()));
}

class RoundTrip : public testing::TestWithParam<const char*> {};

TEST_P(RoundTrip, TinyAtEveryCut) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  WriteRequest request = request_for(model, GetParam());
  request.preprocess = "image:size=64";
  request.labels = {"zero", "one"};
  const Bundle bundle = written(model, request, folder / "b");
  const Manifest& m = bundle.manifest();
  EXPECT_EQ(folder.entries(), 1);
  EXPECT_EQ(m.name, "split");
  EXPECT_EQ(m.labels, request.labels);
  EXPECT_EQ(m.preprocess, request.preprocess);
  EXPECT_EQ(bundle.network(m.model).value(), model.to_bytes().value());
  ASSERT_EQ(m.cuts.size(), model.cuts().size());
  EXPECT_EQ(&bundle.default_cut(), &m.cuts.front());
  for (std::size_t i = 0; i < m.cuts.size(); ++i) {
    const graph::Cut& cut = model.cuts()[i];
    EXPECT_EQ(m.cuts[i].id, cut.id());
    EXPECT_EQ(bundle.network(m.cuts[i].head).value(), model.head(cut).value());
    EXPECT_EQ(bundle.network(m.cuts[i].tail).value(), model.tail(cut).value());
    expect_sound(bundle, m.cuts[i]);
  }
  EXPECT_EQ(to_json(manifest_from_json(to_json(m)).value()), to_json(m));
}

INSTANTIATE_TEST_SUITE_P(Codecs, RoundTrip,
                         testing::Values("raw", "f16", "quant:bits=4,range=sigma3|zstd:level=3"));

TEST(RoundTrip, SeveralInputsAndOutputs) {
  const TemporaryFolder folder;
  const graph::Model model = forked();
  const Bundle bundle = written(model, request_for(model, "raw"), folder / "b");
  int straight = 0;
  int early = 0;
  for (const CutEntry& cut : bundle.manifest().cuts) {
    SCOPED_TRACE(cut.id);
    expect_sound(bundle, cut);
    for (const CrossingValue& c : cut.crossing) straight += c.value.name == "b" ? 1 : 0;
    for (const TensorSpec& out : cut.head_outputs) early += out.name == "early" ? 1 : 0;
    EXPECT_EQ(cut.tail_outputs.back().name, "late");
  }
  EXPECT_GT(straight, 0) << "no cut is crossed by an input";
  EXPECT_GT(early, 0) << "no cut has an output before it";
}

TEST(RoundTrip, CostsStayWithTheirCut) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  WriteRequest request = request_for(model, "raw", {2, 3});
  ASSERT_EQ(request.cuts.size(), 2U);
  request.costs = WholeCosts{9, 3, 2, {100, 1, 2}};
  request.cuts[1].costs = CutCosts{1, 2, {3, 4, 5}};
  const Bundle bundle = written(model, request, folder / "b");
  EXPECT_EQ(bundle.manifest().costs->input.payload_bytes, 100);
  EXPECT_FALSE(bundle.manifest().cuts[0].costs);
  EXPECT_EQ(bundle.manifest().cuts[1].costs->codec.decode_ms, 5);
}

/// As if a unit had been trained in: a network of its own, whose head is the other's.
TEST(RoundTrip, SeveralNetworksShareWhatIsEqual) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  onnx::ModelProto record;
  ASSERT_TRUE(record.ParseFromString(model.to_bytes().value()));
  for (onnx::TensorProto& weight : *record.mutable_graph()->mutable_initializer())
    if (weight.name() == "fc.weight") (*weight.mutable_raw_data())[0] ^= 1;
  const graph::Model other = graph::Model::parse(record.SerializeAsString()).value();

  WriteRequest request = request_for(model, "raw", {5});
  request.accuracy = 0.75;
  request.cuts.push_back({.cut = other.find_cut("5").value(),
                          .network = &other,
                          .codec = "f16",
                          .unit = "bottleneck:channels=2",
                          .accuracy = 0.5});
  request.cuts.push_back({.cut = other.find_cut("5").value(), .network = &other, .codec = "raw"});
  const Bundle bundle = written(model, request, folder / "b");
  const std::vector<CutEntry>& cuts = bundle.manifest().cuts;
  ASSERT_EQ(cuts.size(), 3U);
  EXPECT_EQ(cuts[1].id, "5.2");
  EXPECT_EQ(cuts[2].id, "5.3");
  EXPECT_EQ(cuts[1].unit, "bottleneck:channels=2");
  EXPECT_EQ(cuts[1].accuracy, 0.5);
  EXPECT_EQ(bundle.manifest().accuracy, 0.75);
  for (const CutEntry& cut : cuts) expect_sound(bundle, cut);
  EXPECT_EQ(bundle.network(cuts[0].tail).value(), model.tail(*model.find_cut("5").value()).value());
  EXPECT_EQ(bundle.network(cuts[1].tail).value(), other.tail(*other.find_cut("5").value()).value());

  // Three networks in seven files, and one matrix more than a single network has.
  const auto bytes_of_weights = [](const fs::path& of) {
    return fs::file_size(of / "weights.bin");
  };
  static_cast<void>(written(model, request_for(model, "raw", {5}), folder / "plain"));
  const auto fc = model.value("flatten")->shape[1] * 10 * static_cast<std::int64_t>(sizeof(float));
  const auto more = bytes_of_weights(folder / "b") - bytes_of_weights(folder / "plain");
  EXPECT_GE(more, static_cast<std::uint64_t>(fc));
  EXPECT_LE(more, static_cast<std::uint64_t>(fc) + 64) << "but for alignment";
}

TEST(Bundle, FindsCutsById) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  const Bundle bundle = written(model, request_for(model, "raw", {2, 3}), folder / "b");
  EXPECT_EQ((*bundle.find_cut("3"))->id, "3");
  const Error unknown = bundle.find_cut("9").error();
  EXPECT_NE(unknown.message.find("2, 3"), std::string::npos) << unknown.message;
  EXPECT_TRUE(is_bundle(folder / "b"));
  EXPECT_FALSE(is_bundle(folder.path()));
}

TEST(WriteBundle, WhatFailsLeavesNothing) {
  const graph::Model model = tiny();
  // One compile for the whole network and two for each cut: it fails at every stage in turn.
  for (int good = 0; good < 5; ++good) {
    for (const Failing how : {Failing::kCompile, Failing::kAnswers}) {
      const TemporaryFolder folder;
      const auto engine = failing_engine(how, good);
      const auto done =
          write_bundle(model, *engine, request_for(model, "raw", {2, 3}), folder / "b");
      // Whole network and halves that are wrong alike cannot be told from right ones.
      if (how == Failing::kAnswers && good == 0) continue;
      EXPECT_FALSE(done) << good;
      EXPECT_EQ(folder.entries(), 0) << good;
    }
  }
}

TEST(WriteBundle, WrongHalvesAreNoticed) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  const auto engine = failing_engine(Failing::kAnswers, 1);
  const auto done = write_bundle(model, *engine, request_for(model, "raw", {2}), folder / "b");
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("joined halves"), std::string::npos) << done.error().message;
}

TEST(WriteBundle, RefusesWrongRequests) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  const auto refused = [&](auto&& change) {
    WriteRequest request = request_for(model, "raw", {2});
    change(request);
    const auto done = write_bundle(model, test_engine(), request, folder / "b");
    return !done && folder.entries() == 0;
  };
  EXPECT_TRUE(refused([](WriteRequest& r) { r.cuts.clear(); }));
  EXPECT_TRUE(refused([](WriteRequest& r) { r.samples.clear(); }));
  EXPECT_TRUE(refused([](WriteRequest& r) { r.cuts[0].codec = "no_such_codec"; }));
  EXPECT_TRUE(refused([](WriteRequest& r) { r.name.clear(); }));
  EXPECT_TRUE(refused([](WriteRequest& r) { r.cuts.push_back(r.cuts.front()); }));
  EXPECT_TRUE(refused([](WriteRequest& r) { r.samples[0] = {Tensor(DType::kF32, {1, 3, 8, 8})}; }));
  EXPECT_TRUE(refused([](WriteRequest& r) { r.samples[1].clear(); }));
}

TEST(WriteBundle, NeverTouchesAFolderThatIsFull) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "b");
  ASSERT_TRUE(write_file(folder / "b" / "mine", "text"));
  const graph::Model model = tiny();
  EXPECT_FALSE(write_bundle(model, test_engine(), request_for(model, "raw", {2}), folder / "b"));
  EXPECT_EQ(read_file(folder / "b" / "mine").value(), "text");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(Verify, RefusesAnotherNetwork) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  const Bundle bundle = written(model, request_for(model, "raw", {2}), folder / "b");
  const CutEntry& cut = bundle.default_cut();
  const CheckVector check = bundle.check_vector(cut).value();
  const auto wrong = failing_engine(Failing::kAnswers, 0);
  const auto head = wrong->compile(bundle.network(cut.head).value(), {}).value();
  const auto tail = wrong->compile(bundle.network(cut.tail).value(), {}).value();
  const Error error =
      verify_head(*head, cut, bundle.manifest(), check, engine::Precision::kF32).error();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_NE(error.message.find(cut.head_outputs[0].name), std::string::npos) << error.message;
  EXPECT_FALSE(verify_tail(*tail, cut, check, engine::Precision::kF32));
  // The halves in each other's place.
  const auto real_head = session_of(bundle, cut.head);
  const auto real_tail = session_of(bundle, cut.tail);
  EXPECT_FALSE(verify_head(*real_tail, cut, bundle.manifest(), check, engine::Precision::kF32));
  EXPECT_FALSE(verify_tail(*real_head, cut, check, engine::Precision::kF32));
}

/// Packets carry no shape: what differs from the bundle's would be decoded as something else.
TEST(CutCodec, RefusesOtherShapesThanTheBundles) {
  const TemporaryFolder folder;
  const graph::Model model = forked();
  const Bundle bundle = written(model, request_for(model, "raw"), folder / "b");
  const CutCodec codec = CutCodec::create(bundle.default_cut()).value();
  for (const Shape& shape : {Shape{1, 3}, Shape{1, 4}, Shape{4}}) {
    const Tensor tensor(DType::kF32, shape);
    const std::vector<const Tensor*> values(codec.size(), &tensor);
    const auto packets = codec.encode(values);
    ASSERT_EQ(packets.has_value(), shape == Shape({1, 4}));
    if (packets) continue;
    EXPECT_NE(packets.error().message.find("expected f32 1x4"), std::string::npos)
        << packets.error().message;
  }
}

TEST(WriteBundle, RefusesValuesWhoseShapeHangsByTheInput) {
  const TemporaryFolder folder;
  graph::Builder b(13, 7);
  b.input("x", {1, 4}).node("NonZero", {"x"}, {"where"}).node("Abs", {"where"}, {"y"});
  b.output("y");
  b.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::INT64);
  const graph::Model model = graph::Model::parse(b.bytes()).value();
  WriteRequest request = request_for(model, "raw");
  for (const std::vector<float>& values : {std::vector<float>{1, 0, 1, 0}, {1, 1, 1, 0}})
    request.samples.push_back({Tensor::from_values<float>({1, 4}, values)});
  request.samples.erase(request.samples.begin(), request.samples.end() - 2);
  const auto refused = write_bundle(model, test_engine(), request, folder / "b");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("'where' has shape 2x2 for one sample and 2x3"),
            std::string::npos)
      << refused.error().message;
  EXPECT_EQ(folder.entries(), 0);
}

TEST(CutCodec, CountsItsValues) {
  const TemporaryFolder folder;
  const graph::Model model = forked();
  const Bundle bundle = written(model, request_for(model, "raw"), folder / "b");
  const CutCodec codec = CutCodec::create(bundle.default_cut()).value();
  EXPECT_FALSE(codec.encode({}));
  EXPECT_FALSE(codec.decode({}));
  const std::vector<std::string> garbage(codec.size(), "garbage");
  const auto decoded = codec.decode(garbage);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find(bundle.default_cut().crossing[0].value.name),
            std::string::npos)
      << decoded.error().message;
}

}  // namespace
}  // namespace cleave::bundle
