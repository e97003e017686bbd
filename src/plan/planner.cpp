#include "plan/planner.h"

#include <algorithm>
#include <utility>

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan";

Result<void> check(const Problem& problem) {
  const auto& device = problem.device;
  const auto& cloud = problem.cloud;
  if (device.model_sha256 != cloud.model_sha256 || device.layers() != cloud.layers()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "the device profile is of '" + device.model_name + "' (" +
                    device.model_sha256.substr(0, 12) + ") and the cloud profile of '" +
                    cloud.model_name + "' (" + cloud.model_sha256.substr(0, 12) +
                    "), expected one network");
  }
  if (problem.codec.size() != device.layers() + 1) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "the codec table has " + std::to_string(problem.codec.size()) + " rows, expected " +
                    std::to_string(device.layers() + 1));
  }
  return {};
}

Schedule sums_of(const Candidate& c) {
  Schedule sums;
  sums.latency_ms = c.latency_ms;
  sums.energy_mj = c.energy_mj;
  sums.cloud_ms = c.strategy == Strategy::kDevice ? 0 : c.terms.tail_ms;
  sums.device_memory_bytes = c.device_memory_bytes;
  sums.cloud_memory_bytes = c.cloud_memory_bytes;
  return sums;
}

double lacking_bytes(const Candidate& c, const Limits& limits) {
  const auto over = [](double bytes, const std::optional<double>& limit) {
    return limit ? std::max(0.0, bytes - *limit) : 0;
  };
  return over(c.device_memory_bytes, limits.device_memory_bytes) +
         over(c.cloud_memory_bytes, limits.cloud_memory_bytes);
}

}  // namespace

double objective_value(const Candidate& candidate, Objective objective) {
  switch (objective) {
    case Objective::kLatency:
      return candidate.latency_ms;
    case Objective::kEnergy:
      return candidate.energy_mj;
    case Objective::kBytes:
      return candidate.bytes_up + candidate.bytes_down;
  }
  return candidate.latency_ms;
}

bool within(const Candidate& candidate, const Limits& limits) {
  return within(sums_of(candidate), limits);
}

FittingWays fitting_ways(const std::vector<Candidate>& ranking, const Limits& limits) {
  FittingWays fitting;
  for (const Candidate& c : ranking) {
    if (fits_memory(sums_of(c), limits)) {
      fitting.ways.push_back(c);
      continue;
    }
    ++fitting.left_out;
    const bool nearer =
        !fitting.nearest || lacking_bytes(c, limits) < lacking_bytes(*fitting.nearest, limits);
    if (nearer) fitting.nearest = c;
  }
  return fitting;
}

Result<std::vector<Candidate>> rank_cuts(const Problem& problem, Objective objective) {
  CLEAVE_CHECK(check(problem));
  std::vector<Candidate> ranking;
  for (std::size_t k = 0; k <= problem.device.layers(); ++k) {
    if (const auto candidate = evaluate(problem, k)) ranking.push_back(*candidate);
  }
  if (ranking.empty()) {
    return fail(ErrorCode::kNotFound, kPlace,
                "no cut has a head, a tail and a codec cost in the profiles");
  }
  std::ranges::sort(ranking, {}, [&](const Candidate& c) {
    return std::pair(objective_value(c, objective), c.cut);
  });
  return ranking;
}

Json to_json(const Candidate& c) {
  Json json{{"strategy", strategy_name(c.strategy)},
            {"cut", c.cut},
            {"latency_ms", c.latency_ms},
            {"energy_mj", c.energy_mj},
            {"bytes_up", c.bytes_up},
            {"bytes_down", c.bytes_down},
            {"interpolated", c.interpolated}};
  json.update(to_json(c.terms));
  if (c.device_memory_bytes > 0) json["device_memory_bytes"] = c.device_memory_bytes;
  if (c.cloud_memory_bytes > 0) json["cloud_memory_bytes"] = c.cloud_memory_bytes;
  return json;
}

Json to_json(const Problem& problem, Objective objective, const std::vector<Candidate>& ranking) {
  Json list = Json::array();
  for (const Candidate& c : ranking) list.push_back(to_json(c));
  const Link& link = problem.link;
  Json json{{"format", "cleave-plan/1"},
            {"model", problem.device.model_name},
            {"model_sha256", problem.device.model_sha256},
            {"objective", objective_name(objective)},
            {"link",
             {{"name", link.name},
              {"up_mbps", link.up_mbps},
              {"down_mbps", link.down_mbps},
              {"rtt_ms", link.rtt_ms}}},
            {"device",
             {{"machine", problem.device.machine},
              {"threads", problem.device.threads},
              {"emulated_slowdown", problem.device.slowdown}}},
            {"cloud",
             {{"machine", problem.cloud.machine},
              {"threads", problem.cloud.threads},
              {"emulated_slowdown", problem.cloud.slowdown}}},
            {"request_ms", problem.request_ms},
            {"energy_is", "modelled"},
            {"energy_model", to_json(problem.energy, link)},
            {"ranking", list}};
  if (!problem.picture.empty()) json["picture"] = problem.picture;
  return json;
}

}  // namespace cleave::plan
