#include "profile/measure.h"

#include <gtest/gtest.h>

#include <onnx/onnx_pb.h>
#include <algorithm>

#include "base/random_tensor.h"
#include "engine/openvino_engine.h"
#include "graph/builder.h"
#include "profile/group_memory.h"
#include "zoo/zoo.h"

namespace cleave::profile {
namespace {

constexpr double kNodeMs = 2;

/// Runs networks for real, but tells the time itself: a run takes kNodeMs per node, and the machine
/// becomes slower with every network that is compiled.
class TickingEngine final : public engine::Engine {
 public:
  TickingEngine(ManualClock& clock, double drift) : clock_(clock), drift_(drift) {}

  void slow_down(double factor) { slowness_ *= factor; }

  std::string name() const override { return "ticking 1"; }
  Result<std::unique_ptr<engine::Session>> compile(std::string onnx_bytes,
                                                   const engine::EngineOptions& options) override {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(onnx_bytes));
    const double ms = kNodeMs * model.graph().node_size();
    slowness_ += drift_;
    auto session = CLEAVE_TRY(engine_->compile(std::move(onnx_bytes), options));
    return std::make_unique<DriftingSession>(std::move(session), ms, *this);
  }
  Result<std::vector<TensorSpec>> infer_types(std::string_view onnx_bytes,
                                              std::span<const TensorSpec> inputs) override {
    return engine_->infer_types(onnx_bytes, inputs);
  }

 private:
  class DriftingSession final : public engine::Session {
   public:
    DriftingSession(std::unique_ptr<engine::Session> session, double ms, TickingEngine& engine)
        : session_(std::move(session)), ms_(ms), engine_(engine) {}
    const std::vector<TensorSpec>& inputs() const override { return session_->inputs(); }
    const std::vector<TensorSpec>& outputs() const override { return session_->outputs(); }
    Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
      engine_.clock_.advance(from_ms(ms_ * engine_.slowness_));
      return session_->run(inputs);
    }
    Result<std::unique_ptr<engine::Session>> fork() const override { return session_->fork(); }
    int parallel_sessions() const override { return 1; }

   private:
    std::unique_ptr<engine::Session> session_;
    double ms_;
    TickingEngine& engine_;
  };

  std::unique_ptr<engine::Engine> engine_ = engine::make_openvino_engine();
  ManualClock& clock_;
  double drift_;
  double slowness_ = 1;
};

class Measure : public testing::Test {
 protected:
  Measure() : model_(graph::Model::parse(zoo::build("tiny", 1).value()).value()) {
    options_.inputs = random_tensors(model_.inputs(), 1);
    options_.budget_s = 1e6;
    options_.rounds = 3;
    options_.idle_ms = 0;
  }

  std::size_t layers() const { return model_.layers().size(); }
  std::size_t nodes(std::size_t first, std::size_t last) const {
    std::size_t count = 0;
    for (std::size_t i = first; i < last; ++i) count += model_.layers()[i].nodes.size();
    return count;
  }
  bool is_cut(std::size_t k) const {
    return std::ranges::find(model_.cuts(), static_cast<int>(k), &graph::Cut::index) !=
           model_.cuts().end();
  }
  /// Every cut has a head and a tail, every other place but the ends has none.
  void expect_complete(const Profile& p) const {
    ASSERT_EQ(p.head.size(), layers() + 1);
    ASSERT_EQ(p.tail.size(), layers() + 1);
    for (std::size_t k = 0; k <= layers(); ++k) {
      const bool expected = k == 0 || k == layers() || is_cut(k);
      EXPECT_EQ(p.head[k].has_value(), expected) << k;
      EXPECT_EQ(p.tail[k].has_value(), expected) << k;
    }
    EXPECT_EQ(p.head[0]->median_ms, 0);
    EXPECT_EQ(p.tail[layers()]->median_ms, 0);
    EXPECT_EQ(p.head[layers()]->median_ms, p.whole_ms);
    EXPECT_EQ(p.tail[0]->median_ms, p.whole_ms);
  }

  graph::Model model_;
  MeasureOptions options_;
};

