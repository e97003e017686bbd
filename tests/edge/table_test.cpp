// `auto` with a table, against the real server: rate and load are measured, the table decides.
#include <gtest/gtest.h>

#include "edge/support.h"

namespace cleave::edge {
namespace {

using plan::Side;

constexpr int kLayers = 15;  // of the zoo's "tiny"

const plan::TableEntry kDevice{"device-only", {{1, kLayers, Side::kDevice}}};
const plan::TableEntry kCloud{"cloud-only", {{1, kLayers, Side::kCloud}}};
const plan::TableEntry kSplit{"split", {{1, 2, Side::kDevice}, {3, kLayers, Side::kCloud}}};

class Table : public testing::Test {
 protected:
  /// A server whose recorded times are as given, in ms.
  void serve(double recorded_ms) {
    const bundle::CutCosts cut{1, recorded_ms, {1000, 0, 0}};
    bundle_.emplace("raw", bundle::WholeCosts{1, 1, recorded_ms, {1000, 0, 0}},
                    std::vector<std::optional<bundle::CutCosts>>{cut, cut});
    service_.emplace(bundle_->path());
    server_.emplace(*service_);
  }
  /// A table of two points.
  plan::PlanTable table(plan::GeometricAxis up_mbps, plan::GeometricAxis load,
                        const plan::TableEntry& low, const plan::TableEntry& high) const {
    plan::PlanTable table;
    table.model_sha256 = bundle_->load().manifest().model_sha256;
    table.layers = kLayers;
    table.up_mbps = up_mbps;
    table.load = load;
    table.schedules = {low, high};
    table.choices = {0, 1};
    return table;
  }
  static FrameResult run(Runner& runner) {
    auto result = runner.run_frame(frame_of(runner.manifest(), 3));
    EXPECT_TRUE(result) << result.error().to_string();
    return result ? *std::move(result) : FrameResult{};
  }

  std::optional<TinyBundle> bundle_;
  std::optional<HookedService> service_;
  std::optional<TestServer> server_;
};

constexpr plan::GeometricAxis kAnyRate{1, 1, 1};
constexpr plan::GeometricAxis kAnyLoad{1, 1, 1};
constexpr plan::GeometricAxis kLoads{1, 100, 2};

TEST_F(Table, LeavesALoadedServerAlone) {
  serve(1e-6);  // whatever the server takes now, it is very much more
  const auto runner = make_runner(*bundle_, "auto", server_->address(),
                                  {.table = table(kAnyRate, kLoads, kCloud, kDevice)});
  EXPECT_FALSE(runner->measured_load());
  EXPECT_EQ(run(*runner).strategy, "cloud") << "the load is not known yet";
  ASSERT_TRUE(runner->measured_load());
  EXPECT_GT(*runner->measured_load(), 100);
  const FrameResult second = run(*runner);
  EXPECT_EQ(second.strategy, "device");
  EXPECT_EQ(second.fallback, "");
}

TEST_F(Table, StaysWithAServerThatIsNotLoaded) {
  serve(1e6);
  const auto runner = make_runner(*bundle_, "auto", server_->address(),
                                  {.table = table(kAnyRate, kLoads, kSplit, kDevice)});
  const FrameResult expected = run(*make_runner(*bundle_, "device", ""));
  for (int i = 0; i < 3; ++i) {
    const FrameResult result = run(*runner);
    EXPECT_EQ(result.cut, "2");
    EXPECT_LE(difference(result.outputs, expected.outputs), kSameAnswer);
  }
  EXPECT_LT(runner->measured_load().value(), 1);
}

TEST_F(Table, GoesByTheRateThatWasMeasured) {
  serve(1e6);
  const RunnerOptions options{.table = table({1, 100, 2}, kAnyLoad, kDevice, kCloud)};
  auto slow = start_link(server_->address(), link_presets()[0]);
  EXPECT_EQ(run(*make_runner(*bundle_, "auto", slow->address(), options)).strategy, "device");
  EXPECT_EQ(run(*make_runner(*bundle_, "auto", server_->address(), options)).strategy, "cloud");
}

TEST_F(Table, StillFallsBack) {
  serve(1e6);
  const auto runner = make_runner(*bundle_, "auto", server_->address(),
                                  {.table = table(kAnyRate, kLoads, kCloud, kDevice)});
  service_->hook = [](wire::InferRequest, wire::InferDone done) {
    done(fail(ErrorCode::kUnavailable, "test", "away"));
  };
  const FrameResult result = run(*runner);
  EXPECT_EQ(result.strategy, "device");
  EXPECT_NE(result.fallback, "");
  EXPECT_FALSE(runner->measured_load()) << "a lost request says nothing of the server's times";
}

TEST_F(Table, IsRefusedBeforeAnythingRuns) {
  serve(1);
  const auto code_of = [&](RunnerOptions options) {
    const auto runner = Runner::create(bundle_->load(), test_engine(), test_clock(), options);
    return runner ? std::nullopt : std::optional(runner.error().code);
  };
  plan::PlanTable other = table(kAnyRate, kLoads, kCloud, kDevice);
  other.model_sha256 = "abc";
  const std::string server = server_->address();
  EXPECT_EQ(code_of({.server = server, .table = other}), ErrorCode::kInvalidArgument);
  const plan::PlanTable fitting = table(kAnyRate, kLoads, kCloud, kDevice);
  EXPECT_EQ(code_of({.server = server, .table = fitting}), std::nullopt);
  EXPECT_EQ(code_of({.strategy = "split", .server = server, .table = fitting}),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace cleave::edge
