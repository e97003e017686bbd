// The strategies against the real server: whatever way a frame takes, the answer is the same.
#include "edge/strategy.h"

#include <gtest/gtest.h>

#include "edge/support.h"

namespace cleave::edge {
namespace {

class Strategies : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    bundle_ = new TinyBundle("raw");
    service_ = new HookedService(bundle_->path());
    server_ = new TestServer(*service_);
  }
  static void TearDownTestSuite() {
    delete server_;
    delete service_;
    delete bundle_;
  }

  FrameResult run(const std::string& strategy, RunnerOptions options = {}, std::uint64_t seed = 3,
                  const std::string& server = server_->address()) {
    const auto runner = make_runner(*bundle_, strategy, server, options);
    auto result = runner->run_frame(frame_of(runner->manifest(), seed));
    EXPECT_TRUE(result) << result.error().to_string();
    return result ? *std::move(result) : FrameResult{};
  }

  static inline TinyBundle* bundle_ = nullptr;
  static inline HookedService* service_ = nullptr;
  static inline TestServer* server_ = nullptr;
};

TEST_F(Strategies, GiveTheSameAnswer) {
  const FrameResult device = run("device");
  ASSERT_EQ(device.outputs.size(), 1U);
  EXPECT_EQ(device.bytes_up, 0U);
  const FrameResult cloud = run("cloud");
  EXPECT_EQ(cloud.strategy, "cloud");
  EXPECT_LE(difference(cloud.outputs, device.outputs), kSameAnswer);
  EXPECT_GT(cloud.bytes_up, 3U * 64 * 64 * 4);
  for (const char* cut : {"2", "5"}) {
    const FrameResult split = run("split", {.cut = cut});
    EXPECT_EQ(split.cut, cut);
    EXPECT_LE(difference(split.outputs, device.outputs), kSameAnswer);
  }
  EXPECT_GT(difference(run("device", {}, 4).outputs, device.outputs), 1e-3)
      << "all inputs give one answer: the comparison shows nothing";
}

TEST_F(Strategies, GiveTheSameAnswerOverHttp) {
  auto server = wire::Server::start(*service_, {.host = "127.0.0.1", .grpc_port = -1});
  ASSERT_TRUE(server);
  const std::string address = "http://127.0.0.1:" + std::to_string((*server)->http_port());
  const FrameResult device = run("device");
  EXPECT_LE(difference(run("split", {}, 3, address).outputs, device.outputs), kSameAnswer);
  EXPECT_LE(difference(run("cloud", {}, 3, address).outputs, device.outputs), kSameAnswer);
}

TEST_F(Strategies, AccountForTheStagesInOrder) {
  const FrameResult split = run("split");
  Nanos at = split.latency.start;
  for (const Stage stage : {Stage::kHead, Stage::kEncode, Stage::kUp, Stage::kQueue, Stage::kDecode,
                            Stage::kTail, Stage::kDown}) {
    EXPECT_GE(split.stages[stage].start, at) << stage_name(stage);
    EXPECT_GE(split.stages[stage].end, split.stages[stage].start) << stage_name(stage);
    at = split.stages[stage].end;
  }
  EXPECT_EQ(at, split.latency.end);
  EXPECT_GT(split.stages[Stage::kHead].ms(), 0);
  EXPECT_GT(split.stages[Stage::kTail].ms(), 0) << "the server says how long it computed";
}

TEST_F(Strategies, SendPicturesAsTheyAreTold) {
  const std::vector<data::InputItem> items{bundle_->photo(5)};
  const auto bytes_of = [&](std::string_view spec) -> std::size_t {
    RunnerOptions options;
    options.device.picture = data::PictureCodec::parse(spec).value();
    const auto runner = make_runner(*bundle_, "cloud", server_->address(), options);
    std::size_t bytes = 0;
    const auto ran = runner->run({.items = items, .warmup = 0}, [&](FrameResult result) {
      bytes = result.bytes_up;
      return Result<void>();
    });
    EXPECT_TRUE(ran || ran.error().code == ErrorCode::kUnsupported) << ran.error().to_string();
    return bytes;
  };
  EXPECT_LT(bytes_of("webp:q=5"), bytes_of("webp:q=95"));
  EXPECT_LT(bytes_of("jpeg:q=5"), bytes_of("png"));
  EXPECT_LE(bytes_of("h264:qp=40"), bytes_of("h264:qp=20"));
}

