#include "reproduce/partitions.h"

#include <fmt/format.h>

#include <algorithm>

#include "plan/scaling.h"
#include "reproduce/figure.h"

namespace cleave::reproduce {
namespace {

constexpr std::string_view kPlace = "reproduce.partitions";

std::int64_t over(std::int64_t side, int stride) { return (side + stride - 1) / stride; }

/// The next odd number, so that the middle of the filter is a pixel.
std::int64_t filter_of(int stride) { return stride + 1 + stride % 2; }

void add_ms(std::optional<profile::Cost>& cost, double ms) {
  if (cost) cost->median_ms += ms;
}

/// How long so many products take where the whole network runs as fast as it does.
double unit_ms(const profile::Profile& profile, double macs, const graph::Model& model) {
  return macs * profile.whole_ms / static_cast<double>(model.totals().macs);
}

plan::Problem problem_of(const Network& network, const Costs& costs,
                         const std::vector<Partition>& partitions, double cloud_only_bytes,
                         const Link& link, const Load& load) {
  plan::Problem p;
  p.device = costs.device;
  p.cloud = costs.cloud;
  for (const Partition& partition : partitions) {
    const double macs = reduction_macs(partition.value, partition.unit);
    add_ms(p.device.head[partition.cut], unit_ms(costs.device, macs, network.model));
    add_ms(p.cloud.tail[partition.cut], unit_ms(costs.cloud, macs, network.model));
  }
  plan::load_device(p, 1 + load.mobile);
  plan::load_server(p, 1 + load.cloud);
  p.link = link;
  p.link.rtt_ms = 0;
  p.request_overhead_bytes = p.answer_overhead_bytes = 0;
  p.codec.resize(network.model.layers().size() + 1);
  p.codec.front() = plan::CodecCost{cloud_only_bytes, 0, 0};
  for (const Partition& partition : partitions)
    p.codec[partition.cut] = plan::CodecCost{partition.sent_bytes, 0, 0};
  return p;
}

/// Which partition comes first in a ranking that also has the network on one side alone.
Result<std::size_t> best(const plan::Problem& problem, plan::Objective objective,
                         const std::vector<Partition>& partitions) {
  const std::vector<plan::Candidate> ranking = CLEAVE_TRY(plan::rank_cuts(problem, objective));
  for (const plan::Candidate& way : ranking) {
    if (way.strategy != plan::Strategy::kSplit) continue;
    const auto it = std::ranges::find(partitions, way.cut, &Partition::cut);
    return static_cast<std::size_t>(it - partitions.begin());
  }
  return fail(ErrorCode::kNotFound, kPlace, "no place of a unit has costs on both sides");
}

}  // namespace

std::int64_t code_values(const Shape& value, const UnitShape& unit) {
  return unit.channels * over(value[2], unit.stride) * over(value[3], unit.stride);
}

double reduction_macs(const Shape& value, const UnitShape& unit) {
  const auto channels = static_cast<double>(value[1]);
  const auto pixels =
      static_cast<double>(over(value[2], unit.stride) * over(value[3], unit.stride));
  const double by_channel = pixels * channels * unit.channels;
  if (unit.stride == 1) return by_channel;
  const auto filter = static_cast<double>(filter_of(unit.stride));
  return by_channel + pixels * filter * filter * channels * channels;
}

std::vector<std::size_t> block_ends(const graph::Model& model, Blocks blocks) {
  std::vector<std::size_t> ends;
  const auto& layers = model.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool is_end = blocks == Blocks::kResidual ? layers[i].op.contains("Add")
                                                    : layers[i].op.starts_with("Conv");
    if (is_end) ends.push_back(i);
  }
  return ends;
}

std::vector<std::size_t> cuts_behind(const graph::Model& model, Blocks blocks) {
  std::vector<std::size_t> cuts = block_ends(model, blocks);
  for (std::size_t& cut : cuts) ++cut;
  return cuts;
}

