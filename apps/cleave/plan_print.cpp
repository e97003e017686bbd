#include "plan_print.h"

#include <fmt/format.h>

#include <algorithm>

#include "power_args.h"
#include "study/explain.h"
#include "units.h"

namespace cleave::app {
namespace {

std::string place_of(const plan::Candidate& c, const profile::Profile& p) {
  if (c.strategy != plan::Strategy::kSplit) return std::string(plan::strategy_name(c.strategy));
  return fmt::format("cut {} after {}", c.cut, p.layer_names[c.cut - 1]);
}

std::string what_of(const LoadedModel& loaded, const plan::NetworkProblem& problem,
                    const plan::ScheduleStep& step) {
  if (step.is_group()) {
    return fmt::format("layers {}-{}, to {}", step.first, step.last,
                       study::layer_name(loaded.model, step.last));
  }
  std::string names;
  for (const std::size_t v : step.sent)
    names += (names.empty() ? "" : ", ") + problem.values[v].name;
  return names;
}

/// A side's memory; one that is used has some, known or not.
std::string memory_of(double bytes, bool used) {
  return used && bytes == 0 ? "unknown" : bytes_text(bytes);
}
std::string on_device(const plan::Candidate& c) {
  return memory_of(c.device_memory_bytes, c.cut > 0);
}
std::string in_cloud(const plan::Candidate& c) {
  return memory_of(c.cloud_memory_bytes, c.strategy != plan::Strategy::kDevice);
}

bool memory_limited(const plan::Limits& limits) {
  return limits.device_memory_bytes || limits.cloud_memory_bytes;
}

/// "5.9 MB of 8.0 MB on the device, 11.3 MB in the cloud".
std::string memory_text(const std::string& device, const std::string& cloud,
                        const plan::Limits& limits) {
  const auto side = [](const std::string& size, const std::optional<double>& limit,
                       std::string_view where) {
    return size + (limit ? " of " + bytes_text(*limit) : "") + std::string(where);
  };
  return side(device, limits.device_memory_bytes, " on the device, ") +
         side(cloud, limits.cloud_memory_bytes, " in the cloud");
}

/// Of a schedule's groups on one side; ~ where an estimate is among them.
std::string memory_of(const study::PlannedSchedule& planned, plan::Side side) {
  const plan::Schedule& s = planned.solution.schedule;
  const bool device = side == plan::Side::kDevice;
  const bool used =
      std::ranges::find(s.groups, side, &plan::ScheduledGroup::side) != s.groups.end();
  const auto& estimated = device ? planned.estimated_on_device : planned.estimated_in_cloud;
  return (estimated.empty() ? "" : "~") +
         memory_of(device ? s.device_memory_bytes : s.cloud_memory_bytes, used);
}

void print_unfit(const plan::Problem& problem, const plan::Limits& limits,
                 const plan::FittingWays& ranking) {
  if (ranking.left_out == 0) return;
  const plan::Candidate& c = *ranking.nearest;
  const std::string_view others = ranking.ways.empty() ? "" : " more";
  fmt::print("{}{} ways do not fit the memory; {} lacks the least: it needs {}\n", ranking.left_out,
             others, place_of(c, problem.device), memory_text(on_device(c), in_cloud(c), limits));
}

/// How to have measured what is an estimate.
void print_estimates(const LoadedModel& loaded, const std::string& profile, std::string_view side,
                     const std::vector<std::pair<int, int>>& groups) {
  if (groups.empty()) return;
  std::string list;
  for (const auto& [first, last] : groups)
    list += fmt::format("{}{}-{}", list.empty() ? "" : ",", first, last);
  fmt::print(
      "estimated on the {0}: {1}; measure them there by cleave profile {2} --add-to {3} "
      "--groups {1}\n",
      side, list, loaded.name, profile);
}

}  // namespace

void print_plan_head(const plan::Problem& problem, const study::ScheduleRequest& request) {
  const Link& link = problem.link;
  fmt::print("{} over {}: up {:g} Mbit/s, down {:g} Mbit/s, round trip {:g} ms; least {} wanted\n",
             problem.device.model_name, link.name, link.up_mbps, link.down_mbps, link.rtt_ms,
             plan::objective_name(request.objective));
  if (request.training) {
    fmt::print("a training step, modelled: backward {:g}x forward, {:g} % of the weights change\n",
               request.training->backward_over_forward, 100 * request.training->updated);
  }
  if (problem.device.slowdown > 1) {
    fmt::print("the device is emulated: {:g}x slower than {}\n", problem.device.slowdown,
               problem.device.machine);
  }
  fmt::print("{}\n{}", energy_text(problem.energy, link), server_text(problem));
  if (!problem.picture.empty()) fmt::print("cloud-only sends the picture as {}\n", problem.picture);
}

void print_schedule(const LoadedModel& loaded, const PlanArgs& args,
                    const study::PlannedSchedule& planned) {
  const plan::Solution& solution = planned.solution;
  if (solution.status == plan::Status::kInfeasible) {
    fmt::print("\nno schedule keeps the limits\n");
    return;
  }
  const plan::Schedule& s = solution.schedule;
  const plan::Limits& limits = planned.problem.limits;
  fmt::print("\n{}: {}: {:.1f} ms, {:.1f} mJ, {:.0f} bytes\n",
             solution.status == plan::Status::kOptimal
                 ? "best schedule"
                 : "best with one crossing, of a network too wide for more",
             study::describe(loaded.model, s.groups), s.latency_ms, s.energy_mj, s.bytes);
  const auto steps = plan::steps_of(planned.problem, s.groups);
  if (!steps) return;
  for (const plan::ScheduleStep& step : *steps) {
    const std::string_view way = step.side == plan::Side::kCloud ? "up" : "down";
    fmt::print("  {:<7} {:<44.44} {:>9.2f} ms {:>9.2f} mJ",
               step.is_group() ? plan::side_name(step.side) : way,
               what_of(loaded, planned.problem, step), step.cost.ms + step.transfer.cost.ms,
               step.cost.mj + step.transfer.cost.mj);
    if (step.transfer.bytes > 0) fmt::print(" {:>9.0f} bytes", step.transfer.bytes);
    fmt::print("\n");
  }
  if (s.device_memory_bytes + s.cloud_memory_bytes > 0)
    fmt::print("memory: {}\n", memory_text(memory_of(planned, plan::Side::kDevice),
                                           memory_of(planned, plan::Side::kCloud), limits));
  fmt::print("{} of {} groups measured\n", planned.measured_groups, planned.all_groups);
  print_estimates(loaded, args.device, "device", planned.estimated_on_device);
  print_estimates(loaded, args.cloud, "cloud", planned.estimated_in_cloud);
}

void print_ranking(const plan::Problem& problem, const plan::Limits& limits,
                   const plan::FittingWays& ranking, std::size_t top) {
  if (ranking.ways.empty()) {
    fmt::print("\nno way with one crossing fits: ");
    return print_unfit(problem, limits, ranking);
  }
  const auto memory = [&](const std::string& device, const std::string& cloud) {
    return memory_limited(limits) ? fmt::format(" {:>9} {:>9}", device, cloud) : std::string();
  };
  fmt::print("\n{:<40} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}{}\n",
             "one crossing, best first", "total ms", "energy mJ", "head", "encode", "up", "decode",
             "tail", "down", "bytes up", memory("on device", "in cloud"));
  for (std::size_t i = 0; i < ranking.ways.size(); ++i) {
    const plan::Candidate& c = ranking.ways[i];
    if (i >= top && c.strategy == plan::Strategy::kSplit) continue;
    fmt::print(
        "{:<40.40} {:>9.1f} {:>9.1f} {:>8.2f} {:>8.2f} {:>8.1f} {:>8.2f} {:>8.2f} {:>8.1f} "
        "{:>9.0f}{}{}{}\n",
        place_of(c, problem.device), c.latency_ms, c.energy_mj, c.terms.head_ms, c.terms.encode_ms,
        c.terms.up_ms, c.terms.decode_ms, c.terms.tail_ms, c.terms.down_ms, c.bytes_up,
        memory(on_device(c), in_cloud(c)), c.interpolated ? " ~" : "",
        plan::within(c, limits) ? "" : " over a limit");
  }
  fmt::print("{} ways in all; ~ rests on interpolated costs\n", ranking.ways.size());
  print_unfit(problem, limits, ranking);
}

void print_codecs(const std::vector<study::CodecRow>& rows, const profile::Profile& device) {
  std::string link;
  std::size_t cut = 0;
  for (const study::CodecRow& row : rows) {
    if (row.link != link) {
      fmt::print("\n{:<40} {:<40} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} {:>10}\n",
                 "codecs over " + row.link, "", "bytes up", "encode", "up", "decode", "sum",
                 "total ms", "beside raw");
      cut = 0;
    }
    fmt::print(
        "{:<40.40} {:<40.40} {:>9.0f} {:>8.2f} {:>8.1f} {:>8.2f} {:>8.1f} {:>9.1f} {:>+10.1f}\n",
        row.way.cut == cut ? "" : place_of(row.way, device), row.codec, row.way.bytes_up,
        row.way.terms.encode_ms, row.way.terms.up_ms, row.way.terms.decode_ms, row.sending_ms(),
        row.way.latency_ms, row.beside_raw_ms);
    link = row.link;
    cut = row.way.cut;
  }
}

void print_front(const LoadedModel& loaded, const std::vector<plan::Schedule>& front) {
  fmt::print("\n{:>9} {:>9} {:>9}  that nothing beats in all three\n", "ms", "mJ", "bytes");
  for (const plan::Schedule& s : front) {
    fmt::print("{:>9.1f} {:>9.1f} {:>9.0f}  {}\n", s.latency_ms, s.energy_mj, s.bytes,
               study::describe(loaded.model, s.groups));
  }
}

void print_table(const plan::PlanTable& table) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto letter = [&](std::size_t i) { return i < kLetters.size() ? kLetters[i] : '*'; };
  fmt::print("\nrates up from {:.3g} to {:.3g} Mbit/s across, down {:.3g} times as much\n",
             table.up_mbps.first, table.up_mbps.last, table.down_over_up);
  for (std::size_t l = 0; l < table.load.points; ++l) {
    fmt::print("load {:>6.2f}  ", table.load.at(l));
    for (std::size_t r = 0; r < table.up_mbps.points; ++r)
      fmt::print("{}", letter(table.choices[l * table.up_mbps.points + r]));
    fmt::print("\n");
  }
  for (std::size_t i = 0; i < table.schedules.size(); ++i)
    fmt::print("{}: {}\n", letter(i), table.schedules[i].name);
}