TEST_F(Measure, KnownTimesBecomeTheMedians) {
  ManualClock clock;
  TickingEngine engine(clock, 0);
  const auto p = measure(model_, engine, options_, clock);
  ASSERT_TRUE(p) << p.error().to_string();
  expect_complete(*p);
  const auto whole = static_cast<double>(nodes(0, layers()));
  EXPECT_DOUBLE_EQ(p->whole_ms, kNodeMs * whole);
  for (const graph::Cut& cut : model_.cuts()) {
    const auto k = static_cast<std::size_t>(cut.index);
    EXPECT_NEAR(p->head[k]->median_ms, kNodeMs * static_cast<double>(nodes(0, k)), 1e-6) << k;
    EXPECT_NEAR(p->tail[k]->median_ms, kNodeMs * static_cast<double>(nodes(k, layers())), 1e-6);
    EXPECT_EQ(p->head[k]->samples, options_.rounds);
  }
  EXPECT_NEAR(sum_of_layers_ms(*p).value(), kNodeMs * whole, 1e-6);
  EXPECT_EQ(p->engine, "ticking 1");
}

TEST_F(Measure, DriftBetweenBatchesIsTakenOut) {
  ManualClock clock;
  TickingEngine engine(clock, 0.1);
  const Profile p = measure(model_, engine, options_, clock).value();
  const auto whole = static_cast<double>(nodes(0, layers()));
  EXPECT_GT(p.whole_ms, 1.2 * kNodeMs * whole) << "the machine did not drift";
  for (const graph::Cut& cut : model_.cuts()) {
    const auto k = static_cast<std::size_t>(cut.index);
    EXPECT_NEAR(p.head[k]->median_ms, p.whole_ms * static_cast<double>(nodes(0, k)) / whole, 1e-6);
  }
}

TEST_F(Measure, SlowdownStretchesEverything) {
  ManualClock clock;
  TickingEngine engine(clock, 0);
  options_.slowdown = 4;
  options_.layers = false;
  const Profile p = measure(model_, engine, options_, clock).value();
  EXPECT_EQ(p.slowdown, 4);
  EXPECT_DOUBLE_EQ(p.whole_ms, 4 * kNodeMs * static_cast<double>(nodes(0, layers())));
  const auto k = static_cast<std::size_t>(model_.cuts().front().index);
  EXPECT_NEAR(p.head[k]->median_ms, 4 * kNodeMs * static_cast<double>(nodes(0, k)), 1e-6);
  EXPECT_TRUE(p.layer.empty());
}

TEST_F(Measure, ShortBudgetMeasuresSomeAndInterpolatesTheRest) {
  ManualClock clock;
  TickingEngine engine(clock, 0);
  const double round_s = kNodeMs * static_cast<double>(nodes(0, layers())) / 1000;
  options_.budget_s = 12 * round_s;
  const Profile p = measure(model_, engine, options_, clock).value();
  expect_complete(p);
  int measured = 0;
  int interpolated = 0;
  double before = 0;
  for (const graph::Cut& cut : model_.cuts()) {
    const Cost& head = *p.head[static_cast<std::size_t>(cut.index)];
    ++(head.interpolated() ? interpolated : measured);
    EXPECT_GE(head.median_ms, before) << "between its neighbours";
    before = head.median_ms;
  }
  EXPECT_GT(measured, 0);
  EXPECT_GT(interpolated, 0);
  EXPECT_FALSE(sum_of_layers_ms(p));
}

