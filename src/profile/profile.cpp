#include "profile/profile.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <thread>

#include "base/json_file.h"

namespace cleave::profile {
namespace {

constexpr std::string_view kPlace = "profile";
constexpr std::string_view kFormat = "cleave-profile/1";
constexpr std::size_t kMaxLayers = 100000;

Json cost_to_json(const std::optional<Cost>& cost) {
  if (!cost) return nullptr;
  Json json{{"median_ms", cost->median_ms},
            {"p25_ms", cost->p25_ms},
            {"p75_ms", cost->p75_ms},
            {"samples", cost->samples},
            {"interpolated", cost->interpolated()}};
  if (cost->memory_bytes) json["memory_bytes"] = *cost->memory_bytes;
  return json;
}

Result<std::optional<Cost>> cost_from_json(const Json& json) {
  if (json.is_null()) return std::nullopt;
  Cost cost;
  cost.median_ms = CLEAVE_TRY(json_get<double>(json, "median_ms", kPlace));
  cost.p25_ms = CLEAVE_TRY(json_get<double>(json, "p25_ms", kPlace));
  cost.p75_ms = CLEAVE_TRY(json_get<double>(json, "p75_ms", kPlace));
  cost.samples = CLEAVE_TRY(json_get<int>(json, "samples", kPlace));
  const auto is_time = [](double ms) { return ms >= 0 && std::isfinite(ms); };
  if (!is_time(cost.median_ms) || !is_time(cost.p25_ms) || !is_time(cost.p75_ms) ||
      cost.samples < 0) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "a cost has a time or samples below 0 or not finite, expected 0 or more");
  }
  if (!json.contains("memory_bytes")) return cost;
  cost.memory_bytes = CLEAVE_TRY(json_get<std::int64_t>(json, "memory_bytes", kPlace));
  if (*cost.memory_bytes < 0)
    return fail(ErrorCode::kCorrupt, kPlace, "a cost has memory below 0, expected 0 or more");
  return cost;
}

Json costs_to_json(const std::vector<std::optional<Cost>>& costs) {
  Json list = Json::array();
  for (const auto& cost : costs) list.push_back(cost_to_json(cost));
  return list;
}

Result<std::vector<std::optional<Cost>>> costs_from_json(const Json& json, const char* key,
                                                         std::size_t expected) {
  const Json list = CLEAVE_TRY(json_get<Json>(json, key, kPlace));
  if (!list.is_array() || list.size() != expected) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "'" + std::string(key) + "' has " + std::to_string(list.size()) +
                    " entries, expected " + std::to_string(expected));
  }
  std::vector<std::optional<Cost>> costs;
  for (const Json& entry : list) costs.push_back(CLEAVE_TRY(cost_from_json(entry)));
  return costs;
}

Result<void> check_range(bool holds, std::string_view key, std::string_view expected) {
  if (holds) return {};
  return fail(ErrorCode::kCorrupt, kPlace,
              "'" + std::string(key) + "' is out of range, expected " + std::string(expected));
}

Json groups_to_json(const std::vector<GroupCost>& groups) {
  Json list = Json::array();
  for (const GroupCost& g : groups)
    list.push_back(Json{{"first", g.first}, {"last", g.last}, {"cost", cost_to_json(g.cost)}});
  return list;
}

Result<std::vector<GroupCost>> groups_from_json(const Json& json, int layers) {
  const Json list = CLEAVE_TRY(json_get<Json>(json, "groups", kPlace));
  if (!list.is_array()) return fail(ErrorCode::kCorrupt, kPlace, "'groups' is no list");
  std::vector<GroupCost> groups;
  std::set<std::pair<int, int>> seen;
  for (const Json& entry : list) {
    GroupCost g;
    g.first = CLEAVE_TRY(json_get<int>(entry, "first", kPlace));
    g.last = CLEAVE_TRY(json_get<int>(entry, "last", kPlace));
    const auto cost = CLEAVE_TRY(cost_from_json(CLEAVE_TRY(json_get<Json>(entry, "cost", kPlace))));
    if (g.first < 1 || g.last < g.first || g.last > layers || !cost) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "a group of layers " + std::to_string(g.first) + " to " + std::to_string(g.last) +
                      ", expected 1 <= first <= last <= " + std::to_string(layers) +
                      " and its cost");
    }
    g.cost = *cost;
    if (!seen.emplace(g.first, g.last).second) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "a group of layers " + std::to_string(g.first) + " to " + std::to_string(g.last) +
                      " is listed twice, expected once");
    }
    groups.push_back(g);
  }
  return groups;
}

}  // namespace

