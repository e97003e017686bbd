#include "study/explain.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "plan/scaling.h"
#include "study/best_schedule.h"
#include "study/network_problem.h"

namespace cleave::study {
namespace {

using plan::Objective;
using plan::Side;

/// The factors looked at on either side of 1, and how closely a turn is found.
constexpr double kFarthest = 64;
constexpr double kStride = 1.5;
constexpr double kCloseness = 1.01;

/// A figure that may change, as a factor on what it is now.
struct Axis {
  std::string figure;
  std::string unit;
  double now;
  std::function<void(plan::Problem&, double factor)> scale;
};

std::vector<Axis> axes(const plan::Problem& problem) {
  return {
      {"the link's rates, up", "Mbit/s", problem.link.up_mbps, plan::scale_link},
      {"the round trip", "ms", problem.link.rtt_ms,
       [](plan::Problem& p, double factor) { p.link.rtt_ms *= factor; }},
      {"the server's time for the whole network", "ms", problem.cloud.whole_ms, plan::load_server}};
}

class Explorer {
 public:
  Explorer(const graph::Model& model, const plan::Problem& problem, const ScheduleRequest& request)
      : model_(model), problem_(problem), request_(request) {}

  Result<std::string> best_at(const Axis& axis, double factor) const {
    plan::Problem changed = problem_;
    axis.scale(changed, factor);
    const auto network = CLEAVE_TRY(network_problem(model_, changed, request_));
    const plan::Solution solution = CLEAVE_TRY(best_schedule(network));
    if (solution.status == plan::Status::kInfeasible) return std::string("nothing within limits");
    return describe(model_, solution.schedule.groups);
  }

  /// Walks away from 1 in strides until the choice changes, then closes in.
  Result<std::optional<Turn>> find_turn(const Axis& axis, const std::string& now, bool up) const {
    double same = 1;
    double factor = 1;
    while (factor < kFarthest) {
      factor = std::min(factor * kStride, kFarthest);
      double other = up ? factor : 1 / factor;
      std::string best = CLEAVE_TRY(best_at(axis, other));
      if (best == now) {
        same = other;
        continue;
      }
      while (std::max(same / other, other / same) > kCloseness) {
        const double middle = std::sqrt(same * other);
        std::string there = CLEAVE_TRY(best_at(axis, middle));
        if (there == now) {
          same = middle;
        } else {
          other = middle;
          best = std::move(there);
        }
      }
      return Turn{axis.now * other, best};
    }
    return std::nullopt;
  }