std::string block_name(Blocks blocks, std::size_t block) {
  return (blocks == Blocks::kResidual ? "RB" : "C") + std::to_string(block);
}

Result<std::vector<Partition>> partitions_of(const graph::Model& model, Blocks blocks,
                                             const std::vector<Sent>& sent) {
  const std::vector<std::size_t> ends = block_ends(model, blocks);
  std::vector<Partition> list;
  for (const Sent& s : sent) {
    if (s.block < 1 || s.block > ends.size())
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "no " + block_name(blocks, s.block) + " in '" + model.name() +
                      "', expected 1 to " + std::to_string(ends.size()));
    const std::size_t end = ends[s.block - 1];
    const Shape& value = model.layers()[end].outputs.front().shape;
    const auto values = static_cast<double>(code_values(value, s.unit));
    list.push_back(
        {block_name(blocks, s.block), end + 1, value, s.unit, s.bytes > 0 ? s.bytes : values});
  }
  return list;
}

Result<Partitioned> select_partition(const Network& network, const Costs& costs,
                                     const std::vector<Partition>& partitions,
                                     double cloud_only_bytes, const Link& link, const Load& load) {
  const plan::Problem problem =
      problem_of(network, costs, partitions, cloud_only_bytes, link, load);
  Partitioned result{std::string(network.title), link.name, {}, {}, partitions, {}, 0, 0};
  const auto cost = [&](std::size_t cut) -> Result<plan::Candidate> {
    if (const auto found = plan::evaluate(problem, cut)) return *found;
    return fail(
        ErrorCode::kNotFound, kPlace,
        "cut " + std::to_string(cut) + " has no costs: the budget ended before it was measured");
  };
  result.mobile_only = CLEAVE_TRY(cost(problem.device.layers()));
  result.cloud_only = CLEAVE_TRY(cost(0));
  for (const Partition& partition : partitions)
    result.costs.push_back(CLEAVE_TRY(cost(partition.cut)));
  result.fastest = CLEAVE_TRY(best(problem, plan::Objective::kLatency, partitions));
  result.most_frugal = CLEAVE_TRY(best(problem, plan::Objective::kEnergy, partitions));
  return result;
}

bool budget_ended(const Error& error) {
  return error.code == ErrorCode::kNotFound && error.place == kPlace;
}

Result<std::vector<Partitioned>> over_links(const Network& network, const Costs& costs,
                                            const std::vector<Partition>& partitions,
                                            double cloud_only_bytes, const Load& load) {
  std::vector<Partitioned> list;
  for (const Link& link : link_presets())
    list.push_back(
        CLEAVE_TRY(select_partition(network, costs, partitions, cloud_only_bytes, link, load)));
  return list;
}

std::string partitions_csv(std::string_view pair, std::string_view table,
                           const std::vector<Partitioned>& settings) {
  std::string csv;
  for (const Partitioned& s : settings) {
    const auto add = [&](std::string_view place, const plan::Candidate& way, std::string_view unit,
                         std::string_view selected) {
      csv += fmt::format("{},{},{},{},{},{},{:g},{:.6g},{:.6g},{}\n", pair, csv_field(table),
                         s.network, s.link, place, unit, way.bytes_up, way.latency_ms,
                         way.energy_mj, selected);
    };
    add("mobile-only", s.mobile_only, ",", "");
    add("cloud-only", s.cloud_only, ",", "");
    for (std::size_t i = 0; i < s.costs.size(); ++i) {
      const UnitShape& unit = s.partitions[i].unit;
      add(s.partitions[i].place, s.costs[i], fmt::format("{},{}", unit.channels, unit.stride),
          i == s.fastest && i == s.most_frugal ? "both"
          : i == s.fastest                     ? "latency"
          : i == s.most_frugal                 ? "energy"
                                               : "");
    }
  }
  return csv;
}

}  // namespace cleave::reproduce
