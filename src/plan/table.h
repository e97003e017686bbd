#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "plan/objective.h"
#include "plan/schedule.h"

namespace cleave::plan {

/// Points from `first` to `last`, each as many times the one before: how rates and loads are looked
/// at.
struct GeometricAxis {
  double first = 1;
  double last = 1;
  std::size_t points = 1;

  double at(std::size_t i) const;
  /// The nearest point to a value, by ratio; the ends for what lies beyond them or is no number.
  std::size_t nearest(double value) const;
};

/// One of the schedules that a table chooses from.
struct TableEntry {
  std::string name;                    ///< for people
  std::vector<ScheduledGroup> groups;  ///< empty: nothing keeps the limits
};

/// The best schedule for any link rate and any load of the server, found ahead of time (thesis
/// 2.2.2 and 2.2.3.2). Immutable once made: lookups may run at once, take no lock and no memory.
struct PlanTable {
  std::string model_sha256;
  int layers = 0;         ///< that each schedule covers
  bool training = false;  ///< a step of it, not an inference
  Objective objective = Objective::kLatency;
  std::string codec;      ///< canonical spec of what sends the values; empty: not known
  GeometricAxis up_mbps;  ///< the rate down goes along, `down_over_up` times as much
  GeometricAxis load;     ///< factor on the server's times
  double down_over_up = 1;
  double rtt_ms = 0;
  std::vector<TableEntry> schedules;
  std::vector<std::uint16_t> choices;  ///< positions in `schedules`, by load, then by rate

  /// The choice for a measured rate and load, as a position in `schedules`: that of the nearest
  /// point. Tens of nanoseconds.
  std::size_t choice(double up_mbps_now, double load_now) const {
    return choices[load.nearest(load_now) * up_mbps.points + up_mbps.nearest(up_mbps_now)];
  }
  const TableEntry& lookup(double up_mbps_now, double load_now) const {
    return schedules[choice(up_mbps_now, load_now)];
  }
};

/// The file format "cleave-table/1", docs/formats/plan.md. Reading fails with kNotThisFormat or
/// kCorrupt, saying what was found and what was expected; a table that was read can be looked up.
Json to_json(const PlanTable& table);
Result<PlanTable> table_from_json(const Json& json);
Result<PlanTable> load_table(const std::filesystem::path& path);

}  // namespace cleave::plan