TEST_F(Measure, AddedGroupsCostWhatTheyDidWhenTheProfileWasMade) {
  ManualClock clock;
  TickingEngine engine(clock, 0);
  options_.slowdown = 4;
  options_.layers = false;
  Profile p = measure(model_, engine, options_, clock).value();
  const int last = model_.cuts()[2].index;
  options_.groups = {{2, last}};
  const auto expected_ms =
      4 * kNodeMs * static_cast<double>(nodes(1, static_cast<std::size_t>(last)));
  // Since then the machine has become half as fast, and what is measured counts half.
  TickingEngine slow(clock, 0);
  slow.slow_down(2);
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(add_groups(p, model_, slow, options_, clock));
    ASSERT_EQ(p.groups.size(), 1u) << "a group that is there is replaced";
    EXPECT_EQ(p.groups[0].first, 2);
    EXPECT_EQ(p.groups[0].last, last);
    EXPECT_NEAR(p.groups[0].cost.median_ms, expected_ms, 1e-6);
  }
  // Heads and tails have their own places.
  const int all = static_cast<int>(layers());
  options_.groups = {{1, last}, {last + 1, all}};
  p.head[static_cast<std::size_t>(last)]->median_ms = 0;
  p.tail[static_cast<std::size_t>(last)]->median_ms = 0;
  p.groups.push_back({1, last, {1, 1, 1, 1, {}}});  // as older profiles have it
  ASSERT_TRUE(add_groups(p, model_, slow, options_, clock));
  EXPECT_EQ(p.groups.size(), 1u);
  const double whole_ms = 4 * kNodeMs * static_cast<double>(nodes(0, layers()));
  const double head_ms = p.head[static_cast<std::size_t>(last)]->median_ms;
  EXPECT_GT(head_ms, 0);
  EXPECT_NEAR(p.tail[static_cast<std::size_t>(last)]->median_ms, whole_ms - head_ms, 1e-6);
  options_.groups = {{2, 99}};
  EXPECT_EQ(add_groups(p, model_, slow, options_, clock).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Measure, NoBudgetInterpolatesEverything) {
  SteadyClock clock;
  const auto engine = engine::make_openvino_engine();
  options_.budget_s = 0;
  const Profile p = measure(model_, *engine, options_, clock).value();
  expect_complete(p);
  for (const graph::Cut& cut : model_.cuts()) {
    EXPECT_TRUE(p.head[static_cast<std::size_t>(cut.index)]->interpolated());
    EXPECT_TRUE(p.tail[static_cast<std::size_t>(cut.index)]->interpolated());
  }
  EXPECT_FALSE(p.head[layers()]->interpolated()) << "the whole network is always measured";
}

/// A sanitizer's allocator says that it holds nothing.
#ifdef CLEAVE_SANITIZED
constexpr bool kCountsAllocations = false;
#else
constexpr bool kCountsAllocations = true;
#endif

TEST_F(Measure, MemoryIsMeasuredAndRepeats) {
  if (!kCountsAllocations) GTEST_SKIP() << "the sanitizer's allocator does not count";
  ManualClock clock;
  TickingEngine engine(clock, 0);
  const Profile first = measure(model_, engine, options_, clock).value();
  const Profile again = measure(model_, engine, options_, clock).value();
  ASSERT_TRUE(knows_memory(first));
  const auto bytes = [](const std::optional<Cost>& cost) {
    return static_cast<double>(cost->memory_bytes.value());
  };
  EXPECT_EQ(bytes(first.head[0]), 0);
  EXPECT_EQ(bytes(first.tail[layers()]), 0);
  EXPECT_EQ(bytes(first.head[layers()]), bytes(first.tail[0]));
  const auto parameter_bytes = static_cast<double>(model_.totals().parameter_bytes);
  EXPECT_GT(bytes(first.head[layers()]), parameter_bytes);
  EXPECT_LT(bytes(first.head[layers()]), 20 * parameter_bytes);
  // Of groups this small the odd hundred kilobytes of the engine's own are much.
  constexpr double kSpread = 300'000;
  for (const graph::Cut& cut : model_.cuts()) {
    const auto k = static_cast<std::size_t>(cut.index);
    EXPECT_NEAR(bytes(first.head[k]), bytes(again.head[k]), kSpread) << k;
    EXPECT_NEAR(bytes(first.tail[k]), bytes(again.tail[k]), kSpread) << k;
  }
}

TEST_F(Measure, MemoryIsEstimatedWhereTimeIs) {
  if (!kCountsAllocations) GTEST_SKIP() << "the sanitizer's allocator does not count";
  SteadyClock clock;
  const auto engine = engine::make_openvino_engine();
  options_.budget_s = 0;
  const Profile p = measure(model_, *engine, options_, clock).value();
  ASSERT_TRUE(knows_memory(p));
  const auto whole_bytes = p.head[layers()]->memory_bytes;
  std::int64_t head_parameter_bytes = 0;
  for (std::size_t k = 1; k < layers(); ++k) {
    head_parameter_bytes += model_.layers()[k - 1].parameter_bytes;
    if (!p.head[k]) continue;
    EXPECT_GE(p.head[k]->memory_bytes, head_parameter_bytes) << k;
    EXPECT_LE(p.head[k]->memory_bytes, whole_bytes) << k;
    EXPECT_LE(p.tail[k]->memory_bytes, whole_bytes) << k;
  }
}

