#include "search/unit_costs.h"

#include <gtest/gtest.h>

#include "base/random_tensor.h"
#include "engine/shared_engine.h"
#include "engine/ticking_session.h"
#include "zoo/zoo.h"

namespace cleave::search {
namespace {

graph::Model tiny(std::uint64_t seed) {
  return graph::Model::parse(zoo::build("tiny", seed).value()).value();
}

plan::Problem problem_of(const graph::Model& model) {
  plan::Problem problem;
  for (profile::Profile* profile : {&problem.device, &problem.cloud}) {
    profile->threads = 1;
    profile->precision = "f32";
    profile->hint = "latency";
    profile->head.resize(model.layers().size() + 1);
    profile->tail.resize(model.layers().size() + 1);
  }
  problem.device.head[5] = profile::Cost{.median_ms = 40, .samples = 1};
  problem.cloud.tail[5] = profile::Cost{.median_ms = 3, .samples = 1};
  return problem;
}

/// An engine whose networks take known times of a clock, in the order in which they are compiled.
class TimedEngine final : public engine::Engine {
 public:
  TimedEngine(std::vector<double> run_ms, ManualClock& clock)
      : run_ms_(std::move(run_ms)), clock_(clock) {}
  std::string name() const override { return "timed 1"; }
  Result<std::unique_ptr<engine::Session>> compile(std::string onnx_bytes,
                                                   const engine::EngineOptions& options) override {
    auto session = CLEAVE_TRY(test_engine().compile(std::move(onnx_bytes), options));
    const double ms = compiled_ < run_ms_.size() ? run_ms_[compiled_] : 0;
    ++compiled_;
    return std::make_unique<engine::TickingSession>(std::move(session), ms, clock_);
  }
  Result<std::vector<TensorSpec>> infer_types(std::string_view onnx_bytes,
                                              std::span<const TensorSpec> inputs) override {
    return test_engine().infer_types(onnx_bytes, inputs);
  }

 private:
  std::vector<double> run_ms_;
  ManualClock& clock_;
  std::size_t compiled_ = 0;
};

TEST(UnitCosts, AreTheProfilesTimesWhatTheUnitAdds) {
  const graph::Model model = tiny(1);
  const graph::Model other = tiny(2);
  const graph::Cut& cut = *model.find_cut("5").value();
  const graph::Cut& same = *other.find_cut("5").value();
  const UnitHalves halves{other.head(same).value(),
                          other.tail(same).value(),
                          {same.values.front(), "f16", Json::object()}};
  const plan::Problem problem = problem_of(model);
  const std::vector<std::vector<Tensor>> samples{random_tensors(model.inputs(), 1)};
  ManualClock clock;
  // Heads with and without, then tails.
  TimedEngine engine({6, 4, 9, 3}, clock);
  const auto costs = unit_costs(model, cut, halves, problem, samples, engine, clock);
  ASSERT_TRUE(costs) << costs.error().to_string();
  EXPECT_DOUBLE_EQ(costs->head_ms, 40 * 6.0 / 4);
  EXPECT_DOUBLE_EQ(costs->tail_ms, 3 * 9.0 / 3);
  const auto values = static_cast<double>(*element_count(same.values.front().shape));
  EXPECT_GE(costs->codec.payload_bytes, 2 * values) << "half floats and a packet's head";
  EXPECT_LE(costs->codec.payload_bytes, 2 * values + 64);
  const auto unknown = unit_costs(model, *model.find_cut("4").value(), halves, problem, samples,
                                  test_engine(), clock);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidArgument);
  UnitHalves wrong = halves;
  wrong.code.value.name = "nobody";
  const auto nobody = unit_costs(model, cut, wrong, problem, samples, test_engine(), clock);
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().message.find("does not make 'nobody'"), std::string::npos);
}

}  // namespace
}  // namespace cleave::search
