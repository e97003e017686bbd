#include "search/unit_costs.h"

#include <gtest/gtest.h>

#include "base/random_tensor.h"
#include "engine/shared_engine.h"
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

/// Another network that takes as long: costs are the profiles', but for what the clock sees.
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
  SteadyClock clock;
  const auto costs = unit_costs(model, cut, halves, problem, samples, test_engine(), clock);
  ASSERT_TRUE(costs) << costs.error().to_string();
  EXPECT_GT(costs->head_ms, 0);
  EXPECT_GT(costs->tail_ms, 0);
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