 private:
  const graph::Model& model_;
  const plan::Problem& problem_;
  const ScheduleRequest& request_;
};

std::string amount(const plan::Schedule& s, Objective objective) {
  switch (objective) {
    case Objective::kLatency:
      return fmt::format("{:.1f} ms", s.latency_ms);
    case Objective::kEnergy:
      return fmt::format("{:.1f} mJ", s.energy_mj);
    case Objective::kBytes:
      return fmt::format("{:.0f} bytes", s.bytes);
  }
  return {};
}

/// What a schedule spends its time on.
std::string breakdown(const std::vector<plan::ScheduleStep>& steps) {
  double device_ms = 0;
  double cloud_ms = 0;
  double link_ms = 0;
  for (const plan::ScheduleStep& step : steps) {
    (step.side == Side::kDevice ? device_ms : cloud_ms) += step.cost.ms;
    link_ms += step.transfer.cost.ms;
  }
  return fmt::format(
      "{:.1f} ms on the device, {:.1f} ms for the link and the codec, {:.1f} ms in the cloud",
      device_ms, link_ms, cloud_ms);
}

/// What a schedule takes in memory where it is limited; nothing where it is not.
std::string memory_text(const plan::Schedule& s, const plan::Limits& limits) {
  std::string text;
  const auto add = [&](double bytes, const std::optional<double>& limit, std::string_view where) {
    if (!limit) return;
    text += fmt::format("{} {:.1f} of {:.1f} MB {}", text.empty() ? "; memory:" : ",", bytes / 1e6,
                        *limit / 1e6, where);
  };
  add(s.device_memory_bytes, limits.device_memory_bytes, "on the device");
  add(s.cloud_memory_bytes, limits.cloud_memory_bytes, "in the cloud");
  return text;
}

/// Which limits a schedule breaks, in a few words.
std::string_view verdict(const plan::Schedule& s, const plan::Limits& limits) {
  if (!plan::fits_memory(s, limits)) return "; it does not fit";
  return plan::within(s, limits) ? "" : "; it breaks a limit";
}

Result<std::string> line_of(const graph::Model& model, const plan::NetworkProblem& network,
                            std::vector<plan::ScheduledGroup> groups) {
  const auto steps = CLEAVE_TRY(plan::steps_of(network, groups));
  const plan::Schedule schedule = CLEAVE_TRY(plan::evaluate(network, std::move(groups)));
  return fmt::format("{} takes {:.1f} ms, {:.1f} mJ and {:.0f} bytes: {}{}{}",
                     describe(model, schedule.groups), schedule.latency_ms, schedule.energy_mj,
                     schedule.bytes, breakdown(steps), memory_text(schedule, network.limits),
                     verdict(schedule, network.limits));
}

std::string sentence(const Sensitivity& s) {
  if (!s.below && !s.above) {
    return fmt::format("No other choice was found for {} from {:.3g} to {:.3g} {} (now {:.3g}).",
                       s.figure, s.now / kFarthest, s.now * kFarthest, s.unit, s.now);
  }
  std::string text = fmt::format("As {} changes (now {:.3g} {}):", s.figure, s.now, s.unit);
  if (s.below) text += fmt::format(" below {:.3g}, {};", s.below->at, s.below->schedule);
  if (s.above) text += fmt::format(" above {:.3g}, {};", s.above->at, s.above->schedule);
  text.back() = '.';
  return text;
}

}  // namespace

std::string layer_name(const graph::Model& model, int layer) {
  const auto& layers = model.layers();
  const int n = static_cast<int>(layers.size());
  if (layer <= n) return layers[static_cast<std::size_t>(layer) - 1].name;
  return "gradient of " + layers[static_cast<std::size_t>(2 * n - layer)].name;
}

std::string describe(const graph::Model& model, const std::vector<plan::ScheduledGroup>& groups) {
  const std::vector<plan::ScheduledGroup> stretches = plan::stretches_of(groups);
  const auto name = [&](const plan::ScheduledGroup& s) { return layer_name(model, s.last); };
  if (stretches.size() == 1)
    return stretches.front().side == Side::kDevice ? "device-only" : "cloud-only";
  if (stretches.size() == 2 && stretches.front().side == Side::kDevice)
    return "split after " + name(stretches.front());
  std::string text;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    text += fmt::format("{}{} to {}", i > 0 ? ", " : "", plan::side_name(stretches[i].side),
                        i + 1 < stretches.size() ? name(stretches[i]) : "the end");
  }
  return text;
}

Result<std::vector<Sensitivity>> sensitivities(const graph::Model& model,
                                               const plan::Problem& problem,
                                               const ScheduleRequest& request) {
  const Explorer explorer(model, problem, request);
  std::vector<Sensitivity> list;
  for (const Axis& axis : axes(problem)) {
    if (axis.now <= 0) continue;
    const std::string now = CLEAVE_TRY(explorer.best_at(axis, 1));
    Sensitivity s{axis.figure, axis.unit, axis.now, std::nullopt, std::nullopt};
    s.below = CLEAVE_TRY(explorer.find_turn(axis, now, false));
    s.above = CLEAVE_TRY(explorer.find_turn(axis, now, true));
    list.push_back(std::move(s));
  }
  return list;
}

Result<std::string> explain(const graph::Model& model, const plan::Problem& problem,
                            const ScheduleRequest& request) {
  const auto network = CLEAVE_TRY(network_problem(model, problem, request));
  const plan::Solution best = CLEAVE_TRY(best_schedule(network));
  const int n = network.layers;
  std::string text;
  if (best.status == plan::Status::kInfeasible) {
    text = "No schedule keeps the limits.\n";
  } else {
    text = fmt::format("The best is {}, at {}.\n", describe(model, best.schedule.groups),
                       amount(best.schedule, request.objective));
    text += CLEAVE_TRY(line_of(model, network, best.schedule.groups)) + ".\n";
  }
  for (const Side side : {Side::kDevice, Side::kCloud}) {
    const std::vector<plan::ScheduledGroup> alone{{1, n, side}};
    if (alone == best.schedule.groups) continue;
    if (const auto other = line_of(model, network, alone)) text += *other + ".\n";
  }
  const auto list = CLEAVE_TRY(sensitivities(model, problem, request));
  for (const Sensitivity& s : list) text += sentence(s) + "\n";
  return text;
}

}  // namespace cleave::study