Json limits_to_json(const plan::Limits& limits) {
  Json json = Json::object();
  if (limits.deadline_ms) json["deadline_ms"] = *limits.deadline_ms;
  if (limits.battery_mj) json["battery_mj"] = *limits.battery_mj;
  if (limits.cloud_ms) json["cloud_ms"] = *limits.cloud_ms;
  if (limits.device_memory_bytes) json["device_memory_bytes"] = *limits.device_memory_bytes;
  if (limits.cloud_memory_bytes) json["cloud_memory_bytes"] = *limits.cloud_memory_bytes;
  return json;
}

Json codecs_to_json(const std::vector<study::CodecRow>& rows) {
  Json list = Json::array();
  for (const study::CodecRow& row : rows) {
    list.push_back(plan::to_json(row.way));
    list.back()["link"] = row.link;
    list.back()["codec"] = row.codec;
    list.back()["sending_ms"] = row.sending_ms();
    list.back()["beside_raw_ms"] = row.beside_raw_ms;
  }
  return list;
}

Json front_to_json(const std::vector<plan::Schedule>& front) {
  Json list = Json::array();
  for (const plan::Schedule& s : front) {
    Json groups = Json::array();
    for (const plan::ScheduledGroup& g : s.groups)
      groups.push_back({{"first", g.first}, {"last", g.last}, {"where", plan::side_name(g.side)}});
    list.push_back({{"latency_ms", s.latency_ms},
                    {"energy_mj", s.energy_mj},
                    {"bytes", s.bytes},
                    {"groups", groups}});
  }
  return list;
}

}  // namespace cleave::app
