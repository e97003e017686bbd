#include "study/choose_codec.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <tuple>

#include "plan/planner.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.choose_codec";

constexpr double kNothing = std::numeric_limits<double>::infinity();

/// What a schedule costs, and the best single split beside it: where the schedule sends no coded
/// value all codecs come to the same.
using Worth = std::pair<double, double>;

Result<Worth> worth_of(const plan::Problem& problem, const PlannedSchedule& planned,
                       plan::Objective objective) {
  Worth worth{kNothing, kNothing};
  if (planned.solution.status != plan::Status::kInfeasible)
    worth.first = plan::objective_of(planned.solution.schedule, objective);
  for (const plan::Candidate& way : CLEAVE_TRY(plan::rank_cuts(problem, objective)))
    if (way.strategy == plan::Strategy::kSplit)
      worth.second = std::min(worth.second, plan::objective_value(way, objective));
  return worth;
}

/// Without the values that lose too much.
plan::CodecChoice within(plan::CodecChoice choice, double max_loss) {
  std::erase_if(choice.values, [&](const auto& entry) { return entry.second.loss > max_loss; });
  return choice;
}

/// A way for every choice, by link, cut and codec.
using Ways = std::map<std::tuple<std::string, std::size_t, std::string>, plan::Candidate>;

/// Adds the splits of a problem; returns the best one's cut.
std::optional<std::size_t> add_ways(const plan::Problem& problem, const std::string& codec,
                                    Ways& ways) {
  std::optional<std::size_t> best;
  double least_ms = 0;
  for (std::size_t cut = 1; cut < problem.device.layers(); ++cut) {
    const auto way = plan::evaluate(problem, cut);
    if (!way) continue;
    if (!best || way->latency_ms < least_ms) {
      best = cut;
      least_ms = way->latency_ms;
    }
    ways.emplace(std::tuple(problem.link.name, cut, codec), *way);
  }
  return best;
}

}  // namespace

Result<PlannedCodec> choose_codec(const graph::Model& model, plan::Problem problem,
                                  const CodecOptions& options, plan::Objective objective,
                                  const Planner& planner,
                                  const std::function<void(const std::string&)>& note) {
  std::optional<PlannedCodec> best;
  Worth best_worth;
  for (const plan::CodecChoice& choice : options.choices) {
    const plan::MixedChoice mixed = plan::cheaper_values(
        problem, objective, within(choice, options.max_loss), options.calibrated);
    const auto set = set_codec(problem, model, mixed.choice, kAnyLoss);
    if (!set && options.choices.size() == 1) return std::unexpected(set.error());
    if (!set && note) note(set.error().message);
    auto schedule = CLEAVE_TRY(planner(problem));
    const Worth worth = CLEAVE_TRY(worth_of(problem, schedule, objective));
    if (best && !(worth < best_worth)) continue;
    best = PlannedCodec{problem, std::move(schedule), choice.codec, mixed.second};
    best_worth = worth;
  }
  if (best) return *std::move(best);
  return fail(ErrorCode::kInvalidArgument, kPlace, "no codec to choose from, expected one or more");
}

Result<std::vector<CodecRow>> compare_codecs(const graph::Model& model,
                                             const plan::Problem& problem,
                                             const CodecOptions& options,
                                             std::span<const Link> links) {
  Ways ways;
  std::set<std::size_t> shown;
  plan::Problem changed = problem;
  for (const Link& link : links) {
    changed.link = link;
    for (const plan::CodecChoice& choice : options.choices) {
      if (!set_codec(changed, model, choice, options.max_loss)) continue;
      if (const auto best = add_ways(changed, choice.codec, ways)) shown.insert(*best);
    }
    if (!set_codec(changed, model, options.calibrated, kAnyLoss)) continue;
    add_ways(changed, std::string(kAsCalibrated), ways);
  }
  for (const auto& [key, way] : ways)
    if (std::get<2>(key) == kAsCalibrated) shown.insert(way.cut);
  std::vector<CodecRow> rows;
  for (const Link& link : links) {
    const auto first = static_cast<std::ptrdiff_t>(rows.size());
    for (const auto& [key, way] : ways) {
      const auto raw = ways.find({link.name, way.cut, "raw"});
      if (std::get<0>(key) != link.name || !shown.contains(way.cut) || raw == ways.end()) continue;
      rows.push_back({link.name, std::get<2>(key), way, way.latency_ms - raw->second.latency_ms});
    }
    std::ranges::stable_sort(rows.begin() + first, rows.end(), {}, [](const CodecRow& row) {
      return std::pair(row.way.cut, row.way.latency_ms);
    });
  }
  return rows;
}

}  // namespace cleave::study
