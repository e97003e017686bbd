#include "demo_unit.h"

#include "search/unit_costs.h"

namespace cleave::app {

Result<DemoUnit> DemoUnit::create(const std::filesystem::path& folder, const graph::Model& model,
                                  engine::Engine& engine, const plan::Problem& problem,
                                  std::span<const std::vector<Tensor>> samples, Clock& clock) {
  bundle::Bundle bundle = CLEAVE_TRY(bundle::Bundle::load(folder));
  const bundle::CutEntry& entry = bundle.default_cut();
  const bundle::CrossingValue& crossing = entry.crossing.front();
  // A unit's values are named behind the cut's.
  const std::string& code = crossing.value.name;
  const auto slash = code.rfind('/');
  if (slash == std::string::npos)
    return fail(ErrorCode::kCorrupt, "demo", "'" + code + "' is no code of a unit");
  const graph::Cut* cut = CLEAVE_TRY(model.find_cut(code.substr(0, slash)));
  const search::UnitHalves halves{CLEAVE_TRY(bundle.network(entry.head)),
                                  CLEAVE_TRY(bundle.network(entry.tail)),
                                  {crossing.value, crossing.codec, crossing.calibration}};
  const bundle::CutCosts costs = CLEAVE_TRY(search::unit_costs(
      model, *cut, halves, problem, {samples.begin(), samples.end()}, engine, clock));
  return DemoUnit(std::move(bundle), static_cast<std::size_t>(cut->index), costs);
}

plan::Candidate DemoUnit::predict(plan::Problem problem) const {
  const auto measured = [](double ms) { return profile::Cost{ms, ms, ms, 1}; };
  problem.device.head[layers_] = measured(costs_.head_ms);
  problem.cloud.tail[layers_] = measured(costs_.tail_ms);
  problem.codec[layers_] = costs_.codec;
  return *plan::evaluate(problem, layers_);
}

}  // namespace cleave::app
