#include "reproduce/unit_figures.h"

#include <fmt/format.h>

#include <cmath>

namespace cleave::reproduce {
namespace {

using plan::Objective;

/// 3.3.3 gives no loads: ours go on until the server, 30 times as fast without load, is four times
/// as slow as the modelled device.
constexpr std::array kSlower{1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 48.0, 64.0, 128.0};

double cost_of(const plan::Candidate& way, Objective objective) {
  return plan::objective_value(way, objective);
}

std::vector<std::string> block_numbers() {
  std::vector<std::string> list;
  for (std::size_t b = 1; b <= kResidualBlocks; ++b) list.push_back(std::to_string(b));
  return list;
}

}  // namespace

std::string BlockSizes::first_below_input() const {
  for (std::size_t i = 1; i < bytes.size(); ++i)
    if (bytes[i] < bytes.front()) return names[i];
  return {};
}

BlockSizes block_sizes(const Network& network, Blocks blocks) {
  const auto values = [](const std::vector<TensorSpec>& specs) {
    return known_bytes(specs) / static_cast<double>(sizeof(float));
  };
  BlockSizes sizes{std::string(network.title), {"input"}, {values(network.model.inputs())}};
  for (const std::size_t end : block_ends(network.model, blocks)) {
    sizes.names.push_back(block_name(blocks, sizes.names.size()));
    sizes.bytes.push_back(values(network.model.layers()[end].outputs));
  }
  return sizes;
}

Figure size_figure(std::string name, const std::vector<BlockSizes>& networks) {
  Figure figure{std::move(name), "What each block hands on",        "", Style::kStackedBars, "",
                "kB (8 bits)",   static_cast<int>(networks.size()), {}};
  for (const BlockSizes& sizes : networks) {
    Panel panel{sizes.network, sizes.names, {{"", {}}}};
    for (const double bytes : sizes.bytes) panel.series[0].values.push_back(bytes / 1000);
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

Figure table_figure(std::string name, std::string title, const UnitTable* theirs, const Pair& pair,
                    const std::vector<Partitioned>& settings) {
  Figure figure{std::move(name),     std::move(title), pair.name, Style::kLines,
                "unit behind block", "ms, mJ",         3,         {}};
  for (const Objective objective : {Objective::kLatency, Objective::kEnergy}) {
    for (std::size_t l = 0; l < settings.size(); ++l) {
      const Partitioned& s = settings[l];
      Panel panel{s.link + ", " + std::string(plan::objective_name(objective)),
                  block_numbers(),
                  {{"ours", {}}}};
      for (const plan::Candidate& way : s.costs)
        panel.series.front().values.push_back(cost_of(way, objective));
      const auto add = [&](std::string series, std::vector<double> values) {
        panel.series.push_back({std::move(series), std::move(values)});
      };
      if (theirs != nullptr) {
        const auto& row = theirs->row(objective, l);
        add("theirs", {row.begin(), row.end()});
      } else {
        add("mobile-only", std::vector(kResidualBlocks, cost_of(s.mobile_only, objective)));
        add("cloud-only", std::vector(kResidualBlocks, cost_of(s.cloud_only, objective)));
      }
      figure.panels.push_back(std::move(panel));
    }
  }
  return figure;
}

double off_percent(const UnitTable& theirs, const std::vector<Partitioned>& settings,
                   Objective objective) {
  double sum = 0;
  for (std::size_t l = 0; l < settings.size(); ++l)
    for (std::size_t b = 0; b < kResidualBlocks; ++b)
      sum += std::abs(cost_of(settings[l].costs[b], objective) / theirs.row(objective, l)[b] - 1);
  return 100 * sum / static_cast<double>(settings.size() * kResidualBlocks);
}

Result<std::vector<LoadStep>> load_sweep(const Network& network, const Costs& costs,
                                         const std::vector<Partition>& partitions,
                                         double cloud_only_bytes) {
  std::vector<LoadStep> steps;
  for (const double slower : kSlower) {
    LoadStep step{slower, {}};
    const auto settings =
        CLEAVE_TRY(over_links(network, costs, partitions, cloud_only_bytes, {.cloud = slower - 1}));
    for (std::size_t l = 0; l < settings.size(); ++l) step.block[l] = settings[l].fastest + 1;
    steps.push_back(step);
  }
  return steps;
}

Figure load_figure(std::string name, const Pair& pair, const std::vector<LoadStep>& steps) {
  Figure figure{std::move(name),
                "Where the unit goes as the server slows down",
                pair.name,
                Style::kCurves,
                "server, times as slow as without load",
                "block, for latency",
                1,
                {{"", {}, {}}}};
  for (std::size_t l = 0; l < link_presets().size(); ++l) {
    Series series{link_presets()[l].name, {}};
    for (const LoadStep& step : steps) {
      series.values.push_back(static_cast<double>(step.block[l]));
      series.at.push_back(step.slower);
    }
    figure.panels.front().series.push_back(std::move(series));
  }
  return figure;
}

std::string load_text(const std::vector<LoadStep>& steps) {
  std::string all;
  for (std::size_t l = 0; l < link_presets().size(); ++l)
    all += fmt::format("{}RB{} to RB{}", all.empty() ? "" : ", ", steps.front().block[l],
                       steps.back().block[l]);
  return all;
}

}  // namespace cleave::reproduce