TEST_F(Strategies, SendPicturesAsJpeg) {
  const auto runner = make_runner(*bundle_, "cloud", server_->address());
  const std::vector<data::InputItem> items{bundle_->photo(5)};
  std::vector<FrameResult> cloud;
  const auto ran = runner->run({.items = items, .warmup = 0}, [&](FrameResult result) {
    cloud.push_back(std::move(result));
    return Result<void>();
  });
  ASSERT_TRUE(ran) << ran.error().to_string();
  ASSERT_EQ(cloud.size(), 1U);
  EXPECT_LT(cloud[0].bytes_up, 3U * 64 * 64) << "that is no JPEG of 64 x 64";
  EXPECT_GT(cloud[0].stages[Stage::kPrepare].ms(), 0);

  const auto device_runner = make_runner(*bundle_, "device", "");
  std::vector<FrameResult> device;
  ASSERT_TRUE(device_runner->run({.items = items, .warmup = 0}, [&](FrameResult result) {
    device.push_back(std::move(result));
    return Result<void>();
  }));
  EXPECT_LE(difference(cloud[0].outputs, device[0].outputs), 0.3) << "JPEG costs some, not all";
}

TEST_F(Strategies, StretchEverythingThatTheDeviceDoes) {
  // The stretched time is worked out from the work itself, so the factor holds on any machine.
  const bundle::Bundle bundle = bundle_->load();
  struct JumpClock final : Clock {
    Nanos now() const override { return time += std::chrono::milliseconds(1); }
    void sleep_until(Nanos when) override { time = std::max(time, when); }
    mutable Nanos time{0};
  } clock;
  DeviceOptions options;
  options.slowdown = 5;
  Device device(bundle, test_engine(), clock, options);
  const Frame frame = frame_of(bundle.manifest(), 1);
  const auto whole = device.run_whole(frame.inputs);
  ASSERT_TRUE(whole);
  // Work takes one tick of this clock and is stretched to five; reading the end takes one more.
  EXPECT_DOUBLE_EQ(whole->span.ms(), 6);
  const auto head = device.run_head(bundle.default_cut(), frame.inputs);
  ASSERT_TRUE(head);
  EXPECT_DOUBLE_EQ(head->span.ms(), 6);
  const auto packets = device.encode(bundle.default_cut(), frame.inputs, head->value);
  ASSERT_TRUE(packets);
  EXPECT_DOUBLE_EQ(packets->span.ms(), 6);
  const auto jpeg = device.encode_picture(data::Image(64, 64));
  ASSERT_TRUE(jpeg);
  EXPECT_DOUBLE_EQ(jpeg->span.ms(), 6);
}

TEST_F(Strategies, MeasureTheLinkTheyRunOver) {
  Link link = link_presets()[1];
  link.down_mbps = link.up_mbps;
  auto proxy = start_link(server_->address(), link);
  const auto runner = make_runner(*bundle_, "auto", proxy->address());
  const auto result = runner->run_frame(frame_of(runner->manifest(), 3));
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->fallback, "");
  EXPECT_LE(difference(result->outputs, run("device").outputs), kSameAnswer);
  const auto measured = runner->measured_link();
  ASSERT_TRUE(measured);
  // An emulated link is never faster than it says; how much slower depends on this machine's load.
  EXPECT_GE(measured->rtt_ms, 0.98 * link.rtt_ms);
  EXPECT_GT(measured->up_mbps, 0);
  EXPECT_LE(measured->up_mbps, 2 * link.up_mbps);
}

TEST_F(Strategies, NeedWhatTheyNeed) {
  const auto create = [&](RunnerOptions options) {
    const auto runner = Runner::create(bundle_->load(), test_engine(), test_clock(), options);
    return runner ? std::nullopt : std::optional(runner.error().code);
  };
  EXPECT_EQ(create({.strategy = "sideways"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create({.strategy = "split"}), ErrorCode::kInvalidArgument) << "no server was given";
  EXPECT_EQ(create({.strategy = "split", .server = server_->address(), .cut = "77"}),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(create({.strategy = "device"}), std::nullopt);
}

}  // namespace
}  // namespace cleave::edge
