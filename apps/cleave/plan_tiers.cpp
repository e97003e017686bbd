#include "plan_tiers.h"

#include <fmt/format.h>

#include "study/tier_problem.h"

namespace cleave::app {
namespace {

Result<study::Tier> parse_tier(const std::string& text) {
  const std::size_t at = text.find('@');
  if (at == std::string::npos) {
    return fail(ErrorCode::kInvalidArgument, "plan",
                "tier '" + text + "', expected LINK@PROFILE, as in wifi@edge.json");
  }
  const std::string path = text.substr(at + 1);
  return study::Tier{path, CLEAVE_TRY(parse_link(text.substr(0, at))),
                     CLEAVE_TRY(profile::load(path))};
}

std::string tier_name(const std::vector<study::Tier>& tiers, std::size_t tier) {
  return tier == 0 ? "device" : tiers[tier - 1].name;
}

void print_text(const LoadedModel& loaded, const std::vector<study::Tier>& tiers,
                const plan::TierSchedule& s) {
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    const Link& link = tiers[t].link;
    fmt::print("{} to {}: up {:g} Mbit/s, down {:g} Mbit/s, round trip {:g} ms\n",
               tier_name(tiers, t), tiers[t].name, link.up_mbps, link.down_mbps, link.rtt_ms);
  }
  if (s.groups.empty()) {
    fmt::print("no schedule\n");
    return;
  }
  fmt::print("best schedule: {:.1f} ms, {:.1f} mJ (modelled), {:.0f} bytes\n", s.latency_ms,
             s.energy_mj, s.bytes);
  for (const plan::TierGroup& g : s.groups) {
    fmt::print("  {:<24} layers {}-{}, to {}\n", tier_name(tiers, g.tier), g.first, g.last,
               loaded.model.layers()[static_cast<std::size_t>(g.last) - 1].name);
  }
}

Json to_json(const std::vector<study::Tier>& tiers, const plan::TierSchedule& s) {
  Json groups = Json::array();
  for (const plan::TierGroup& g : s.groups)
    groups.push_back({{"first", g.first}, {"last", g.last}, {"where", tier_name(tiers, g.tier)}});
  return {{"format", "cleave-tiers/1"},
          {"status", s.groups.empty() ? "infeasible" : "optimal"},
          {"latency_ms", s.latency_ms},
          {"energy_mj", s.energy_mj},
          {"energy_is", "modelled"},
          {"bytes", s.bytes},
          {"groups", groups}};
}

}  // namespace

Result<int> plan_tiers(const LoadedModel& loaded, const TierArgs& args, const PlanArgs& plan,
                       const SampleArgs& samples) {
  const plan::Objective objective = CLEAVE_TRY(plan::parse_objective(args.objective));
  std::vector<study::Tier> tiers;
  for (const std::string& text : args.tiers) tiers.push_back(CLEAVE_TRY(parse_tier(text)));
  // Of the problem only the device and the codec are used.
  PlanArgs first = plan;
  first.cloud = tiers.front().name;
  const plan::Problem problem = CLEAVE_TRY(make_problem(loaded, first, samples));
  const plan::TierProblem built =
      CLEAVE_TRY(study::tier_problem(loaded.model, problem, tiers, objective));
  const plan::TierSchedule schedule = CLEAVE_TRY(plan::solve(built));
  if (args.json)
    fmt::print("{}\n", dump_json(to_json(tiers, schedule), 2));
  else
    print_text(loaded, tiers, schedule);
  return 0;
}

}  // namespace cleave::app
