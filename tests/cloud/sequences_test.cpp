// Frames of streams as requests: what is decoded, and what becomes of lost and unknown ones.
#include "cloud/sequences.h"

#include <array>
#include <thread>

#include "base/file.h"
#include "base/random_tensor.h"
#include "bundle/cut_stream.h"
#include "cloud/support.h"
#include "codec/has_video.h"

namespace cleave::cloud {
namespace {

constexpr const char* kCodec = "quant:bits=8,range=minmax|tile|h264:qp=10,gop=1000";

class SequencesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!codec::has_video()) return;
    folder_ = std::make_unique<TemporaryFolder>();
    write_tiny_bundle(*folder_ / "film", {.name = "film", .codec = kCodec});
    write_tiny_bundle(*folder_ / "still", {.seed = 2, .name = "still", .model_name = "other"});
    service_ = start_service({*folder_ / "film", *folder_ / "still"});
  }
  static void TearDownTestSuite() {
    service_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (!codec::has_video()) GTEST_SKIP() << "built without video";
    ASSERT_NE(service_, nullptr);
  }

  static bundle::CutCodec codec() {
    const auto bundle = bundle::Bundle::load(*folder_ / "film").value();
    return bundle::CutCodec::create(bundle.default_cut()).value();
  }

  /// A client's end of a stream.
  class Sender {
   public:
    explicit Sender(std::string id)
        : id_(std::move(id)), encoder_(bundle::CutStreamEncoder::create(codec()).value()) {}

    std::vector<std::string> encode(std::uint64_t seed) {
      const bundle::CutCodec cut = codec();
      const std::vector<TensorSpec> specs(cut.values().begin(), cut.values().end());
      const std::vector<Tensor> values = random_tensors(specs, seed);
      std::vector<const Tensor*> pointers;
      for (const Tensor& value : values) pointers.push_back(&value);
      return encoder_.encode(pointers).value();
    }
    wire::InferRequest request(std::vector<std::string> packets) const {
      const auto count = static_cast<std::int64_t>(packets.size());
      wire::InferRequest request =
          request_of("film", wire::bytes_tensor("packet", {1, count}, std::move(packets)));
      request.parameters.emplace("sequence_id", id_);
      return request;
    }
    wire::InferRequest next(std::uint64_t seed) { return request(encode(seed)); }
    void request_key_frame() { encoder_.request_key_frame(); }

   private:
    std::string id_;
    bundle::CutStreamEncoder encoder_;
  };

  static Result<wire::InferResponse> ask(wire::InferRequest request) {
    return infer(*service_, std::move(request));
  }
  /// The tail's answer to the values of packets that a decoder of its own has read.
  static std::vector<float> answer_to(const std::vector<Tensor>& values) {
    const auto bundle = bundle::Bundle::load(*folder_ / "film").value();
    static const auto tail =
        test_engine().compile(bundle.network(bundle.default_cut().tail).value(), {}).value();
    return floats(tail->run(values).value().front());
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<InferenceService> service_;
};
std::unique_ptr<TemporaryFolder> SequencesTest::folder_;
std::unique_ptr<InferenceService> SequencesTest::service_;

TEST_F(SequencesTest, StreamsDoNotMix) {
  struct Client {
    Sender sender;
    bundle::CutStreamDecoder decoder;
  };
  std::array clients{Client{Sender("a"), bundle::CutStreamDecoder::create(codec()).value()},
                     Client{Sender("b"), bundle::CutStreamDecoder::create(codec()).value()}};
  for (std::uint64_t t = 0; t < 4; ++t) {
    for (std::size_t c = 0; c < clients.size(); ++c) {
      const auto packets = clients[c].sender.encode(10 * t + c);
      const auto answer = ask(clients[c].sender.request(packets));
      ASSERT_TRUE(answer) << answer.error().to_string();
      const auto values = clients[c].decoder.decode(packets);
      ASSERT_TRUE(values);
      EXPECT_LE(largest_difference(floats(answer->outputs[0]), answer_to(*values)), kSameAnswer);
    }
  }
}

TEST_F(SequencesTest, AKeyFrameHealsALoss) {
  Sender sender("lossy");
  ASSERT_TRUE(ask(sender.next(1)));
  sender.encode(2);  // never sent
  for (std::uint64_t seed = 3; seed < 5; ++seed) {
    const auto lost = ask(sender.next(seed));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::kOutOfSync) << lost.error().to_string();
  }
  sender.request_key_frame();
  EXPECT_TRUE(ask(sender.next(5)));
  EXPECT_TRUE(ask(sender.next(6)));
}

TEST_F(SequencesTest, StartAndEndForget) {
  for (const char* flag : {"sequence_start", "sequence_end"}) {
    Sender sender(flag);
    ASSERT_TRUE(ask(sender.next(1)));
    auto request = sender.next(2);
    request.parameters.emplace(flag, true);
    const bool forgets_before = std::string(flag) == "sequence_start";
    EXPECT_EQ(ask(std::move(request)).has_value(), !forgets_before);
    EXPECT_FALSE(ask(sender.next(3)));
    sender.request_key_frame();
    EXPECT_TRUE(ask(sender.next(4)));
  }
}

