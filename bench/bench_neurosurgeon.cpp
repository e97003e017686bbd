// Against Neurosurgeon: its answer is the best single cut, device first and then the cloud, with
// both ends (all on one side) among them, found by trying each. Neurosurgeon sums up predictions of
// single layers; here both planners get the same measured heads, tails and groups, so that what is
// compared is what several crossings are worth and not how costs are known. Networks, links and
// rates are those of the JointDNN study, values cross as they are.
//
// A schedule of one crossing is one of those that Cleave chooses from, so no ratio may exceed 1.
// Where costs are estimates (budgets are short), both sides rest on the same ones, and it is said.
#include <fmt/format.h>

#include <algorithm>

#include "engine/openvino_engine.h"
#include "measured_network.h"
#include "profile/group_costs.h"
#include "report.h"
#include "study/best_schedule.h"
#include "study/explain.h"
#include "study/refine.h"

namespace cleave::bench {
namespace {

constexpr std::string_view kPlace = "bench.neurosurgeon";
constexpr const char* kNetworks[] = {"alexnet", "overfeat", "deep_speech", "resnet50",
                                     "vgg16",   "nin",      "chair",       "pix2pix"};
constexpr plan::Objective kObjectives[] = {plan::Objective::kLatency, plan::Objective::kEnergy};
/// Sums of the same costs in another order may differ by this much.
constexpr double kRounding = 1e-9;

struct Effort {
  ProfileBudget profile;
  double refine_s = 0;  ///< for each link and objective
};

Effort effort_of(const Arguments& arguments) {
  if (arguments.quick) return {{2, 1}, 1};
  if (arguments.full) return {{60, 30}, 60};
  return {{6, 3}, 3};
}

bool measured_through(const plan::Problem& problem, const plan::Schedule& schedule) {
  const profile::GroupCosts device(problem.device);
  const profile::GroupCosts cloud(problem.cloud);
  return std::ranges::all_of(schedule.groups, [&](const plan::ScheduledGroup& g) {
    return (g.side == plan::Side::kDevice ? device : cloud).measured(g.first, g.last);
  });
}

/// What became of one network, link and objective.
struct Comparison {
  plan::Schedule planned;
  plan::Schedule single;
  bool measured = false;  ///< no estimate in either
  double ratio = 1;       ///< planned / single

  bool several_win() const {
    return ratio < 1 - kRounding && plan::stretches_of(planned.groups).size() > 2;
  }
};

Result<Comparison> compare(MeasuredNetwork& network, engine::Engine& engine,
                           plan::Objective objective, double refine_s) {
  SteadyClock clock;
  const auto planned =
      CLEAVE_TRY(study::refine_schedule(network.model, engine, network.problem, {{}, objective, {}},
                                        network.group_options(refine_s), clock));
  Comparison c;
  c.planned = planned.solution.schedule;
  const plan::Solution single = study::best_single_cut(planned.problem);
  if (single.status == plan::Status::kInfeasible)
    return fail(ErrorCode::kNotFound, kPlace, "no single cut has all its costs");
  c.single = single.schedule;
  c.measured = planned.measured_through() && measured_through(network.problem, c.single);
  const double single_cost = objective_of(c.single, objective);
  if (single_cost > 0) c.ratio = objective_of(c.planned, objective) / single_cost;
  return c;
}

/// How often Cleave's schedule has several crossings and beats the single cut, out of how many.
struct Tally {
  int several_win = 0;
  int all = 0;
};

Result<void> compare_network(const NetworkFile& file, engine::Engine& engine, const Effort& effort,
                             Tally& tally, Report& report) {
  SteadyClock clock;
  auto network = CLEAVE_TRY(measure_network(file, engine, effort.profile, clock));
  report.section(file.name, "planned / best single cut");
  for (const Link& link : link_presets()) {
    network.problem.link = link;
    for (const plan::Objective objective : kObjectives) {
      const Comparison c = CLEAVE_TRY(compare(network, engine, objective, effort.refine_s));
      report.add(fmt::format("{}, {}{}", link.name, plan::objective_name(objective),
                             c.measured ? "" : ", partly estimated"),
                 c.ratio, "", at_most(1 + kRounding));
      ++tally.all;
      if (!c.several_win()) continue;
      ++tally.several_win;
      fmt::print("    {}\n    instead of {}\n", study::describe(network.model, c.planned.groups),
                 study::describe(network.model, c.single.groups));
    }
  }
  return {};
}

Result<void> run(const Arguments& arguments, Report& report) {
  const Effort effort = effort_of(arguments);
  const auto engine = engine::make_openvino_engine();
  Tally tally;
  for (const char* name : kNetworks) {
    const ScratchFolder scratch;
    const NetworkFile file = CLEAVE_TRY(zoo_network(name, scratch));
    CLEAVE_CHECK(compare_network(file, *engine, effort, tally, report));
  }
  report.section("all networks", fmt::format("{} comparisons", tally.all));
  report.add("several crossings win", tally.several_win, "times");
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("neurosurgeon", argc, argv, cleave::bench::run);
}
