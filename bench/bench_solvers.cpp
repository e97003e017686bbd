// How long planning takes, on made-up costs of the shape that networks have: layers of very
// different weight, groups cheaper than the sum of their layers, values that shrink on the way.
// Median and worst of several problems, each solved as `cleave plan --problem` does, reading of the
// file apart.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/stats.h"
#include "plan/min_cut.h"
#include "plan/network_problem.h"
#include "plan/solver.h"
#include "plan/table.h"
#include "report.h"

namespace cleave::bench {
namespace {

using plan::ScheduleProblem;

/// A chain of layers with all its groups; the device is about eight times slower than the cloud.
ScheduleProblem chain(Random& random, int layers) {
  ScheduleProblem p;
  p.layers = layers;
  std::vector<double> work_ms;
  for (int i = 0; i < layers; ++i) {
    const double u = random.uniform();
    work_ms.push_back(0.05 + 3 * u * u * u);
  }
  for (int i = 1; i <= layers; ++i) {
    double sum_ms = 0;
    for (int j = i; j <= layers; ++j) {
      sum_ms += work_ms[static_cast<std::size_t>(j) - 1];
      const double saved = 1 - 0.3 * (1 - 1.0 / (j - i + 1)) - random.uniform(0, 0.02);
      p.device.push_back({i, j, {8 * sum_ms * saved, 10 * sum_ms * saved}});
      p.cloud.push_back({i, j, {sum_ms * saved * random.uniform(0.95, 1.05), 0}});
    }
  }
  for (int k = 0; k <= layers; ++k) {
    const double ms = random.uniform(2, 120) * (1.2 - static_cast<double>(k) / layers);
    p.upload.push_back({ms, 1.5 * ms});
    p.download.push_back({ms / 2, 0.6 * ms});
  }
  return p;
}

/// Sets limits between what is spent at the best latency and the least that can be.
void tighten(ScheduleProblem& p, Random& random) {
  const auto best = plan::solve(p)->solution.schedule;
  p.objective = plan::Objective::kEnergy;
  const auto thrifty = plan::solve(p)->solution.schedule;
  p.objective = plan::Objective::kLatency;
  const double share = random.uniform(0.2, 0.8);
  p.limits.battery_mj = thrifty.energy_mj + share * (best.energy_mj - thrifty.energy_mj);
  p.limits.deadline_ms = 2 * thrifty.latency_ms;
  p.limits.cloud_ms = std::max(best.cloud_ms, thrifty.cloud_ms) * random.uniform(0.7, 1);
}

/// The chain as a network of residual blocks: each value is read by the next layer, every third one
/// three layers on as well.
plan::NetworkProblem blocks(const ScheduleProblem& chain) {
  plan::NetworkProblem p;
  p.layers = chain.layers;
  p.device = chain.device;
  p.cloud = chain.cloud;
  p.whole_stretches = true;
  p.limits = chain.limits;
  for (int k = 0; k <= chain.layers; ++k) {
    plan::SentValue v{"", k, {k + 1}, {}, {}};
    if (k % 3 == 0 && k + 4 <= chain.layers) v.readers.push_back(k + 4);
    v.upload = plan::Transfer{chain.upload[static_cast<std::size_t>(k)], 1};
    v.download = plan::Transfer{chain.download[static_cast<std::size_t>(k)], 1};
    p.values.push_back(v);
  }
  return p;
}

plan::PlanTable table() {
  plan::PlanTable t;
  t.up_mbps = {0.25, 128, 37};
  t.load = {1, 8, 7};
  t.schedules.resize(9);
  for (std::size_t i = 0; i < t.up_mbps.points * t.load.points; ++i)
    t.choices.push_back(static_cast<std::uint16_t>(i % t.schedules.size()));
  return t;
}

plan::DagProblem dag(Random& random, std::size_t nodes) {
  plan::DagProblem p;
  for (std::size_t i = 0; i < nodes; ++i) {
    const double u = random.uniform();
    p.nodes.push_back({static_cast<std::int64_t>(i), 8 * u * u, u * u, {}});
  }
  p.nodes.front().pin = p.nodes.back().pin = plan::Side::kDevice;
  for (std::size_t i = 0; i + 1 < nodes; ++i) {
    plan::DagValue value{i, {i + 1}, random.uniform(0, 20), random.uniform(0, 10)};
    if (random.below(4) == 0 && i + 8 < nodes) value.to.push_back(i + 2 + random.below(6));
    p.values.push_back(value);
  }
  return p;
}

template <class Solve>
std::vector<double> times_ms(int rounds, Solve&& solve) {
  const SteadyClock clock;
  std::vector<double> ms;
  for (int i = 0; i < rounds; ++i) {
    const Nanos start = clock.now();
    (void)solve();
    ms.push_back(to_ms(clock.now() - start));
  }
  return ms;
}

void report_times(Report& report, const std::string& name, const std::vector<double>& ms,
                  double target_ms) {
  report.add(name + ", median", summarize(ms).median, "ms", at_most(target_ms));
  report.add(name + ", worst", summarize(ms).max, "ms");
}

Result<void> run_chains(const Arguments& arguments, Report& report) {
  const int problems = arguments.quick ? 3 : 25;
  Random random(1);
  std::vector<double> resnet50, thousand, vgg16, ilp, larac, gap_percent;
  const auto& programme = *CLEAVE_TRY(plan::find_solver("ilp"));
  const auto& lagrange = *CLEAVE_TRY(plan::find_solver("larac"));
  for (int i = 0; i < problems; ++i) {
    const auto append = [](std::vector<double>& to, const std::vector<double>& more) {
      to.insert(to.end(), more.begin(), more.end());
    };
    const ScheduleProblem free = chain(random, 72);
    append(resnet50, times_ms(5, [&] { return plan::solve(free); }));
    ScheduleProblem limited = chain(random, 37);
    tighten(limited, random);
    append(vgg16, times_ms(5, [&] { return plan::solve(limited); }));
    limited.limits = {.deadline_ms = {}, .battery_mj = limited.limits.battery_mj, .cloud_ms = {}};
    append(larac, times_ms(5, [&] { return lagrange.solve(limited); }));
    const auto near = CLEAVE_TRY(lagrange.solve(limited));
    const auto exact = CLEAVE_TRY(plan::solve(limited)).solution;
    gap_percent.push_back(100 * (near.schedule.latency_ms / exact.schedule.latency_ms - 1));
    if (i >= (arguments.quick ? 1 : 3)) continue;
    append(ilp, times_ms(1, [&] { return programme.solve(limited); }));
    const ScheduleProblem deep = chain(random, 1000);
    append(thousand, times_ms(3, [&] { return plan::solve(deep); }));
  }
  report.section("chain", fmt::format("{} problems each, all groups known", problems));
  report_times(report, "ResNet-50, 72 layers, no limits", resnet50, 1);
  report_times(report, "1,000 layers, no limits", thousand, 50);
  report_times(report, "VGG16, 37 layers, three limits", vgg16, 2);
  report_times(report, "VGG16, one limit, LARAC", larac, 2);
  report.add("VGG16, one limit, LARAC above the optimum, mean", summarize(gap_percent).mean, "%");
  report.add("VGG16, one limit, the integer programme", summarize(ilp).median, "ms");
  return {};
}

void run_networks(const Arguments& arguments, Report& report) {
  Random random(3);
  std::vector<double> free_ms, limited_ms;
  for (int i = 0; i < (arguments.quick ? 3 : 25); ++i) {
    ScheduleProblem deep = chain(random, 72);
    const plan::NetworkProblem free = blocks(deep);
    tighten(deep, random);
    const plan::NetworkProblem limited = blocks(deep);
    for (const double ms : times_ms(5, [&] { return plan::solve(free); })) free_ms.push_back(ms);
    for (const double ms : times_ms(5, [&] { return plan::solve(limited); }))
      limited_ms.push_back(ms);
  }
  report.section("network", "72 layers, residual blocks, all groups known");
  report_times(report, "no limits", free_ms, 1);
  report_times(report, "three limits", limited_ms, 2);
}

void run_table(Report& report) {
  const plan::PlanTable t = table();
  Random random(4);
  std::vector<std::pair<double, double>> asked;
  for (int i = 0; i < 4096; ++i)
    asked.emplace_back(random.uniform(0.1, 200), random.uniform(0.5, 10));
  std::size_t sum = 0;
  std::vector<double> us;
  for (const double ms : times_ms(25, [&] {
         for (const auto& [rate, load] : asked) sum += t.lookup(rate, load).groups.size();
         return sum;
       }))
    us.push_back(1000 * ms / static_cast<double>(asked.size()));
  report.section("table", "37 rates, 7 loads");
  report.add("lookup, median", summarize(us).median, "us", at_most(1));
  report.add("lookup, worst", summarize(us).max, "us");
}

Result<void> run(const Arguments& arguments, Report& report) {
  CLEAVE_CHECK(run_chains(arguments, report));
  run_networks(arguments, report);
  run_table(report);
  Random random(2);
  const plan::DagProblem wide = dag(random, 10'000);
  report.section("graph", "10,000 nodes");
  report_times(report, "minimum cut",
               times_ms(arguments.quick ? 3 : 9, [&] { return plan::min_cut(wide); }), 100);
  return {};
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("solvers", argc, argv, cleave::bench::run);
}
