#include "plan/table.h"

#include <algorithm>
#include <cmath>

#include "base/json_file.h"

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.table";
constexpr std::string_view kFormat = "cleave-table/1";
constexpr std::size_t kMaxPoints = 4096;
constexpr std::size_t kMaxSchedules = 65'535;

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, kPlace, std::move(message));
}

Json to_json(const GeometricAxis& axis) {
  return Json{{"first", axis.first}, {"last", axis.last}, {"points", axis.points}};
}

Result<GeometricAxis> axis_from_json(const Json& json, const char* key) {
  const Json member = CLEAVE_TRY(json_get<Json>(json, key, kPlace));
  GeometricAxis axis;
  axis.first = CLEAVE_TRY(json_get<double>(member, "first", kPlace));
  axis.last = CLEAVE_TRY(json_get<double>(member, "last", kPlace));
  axis.points = CLEAVE_TRY(json_get<std::size_t>(member, "points", kPlace));
  const bool rises = axis.first > 0 && std::isfinite(axis.last / axis.first) &&
                     (axis.points == 1 ? axis.last >= axis.first : axis.last > axis.first);
  if (axis.points < 1 || axis.points > kMaxPoints || !rises) {
    return corrupt("'" + std::string(key) + "' has " + std::to_string(axis.points) +
                   " points, expected 1 to " + std::to_string(kMaxPoints) +
                   ", rising from above 0");
  }
  return axis;
}

Result<TableEntry> entry_from_json(const Json& json, int layers) {
  TableEntry entry;
  entry.name = CLEAVE_TRY(json_get<std::string>(json, "name", kPlace));
  const Json groups = CLEAVE_TRY(json_get<Json>(json, "groups", kPlace));
  if (!groups.is_array()) return corrupt("'groups' is no list");
  int done = 0;
  for (const Json& group : groups) {
    ScheduledGroup g;
    g.first = CLEAVE_TRY(json_get<int>(group, "first", kPlace));
    g.last = CLEAVE_TRY(json_get<int>(group, "last", kPlace));
    const auto where = CLEAVE_TRY(json_get<std::string>(group, "where", kPlace));
    g.side = where == side_name(Side::kCloud) ? Side::kCloud : Side::kDevice;
    if (g.first != done + 1 || g.last < g.first || where != side_name(g.side)) {
      return corrupt("a group of layers " + std::to_string(g.first) + " to " +
                     std::to_string(g.last) + " on '" + where +
                     "', expected the next layers on device or cloud");
    }
    done = g.last;
    entry.groups.push_back(g);
  }
  if (done != layers && done != 0) {
    return corrupt("schedule '" + entry.name + "' ends after layer " + std::to_string(done) +
                   ", expected " + std::to_string(layers));
  }
  return entry;
}

}  // namespace

double GeometricAxis::at(std::size_t i) const {
  if (points < 2) return first;
  return first * std::pow(last / first, static_cast<double>(i) / static_cast<double>(points - 1));
}

std::size_t GeometricAxis::nearest(double value) const {
  if (points < 2 || !(value > first)) return 0;
  if (value >= last) return points - 1;
  const double steps = std::log(value / first) / std::log(last / first);
  return std::min(points - 1,
                  static_cast<std::size_t>(steps * static_cast<double>(points - 1) + 0.5));
}

Json to_json(const PlanTable& table) {
  Json schedules = Json::array();
  for (const TableEntry& entry : table.schedules) {
    Json groups = Json::array();
    for (const ScheduledGroup& g : entry.groups)
      groups.push_back({{"first", g.first}, {"last", g.last}, {"where", side_name(g.side)}});
    schedules.push_back({{"name", entry.name}, {"groups", groups}});
  }
  Json json{{"format", kFormat},
            {"model_sha256", table.model_sha256},
            {"layers", table.layers},
            {"objective", objective_name(table.objective)},
            {"up_mbps", to_json(table.up_mbps)},
            {"load", to_json(table.load)},
            {"down_over_up", table.down_over_up},
            {"rtt_ms", table.rtt_ms},
            {"schedules", schedules},
            {"choices", table.choices}};
  if (table.training) json["training"] = true;
  if (!table.codec.empty()) json["codec"] = table.codec;
  return json;
}

Result<PlanTable> table_from_json(const Json& json) {
  const auto format = CLEAVE_TRY(json_get<std::string>(json, "format", kPlace));
  if (format != kFormat) {
    return fail(ErrorCode::kNotThisFormat, kPlace,
                "format is '" + format + "', expected '" + std::string(kFormat) + "'");
  }
  PlanTable table;
  table.model_sha256 = CLEAVE_TRY(json_get<std::string>(json, "model_sha256", kPlace));
  table.layers = CLEAVE_TRY(json_get<int>(json, "layers", kPlace));
  table.training = CLEAVE_TRY(json_get_or(json, "training", false, kPlace));
  table.codec = CLEAVE_TRY(json_get_or(json, "codec", std::string(), kPlace));
  table.objective =
      CLEAVE_TRY(parse_objective(CLEAVE_TRY(json_get<std::string>(json, "objective", kPlace))));
  table.up_mbps = CLEAVE_TRY(axis_from_json(json, "up_mbps"));
  table.load = CLEAVE_TRY(axis_from_json(json, "load"));
  table.down_over_up = CLEAVE_TRY(json_get<double>(json, "down_over_up", kPlace));
  table.rtt_ms = CLEAVE_TRY(json_get<double>(json, "rtt_ms", kPlace));
  if (!(table.down_over_up > 0 && std::isfinite(table.down_over_up) && table.rtt_ms >= 0 &&
        std::isfinite(table.rtt_ms)))
    return corrupt("'down_over_up' or 'rtt_ms' is out of range, expected finite ones from 0 on");
  const Json schedules = CLEAVE_TRY(json_get<Json>(json, "schedules", kPlace));
  if (!schedules.is_array() || schedules.empty() || schedules.size() > kMaxSchedules)
    return corrupt("'schedules' has " + std::to_string(schedules.size()) +
                   " entries, expected a list of 1 to " + std::to_string(kMaxSchedules));
  for (const Json& entry : schedules)
    table.schedules.push_back(CLEAVE_TRY(entry_from_json(entry, table.layers)));
  const auto choices = CLEAVE_TRY(json_get<std::vector<std::uint64_t>>(json, "choices", kPlace));
  if (choices.size() != table.up_mbps.points * table.load.points) {
    return corrupt(std::to_string(choices.size()) + " choices, expected " +
                   std::to_string(table.up_mbps.points * table.load.points));
  }
  for (const std::uint64_t choice : choices) {
    if (choice >= table.schedules.size()) {
      return corrupt("a choice is " + std::to_string(choice) + ", expected less than " +
                     std::to_string(table.schedules.size()) + ", the number of schedules");
    }
    table.choices.push_back(static_cast<std::uint16_t>(choice));
  }
  return table;
}

Result<PlanTable> load_table(const std::filesystem::path& path) {
  return load_json(path, kPlace, table_from_json);
}

}  // namespace cleave::plan
