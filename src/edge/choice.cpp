#include "edge/choice.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plan/planner.h"
#include "plan/scaling.h"

namespace cleave::edge {
namespace {

constexpr std::string_view kPlace = "edge.table";

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, kPlace, std::move(message));
}

class RankAnew final : public Choice {
 public:
  RankAnew(const bundle::Manifest& manifest, double slowdown)
      : manifest_(manifest), slowdown_(slowdown) {}

  Result<std::size_t> way(const WayCosts& costs, const Conditions& now) const override {
    plan::Problem problem = make_problem(manifest_, costs, slowdown_, now.link);
    plan::load_server(problem, now.load);
    const auto ranking = CLEAVE_TRY(plan::rank_cuts(problem, plan::Objective::kLatency));
    return ranking.front().cut;
  }

 private:
  const bundle::Manifest& manifest_;
  double slowdown_;
};

class LookUp final : public Choice {
 public:
  LookUp(const plan::PlanTable& table, std::vector<std::size_t> ways)
      : table_(table), ways_(std::move(ways)) {}

  Result<std::size_t> way(const WayCosts&, const Conditions& now) const override {
    return ways_[table_.choice(now.link.up_mbps, now.load)];
  }

 private:
  const plan::PlanTable& table_;
  std::vector<std::size_t> ways_;  // of each schedule
};

/// Layers in the head of a schedule that goes up once and stays; nothing for another that crosses.
std::optional<int> cut_of(const std::vector<plan::ScheduledGroup>& stretches) {
  if (stretches.size() != 2 || stretches.front().side != plan::Side::kDevice) return std::nullopt;
  return stretches.front().last;
}

/// The way of a schedule; nothing where the bundle lacks it.
std::optional<std::size_t> way_of(const plan::TableEntry& entry, const bundle::Manifest& manifest) {
  const auto stretches = plan::stretches_of(entry.groups);
  const std::size_t device_only = manifest.cuts.size() + 1;
  if (stretches.empty()) return device_only;
  if (stretches.size() == 1) return stretches.front().side == plan::Side::kDevice ? device_only : 0;
  const auto head = cut_of(stretches);
  if (!head) return std::nullopt;
  // A table knows nothing of networks with units.
  const auto cut = std::ranges::find_if(manifest.cuts, [&](const bundle::CutEntry& c) {
    return c.id == std::to_string(*head) && c.unit.empty();
  });
  if (cut == manifest.cuts.end()) return std::nullopt;
  return static_cast<std::size_t>(cut - manifest.cuts.begin()) + 1;
}

/// Says what of `missing`, schedules that the bundle lacks, can be done about.
std::unexpected<Error> refuse_missing(const std::vector<const plan::TableEntry*>& missing,
                                      const bundle::Manifest& manifest) {
  std::string names;
  std::set<int> heads;
  for (const plan::TableEntry* entry : missing) {
    const auto head = cut_of(plan::stretches_of(entry->groups));
    if (!head) {
      return refuse(
          "the table chooses '" + entry->name +
          "', which no bundle can run: make the table again with cleave plan --one-crossing");
    }
    names += (names.empty() ? "'" : ", '") + entry->name + "'";
    heads.insert(*head);
  }
  std::string cuts;
  for (const bundle::CutEntry& cut : manifest.cuts)
    if (cut.unit.empty()) cuts += " --at " + cut.id;
  for (const int head : heads) cuts += " --at " + std::to_string(head);
  return refuse("the table chooses " + names + ", which bundle '" + manifest.name +
                "' lacks: make the bundle again with cleave split" + cuts +
                ", --device, --cloud and --codec as before");
}

/// That the bundle codes a way's values as the table took them to be.
Result<void> check_codec(const plan::PlanTable& table, const bundle::Manifest& manifest,
                         std::size_t way) {
  if (table.codec.empty() || way == 0 || way > manifest.cuts.size()) return {};
  const bundle::CutEntry& cut = manifest.cuts[way - 1];
  for (const bundle::CrossingValue& value : cut.crossing) {
    if (value.codec == table.codec) continue;
    return refuse("the table is for codec '" + table.codec + "', cut " + cut.id + " of bundle '" +
                  manifest.name + "' is coded by '" + value.codec +
                  "': plan it again with --codec");
  }
  return {};
}

Result<void> check_fits(const plan::PlanTable& table, const bundle::Manifest& manifest) {
  if (table.model_sha256 != manifest.model_sha256) {
    return refuse("the table is of a network with SHA-256 " + table.model_sha256.substr(0, 12) +
                  "…, bundle '" + manifest.name + "' of one with " +
                  manifest.model_sha256.substr(0, 12) + "…: plan it again");
  }
  if (table.training) return refuse("the table is of training, expected one of inference");
  if (costs_from_manifest(manifest, 1, true)) return {};
  return refuse("bundle '" + manifest.name +
                "' has no costs to know the server's load by: make it again with cleave split "
                "--device and --cloud");
}

}  // namespace

std::unique_ptr<Choice> rank_anew(const bundle::Manifest& manifest, double slowdown) {
  return std::make_unique<RankAnew>(manifest, slowdown);
}

Result<std::unique_ptr<Choice>> look_up(const plan::PlanTable& table,
                                        const bundle::Manifest& manifest) {
  CLEAVE_CHECK(check_fits(table, manifest));
  const std::set<std::size_t> chosen(table.choices.begin(), table.choices.end());
  std::vector<std::size_t> ways(table.schedules.size());
  std::vector<const plan::TableEntry*> missing;
  for (const std::size_t i : chosen) {
    const auto way = way_of(table.schedules[i], manifest);
    if (way) {
      CLEAVE_CHECK(check_codec(table, manifest, *way));
      ways[i] = *way;
    } else {
      missing.push_back(&table.schedules[i]);
    }
  }
  if (!missing.empty()) return refuse_missing(missing, manifest);
  return std::make_unique<LookUp>(table, std::move(ways));
}

}  // namespace cleave::edge