TEST_F(SequencesTest, TheQuietestGoes) {
  const auto sequences = Sequences::create(codec());
  ASSERT_TRUE(sequences);
  ASSERT_EQ((*sequences)->capacity(), kMaxSequences);
  std::vector<Sender> senders;
  for (std::size_t i = 0; i <= kMaxSequences; ++i) senders.emplace_back(std::to_string(i));
  const auto send = [&](std::size_t i) {
    return (*sequences)->decode({std::to_string(i)}, senders[i].encode(i)).has_value();
  };
  for (std::size_t i = 0; i < kMaxSequences; ++i) EXPECT_TRUE(send(i));
  EXPECT_TRUE(send(0));
  EXPECT_TRUE(send(kMaxSequences));
  EXPECT_EQ((*sequences)->size(), kMaxSequences);
  EXPECT_TRUE(send(0));
  EXPECT_FALSE(send(1));

  // Whoever sends nonsense takes nobody's place.
  const std::string garbage = "garbage";
  for (std::size_t i = 0; i < 2 * kMaxSequences; ++i)
    EXPECT_FALSE((*sequences)->decode({"x" + std::to_string(i)}, {&garbage, 1}));
  EXPECT_TRUE(send(2));
}

TEST_F(SequencesTest, HostilePacketsAreErrors) {
  Sender sender("hostile");
  const auto good = sender.encode(1);
  for (std::size_t length = 0; length < good.back().size(); length += 1 + good.back().size() / 40) {
    auto cut_short = good;
    cut_short.back().resize(length);
    EXPECT_FALSE(ask(sender.request(cut_short)));
  }
  auto altered = good;
  altered.back()[altered.back().size() / 2] ^= 1;
  EXPECT_FALSE(ask(sender.request(altered)));
  auto too_many = good;
  too_many.push_back(good[0]);
  EXPECT_FALSE(ask(sender.request(too_many)));
  EXPECT_TRUE(ask(sender.request(good)));
}

TEST_F(SequencesTest, RequestsThatMakeNoSense) {
  Sender sender("x");
  const auto packets = sender.encode(1);
  const auto error_of = [](wire::InferRequest request) {
    const auto answer = ask(std::move(request));
    EXPECT_FALSE(answer);
    return answer ? Error{} : answer.error();
  };
  auto request = sender.request(packets);
  request.parameters["sequence_id"] = 1.5;
  EXPECT_TRUE(error_of(request).message.contains("'sequence_id' is of another kind"));
  request.parameters["sequence_id"] = std::string(kMaxSequenceIdBytes + 1, 'x');
  EXPECT_EQ(error_of(request).code, ErrorCode::kInvalidArgument);
  request.parameters["sequence_id"] = std::int64_t{5};
  request.parameters["sequence_start"] = std::int64_t{1};
  EXPECT_TRUE(error_of(request).message.contains("expected true or false"));

  auto twice = packets;
  twice.insert(twice.end(), packets.begin(), packets.end());
  const auto count = static_cast<std::int64_t>(packets.size());
  auto two = request_of("film", wire::bytes_tensor("packet", {2, count}, std::move(twice)));
  two.parameters.emplace("sequence_id", "x");
  EXPECT_TRUE(error_of(two).message.contains("2 frames in a request, expected 1"));

  auto still = sender.request(packets);
  still.model_name = "still";
  EXPECT_TRUE(error_of(still).message.contains("expected a cut whose codecs end in h264 or h265"));
  // 0 is the protocol's word for no sequence: the packet is then read as one that stands alone.
  auto none = sender.request(packets);
  none.parameters["sequence_id"] = std::int64_t{0};
  EXPECT_NE(error_of(none).code, ErrorCode::kOutOfSync);
}

TEST_F(SequencesTest, ManyClientsAtOnce) {
  const auto sequences = *Sequences::create(codec());
  std::array<bool, 4> good{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < good.size(); ++i) {
      threads.emplace_back([&, i] {
        Sender sender(std::to_string(i));
        good[i] = true;
        for (std::uint64_t t = 0; t < 6; ++t) {
          const auto packets = sender.encode(t);
          good[i] &= sequences->decode({std::to_string(i)}, packets).has_value();
          // One stream that all of them disturb: answers may be anything, but whole.
          (void)sequences->decode({"shared"}, packets);
        }
      });
    }
  }
  EXPECT_EQ(good, (std::array{true, true, true, true}));
  EXPECT_EQ(sequences->size(), good.size() + 1);
}

TEST_F(SequencesTest, TheMetadataTells) {
  EXPECT_TRUE(service_->model_metadata("film", "")->parameters.contains("stream_version"));
  EXPECT_FALSE(service_->model_metadata("still", "")->parameters.contains("stream_version"));
}

}  // namespace
}  // namespace cleave::cloud