void set_cost(Profile& profile, const GroupCost& group) {
  const auto from = static_cast<std::size_t>(group.first) - 1;
  const auto to = static_cast<std::size_t>(group.last);
  const bool whole = from == 0 && to == profile.layers();
  std::erase_if(profile.groups, [&](const GroupCost& old) {
    return old.first == group.first && old.last == group.last;
  });
  if (!whole && from == 0 && profile.head[to]) {
    profile.head[to] = group.cost;
  } else if (!whole && to == profile.layers() && profile.tail[from]) {
    profile.tail[from] = group.cost;
  } else {
    profile.groups.push_back(group);
  }
}

bool knows_memory(const Profile& profile) {
  const auto known = [](const std::optional<Cost>& cost) { return !cost || cost->memory_bytes; };
  return std::ranges::all_of(profile.head, known) && std::ranges::all_of(profile.tail, known);
}

std::optional<double> sum_of_layers_ms(const Profile& profile) {
  double sum = 0;
  for (const auto& cost : profile.layer) {
    if (!cost || cost->interpolated()) return std::nullopt;
    sum += cost->median_ms;
  }
  return profile.layer.empty() ? std::nullopt : std::optional(sum);
}

Json to_json(const Profile& p) {
  return Json{{"format", kFormat},
              {"model", p.model_name},
              {"model_sha256", p.model_sha256},
              {"machine", p.machine},
              {"engine", p.engine},
              {"threads", p.threads},
              {"precision", p.precision},
              {"hint", p.hint},
              {"emulated_slowdown", p.slowdown},
              {"whole_ms", p.whole_ms},
              {"layers", p.layer_names},
              {"head", costs_to_json(p.head)},
              {"tail", costs_to_json(p.tail)},
              {"layer", costs_to_json(p.layer)},
              {"groups", groups_to_json(p.groups)}};
}

Result<Profile> from_json(const Json& json) {
  const auto format = CLEAVE_TRY(json_get<std::string>(json, "format", kPlace));
  if (format != kFormat) {
    return fail(ErrorCode::kNotThisFormat, kPlace,
                "format is '" + format + "', expected '" + std::string(kFormat) + "'");
  }
  Profile p;
  p.model_name = CLEAVE_TRY(json_get<std::string>(json, "model", kPlace));
  p.model_sha256 = CLEAVE_TRY(json_get<std::string>(json, "model_sha256", kPlace));
  p.machine = CLEAVE_TRY(json_get<std::string>(json, "machine", kPlace));
  p.engine = CLEAVE_TRY(json_get<std::string>(json, "engine", kPlace));
  p.threads = CLEAVE_TRY(json_get<int>(json, "threads", kPlace));
  p.precision = CLEAVE_TRY(json_get<std::string>(json, "precision", kPlace));
  p.hint = CLEAVE_TRY(json_get<std::string>(json, "hint", kPlace));
  p.slowdown = CLEAVE_TRY(json_get<double>(json, "emulated_slowdown", kPlace));
  p.whole_ms = CLEAVE_TRY(json_get<double>(json, "whole_ms", kPlace));
  CLEAVE_CHECK(check_range(p.slowdown >= 1 && std::isfinite(p.slowdown), "emulated_slowdown",
                           "a finite number of 1 or more"));
  CLEAVE_CHECK(check_range(p.whole_ms >= 0 && std::isfinite(p.whole_ms), "whole_ms",
                           "a finite number of 0 or more"));
  CLEAVE_CHECK(check_range(p.threads >= 1, "threads", "1 or more"));
  p.layer_names = CLEAVE_TRY(json_get<std::vector<std::string>>(json, "layers", kPlace));
  const std::size_t n = p.layer_names.size();
  if (n == 0 || n > kMaxLayers) {
    return fail(ErrorCode::kCorrupt, kPlace,
                std::to_string(n) + " layers, expected 1 to " + std::to_string(kMaxLayers));
  }
  p.head = CLEAVE_TRY(costs_from_json(json, "head", n + 1));
  p.tail = CLEAVE_TRY(costs_from_json(json, "tail", n + 1));
  const auto layers = CLEAVE_TRY(json_get<Json>(json, "layer", kPlace));
  if (!layers.is_array() || !layers.empty())
    p.layer = CLEAVE_TRY(costs_from_json(json, "layer", n));
  p.groups = CLEAVE_TRY(groups_from_json(json, static_cast<int>(n)));
  return p;
}

Result<Profile> load(const std::filesystem::path& path) {
  return load_json(path, kPlace, from_json);
}

std::string this_machine() {
  std::string processor = "unknown processor";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      processor = line.substr(colon + 2);
      break;
    }
  }
  return processor + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores";
}

}  // namespace cleave::profile
