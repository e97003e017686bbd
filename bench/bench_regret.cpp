// What planning on few measurements costs: the schedule that lazy measuring arrives at, over the
// best one of a table in which every group of the network was measured, both priced by that table.
// Beside it, how far the estimates that stand in for measurements are off, and what the two other
// ways to know a group's cost (thesis 2.2.1) would have said: the sum of its layers measured one by
// one, and its multiply-accumulates at the rate of the whole network.
#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "base/stats.h"
#include "engine/openvino_engine.h"
#include "engine/type_inference.h"
#include "graph/model.h"
#include "networks.h"
#include "profile/group_costs.h"
#include "report.h"
#include "study/refine.h"
#include "study/samples.h"

namespace cleave::bench {
namespace {

struct Setup {
  graph::Model model;
  plan::Problem problem;
  profile::MeasureOptions options;
};

/// Heads, tails and single layers of an emulated device and of this machine; packets as large as
/// the values in half precision, whose coding is free.
Result<Setup> set_up(const std::filesystem::path& path, engine::Engine& engine, Clock& clock,
                     double budget_s) {
  graph::LoadOptions load;
  load.infer = engine::type_inference(engine);
  Setup s{CLEAVE_TRY(graph::Model::load(path, load)), {}, {}};
  const study::Samples samples = CLEAVE_TRY(study::load_samples(s.model, {}, "", 1));
  s.options.inputs = samples.inputs.front();
  s.options.rounds = 5;
  s.options.budget_s = budget_s;
  profile::MeasureOptions device = s.options;
  device.engine.threads = 1;
  device.slowdown = 8;
  s.problem.device = CLEAVE_TRY(profile::measure(s.model, engine, device, clock));
  s.problem.cloud = CLEAVE_TRY(profile::measure(s.model, engine, s.options, clock));
  s.problem.codec.resize(s.model.layers().size() + 1);
  const auto half = [](double bytes) { return plan::CodecCost{bytes / 2, 0, 0}; };
  s.problem.codec.front() = half(static_cast<double>(s.model.inputs().front().byte_size().value()));
  for (const graph::Cut& cut : s.model.cuts())
    for (const TensorSpec& value : cut.values)
      s.problem.value_codec[value.name] = half(static_cast<double>(value.byte_size().value_or(0)));
  return s;
}

/// Every group that is not known yet.
std::vector<std::pair<int, int>> unknown_groups(const graph::Model& model,
                                                const profile::Profile& profile) {
  const profile::GroupCosts costs(profile);
  const std::vector<int> at = study::choose_boundaries(model);
  std::vector<std::pair<int, int>> list;
  for (std::size_t a = 0; a < at.size(); ++a)
    for (std::size_t b = a + 1; b < at.size(); ++b)
      if (!costs.measured(at[a] + 1, at[b])) list.emplace_back(at[a] + 1, at[b]);
  return list;
}

/// Mean absolute error in percent of three ways to know what the groups in the middle cost.
void compare_estimates(const graph::Model& model, const profile::Profile& before,
                       const profile::Profile& full, Report& report) {
  const profile::GroupCosts estimates(before);
  double macs = 0;
  for (const graph::Layer& layer : model.layers()) macs += static_cast<double>(layer.macs);
  std::vector<double> lazy, summed, counted;
  for (const profile::GroupCost& g : full.groups) {
    const double ms = g.cost.median_ms;
    double layers_ms = 0;
    double work = 0;
    for (int i = g.first - 1; i < g.last; ++i) {
      const auto k = static_cast<std::size_t>(i);
      layers_ms += before.layer[k] ? before.layer[k]->median_ms : 0;
      work += static_cast<double>(model.layers()[k].macs);
    }
    const auto off = [&](double guess) { return 100 * std::abs(guess / ms - 1); };
    lazy.push_back(off(estimates.of(g.first, g.last)->median_ms));
    summed.push_back(off(layers_ms));
    counted.push_back(off(before.whole_ms * work / macs));
  }
  report.add("groups not measured at first", static_cast<double>(full.groups.size()), "");
  report.add("estimate by heads and tails, median error", summarize(lazy).median, "%");
  report.add("sum of layers measured one by one, median error", summarize(summed).median, "%");
  report.add("multiply-accumulates, median error", summarize(counted).median, "%");
}

/// The schedules that lazy measuring arrives at, by link.
struct Lazy {
  std::string link;
  std::vector<plan::ScheduledGroup> groups;
  int measured = 0;
  int all = 0;
};

Result<std::vector<Lazy>> plan_lazily(Setup& s, engine::Engine& engine, Clock& clock) {
  std::vector<Lazy> schedules;
  for (const Link& link : link_presets()) {
    plan::Problem problem = s.problem;
    problem.link = link;
    const auto planned =
        CLEAVE_TRY(study::refine_schedule(s.model, engine, problem, {}, s.options, clock));
    schedules.push_back(
        {link.name, planned.solution.schedule.groups, planned.measured_groups, planned.all_groups});
  }
  return schedules;
}

Result<void> measure_network(const NetworkFile& file, engine::Engine& engine, double budget_s,
                             Report& report) {
  SteadyClock clock;
  Setup s = CLEAVE_TRY(set_up(file.path, engine, clock, budget_s));
  const std::vector<Lazy> schedules = CLEAVE_TRY(plan_lazily(s, engine, clock));
  plan::Problem full = s.problem;
  s.options.budget_s = 1e6;
  for (profile::Profile* p : {&full.device, &full.cloud}) {
    s.options.groups = unknown_groups(s.model, *p);
    CLEAVE_CHECK(profile::add_groups(*p, s.model, engine, s.options, clock));
  }
  report.section(file.name,
                 fmt::format("{} layers, emulated device 8x slower", s.model.layers().size()));
  for (const Lazy& lazy : schedules) {
    full.link = *parse_link(lazy.link);
    const auto best = CLEAVE_TRY(study::plan_schedule(s.model, full, {}));
    const auto found = CLEAVE_TRY(plan::evaluate(best.problem, lazy.groups));
    report.add(lazy.link + ", groups measured", lazy.measured, "");
    report.add(lazy.link + ", groups in all", lazy.all, "");
    report.add(lazy.link + ", regret",
               100 * (found.latency_ms / best.solution.schedule.latency_ms - 1), "%", at_most(1));
  }
  compare_estimates(s.model, s.problem.device, full.device, report);
  return {};
}

Result<void> run(const Arguments& arguments, Report& report) {
  const auto engine = engine::make_openvino_engine();
  const ScratchFolder scratch;
  const NetworkFile tiny = CLEAVE_TRY(zoo_network("tiny", scratch));
  CLEAVE_CHECK(measure_network(tiny, *engine, arguments.quick ? 5 : 30, report));
  const auto data = data_folder();
  if (!data || arguments.quick) {
    fmt::print("\nresnet20_cifar10 is left out: {}\n",
               data ? "--quick" : "CLEAVE_DATA names no folder");
    return {};
  }
  const NetworkFile resnet20{"resnet20_cifar10", *data / "models" / "resnet20_cifar10.onnx"};
  return measure_network(resnet20, *engine, 30, report);
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("regret", argc, argv, cleave::bench::run);
}
