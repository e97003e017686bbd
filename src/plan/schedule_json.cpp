#include "plan/schedule_json.h"

#include <string>
#include <unordered_map>

#include "plan/strict_json.h"

namespace cleave::plan {
namespace {

/// A list of [first, last, cost].
Result<std::vector<Group>> groups_from_json(const Json& json, const char* key) {
  std::vector<Group> groups;
  for (const Json& triple : *CLEAVE_TRY(array(json.at(key), key))) {
    if (!triple.is_array() || triple.size() != 3) {
      return bad_problem(std::string(key) + " has the entry " + shown(triple) +
                         ", expected [first, last, cost]");
    }
    const std::string what = "a group of " + std::string(key);
    const int first = CLEAVE_TRY(whole_number(triple[0], what));
    const int last = CLEAVE_TRY(whole_number(triple[1], what));
    groups.push_back({first, last, {CLEAVE_TRY(number(triple[2], what)), 0}});
  }
  return groups;
}

std::int64_t key_of(const Group& group) { return (std::int64_t{group.first} << 32) + group.last; }

std::string text_of(const Group& group) {
  return "[" + std::to_string(group.first) + "," + std::to_string(group.last) + "]";
}

/// Puts the energies of `energies` into the groups that have the times.
Result<void> join(std::vector<Group>& groups, const std::vector<Group>& energies) {
  std::unordered_map<std::int64_t, double> mj;
  for (const Group& e : energies) {
    if (!mj.emplace(key_of(e), e.cost.ms).second)
      return bad_problem("device_mj lists group " + text_of(e) + " twice, expected once");
  }
  if (groups.size() != energies.size()) {
    return bad_problem("device_mj lists " + std::to_string(energies.size()) +
                       " groups and device_ms " + std::to_string(groups.size()) +
                       ", expected the same groups");
  }
  for (Group& g : groups) {
    const auto found = mj.find(key_of(g));
    if (found == mj.end())
      return bad_problem("device_mj has no group " + text_of(g) + ", but device_ms has");
    g.cost.mj = found->second;
  }
  return {};
}

Result<std::vector<Spent>> transfers_from_json(const Json& json, const char* ms_key,
                                               const char* mj_key) {
  const std::vector<double> ms = CLEAVE_TRY(numbers(json.at(ms_key), ms_key));
  const std::vector<double> mj = CLEAVE_TRY(numbers(json.at(mj_key), mj_key));
  if (ms.size() != mj.size()) {
    return bad_problem(std::string(mj_key) + " has " + std::to_string(mj.size()) + " entries and " +
                       ms_key + " " + std::to_string(ms.size()) + ", expected as many");
  }
  std::vector<Spent> transfers;
  for (std::size_t k = 0; k < ms.size(); ++k) transfers.push_back({ms[k], mj[k]});
  return transfers;
}

Result<Limits> limits_from_json(const Json& json) {
  Limits limits;
  if (!json.contains("constraints")) return limits;
  const Json& constraints = json.at("constraints");
  CLEAVE_CHECK(
      expect_keys(constraints, "constraints", {}, {"deadline_ms", "battery_mj", "cloud_ms"}));
  const auto read = [&](const char* key, std::optional<double>& limit) -> Result<void> {
    if (constraints.contains(key)) limit = CLEAVE_TRY(number(constraints.at(key), key));
    return {};
  };
  CLEAVE_CHECK(read("deadline_ms", limits.deadline_ms));
  CLEAVE_CHECK(read("battery_mj", limits.battery_mj));
  CLEAVE_CHECK(read("cloud_ms", limits.cloud_ms));
  return limits;
}

}  // namespace

Result<ScheduleProblem> schedule_problem_from_json(const Json& json) {
  CLEAVE_CHECK(expect_keys(json, "the problem",
                           {"format", "layers", "device_ms", "cloud_ms", "upload_ms", "download_ms",
                            "device_mj", "upload_mj", "download_mj", "objective"},
                           {"constraints"}));
  CLEAVE_CHECK(expect_format(json, "cleave-problem/1"));
  const Json& objective = json.at("objective");
  if (!objective.is_string())
    return bad_problem("objective is " + shown(objective) + ", expected a text");
  ScheduleProblem problem;
  problem.layers = CLEAVE_TRY(whole_number(json.at("layers"), "layers"));
  problem.device = CLEAVE_TRY(groups_from_json(json, "device_ms"));
  CLEAVE_CHECK(join(problem.device, CLEAVE_TRY(groups_from_json(json, "device_mj"))));
  problem.cloud = CLEAVE_TRY(groups_from_json(json, "cloud_ms"));
  problem.upload = CLEAVE_TRY(transfers_from_json(json, "upload_ms", "upload_mj"));
  problem.download = CLEAVE_TRY(transfers_from_json(json, "download_ms", "download_mj"));
  problem.limits = CLEAVE_TRY(limits_from_json(json));
  problem.objective = CLEAVE_TRY(parse_objective(objective.get_ref<const std::string&>()));
  CLEAVE_CHECK(check(problem));
  return problem;
}

Json to_json(const Solved& solved, Objective objective) {
  const Schedule& schedule = solved.solution.schedule;
  Json reply{{"status", status_name(solved.solution.status)}};
  Json groups = Json::array();
  for (const ScheduledGroup& g : schedule.groups)
    groups.push_back(Json{{"first", g.first}, {"last", g.last}, {"where", side_name(g.side)}});
  if (solved.solution.status == Status::kInfeasible) {
    reply["cost"] = reply["latency_ms"] = reply["energy_mj"] = nullptr;
  } else {
    reply["cost"] = objective_of(schedule, objective);
    reply["latency_ms"] = schedule.latency_ms;
    reply["energy_mj"] = schedule.energy_mj;
  }
  reply["groups"] = std::move(groups);
  reply["solver"] = solved.solver;
  return reply;
}

}  // namespace cleave::plan