TEST(GroupMemory, IsMeasuredOrWhatAGroupAroundItNeedsBeyondItsParameters) {
  const graph::Model model = graph::Model::parse(zoo::build("tiny", 1).value()).value();
  const auto parameters = [&](int first, int last) {
    std::int64_t bytes = 0;
    for (int i = first - 1; i < last; ++i)
      bytes += model.layers()[static_cast<std::size_t>(i)].parameter_bytes;
    return static_cast<double>(bytes);
  };
  const int n = static_cast<int>(model.layers().size());
  Profile p;
  for (const graph::Layer& layer : model.layers()) p.layer_names.push_back(layer.name);
  p.head.resize(static_cast<std::size_t>(n) + 1);
  p.tail.resize(static_cast<std::size_t>(n) + 1);
  p.head.back() = p.tail.front() = Cost{1, 1, 1, 1, 9'000'000};
  EXPECT_EQ(GroupMemory(p, model).of(1, n), 9e6);
  EXPECT_EQ(GroupMemory(p, model).of(3, 8), 9e6 - parameters(1, n) + parameters(3, 8));
  p.head[9] = Cost{1, 1, 1, 1, 2'000'000};
  p.tail[4] = Cost{1, 1, 1, 1, 7'000'000};
  p.groups = {{6, 7, Cost{1, 1, 1, 1, 1'234'567}}};
  const GroupMemory memory(p, model);
  EXPECT_EQ(memory.of(1, 9), 2e6);
  EXPECT_EQ(memory.of(3, 8), 2e6 - parameters(1, 9) + parameters(3, 8));
  EXPECT_EQ(memory.of(5, 10), 7e6 - parameters(5, n) + parameters(5, 10));
  EXPECT_EQ(memory.of(6, 7), 1'234'567);
}

TEST_F(Measure, RealTimesMakeAWholeProfile) {
  SteadyClock clock;
  const auto engine = engine::make_openvino_engine();
  int told = 0;
  int total = 0;
  options_.progress = [&](int done, int all) {
    EXPECT_GT(done, told);
    told = done;
    total = all;
  };
  const auto p = measure(model_, *engine, options_, clock);
  ASSERT_TRUE(p) << p.error().to_string();
  expect_complete(*p);
  EXPECT_EQ(told, total);
  EXPECT_EQ(total, static_cast<int>(2 * model_.cuts().size() + layers()));
  EXPECT_TRUE(sum_of_layers_ms(*p));
  EXPECT_TRUE(from_json(to_json(*p))) << "what is measured can be read back";
}

/// A layer that takes or gives a sequence cannot be run alone; the network around it can be
/// measured.
TEST_F(Measure, LayersThatOnlyRunAmongOthersHaveNoTime) {
  graph::Builder b(13, 7);
  b.input("x", {1, 2}).node("Sin", {"x"}, {"s"}).node("SequenceConstruct", {"s", "s"}, {"list"});
  b.node("ConcatFromSequence", {"list"}, {"c"}, {graph::integer("axis", 0)});
  b.node("Cos", {"c"}, {"y"}).output("y");
  const auto model = graph::Model::parse(b.bytes()).value();
  SteadyClock clock;
  const auto engine = engine::make_openvino_engine();
  options_.inputs = random_tensors(model.inputs(), 1);
  const auto p = measure(model, *engine, options_, clock);
  ASSERT_TRUE(p) << p.error().to_string();
  EXPECT_TRUE(p->layer[0]);
  EXPECT_FALSE(p->layer[1]);
  EXPECT_FALSE(p->layer[2]);
  EXPECT_TRUE(p->layer[3]);
  for (const graph::Cut& cut : model.cuts())
    EXPECT_TRUE(p->head[static_cast<std::size_t>(cut.index)]);
}

TEST_F(Measure, RefusesWhatMakesNoSense) {
  ManualClock clock;
  TickingEngine engine(clock, 0);
  options_.slowdown = 0.5;
  EXPECT_EQ(measure(model_, engine, options_, clock).error().code, ErrorCode::kInvalidArgument);
  options_.slowdown = 1;
  options_.inputs.clear();
  EXPECT_EQ(measure(model_, engine, options_, clock).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace cleave::profile
