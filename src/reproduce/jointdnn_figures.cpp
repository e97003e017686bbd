#include "reproduce/jointdnn_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/link.h"

namespace cleave::reproduce {
namespace {

using plan::Objective;

/// As asked for figures 2.8 and 2.9: nothing but link, objective and pass.
bool is_plain(const Question& q) {
  return q.compression == 1 && q.speed == 1 && (!q.updated || *q.updated == 1);
}

/// The networks of some rows, in their order.
std::vector<std::string> networks_of(const std::vector<PlanRow>& rows) {
  std::vector<std::string> names;
  for (const PlanRow& row : rows)
    if (std::ranges::find(names, row.network) == names.end()) names.push_back(row.network);
  return names;
}

std::vector<std::string> texts(const std::vector<int>& numbers) {
  std::vector<std::string> list;
  for (const int n : numbers) list.push_back(std::to_string(n));
  return list;
}

/// Figures 2.8 and 2.9: improvement over batch sizes, a line for each link.
Figure improvements(const Pair& pair, const std::vector<PlanRow>& rows, bool training) {
  Figure figure{training ? "figure_2_9_" + pair.name : "figure_2_8_" + pair.name,
                training ? "Training: over the better of mobile-only and cloud-only"
                         : "Inference: over the better of mobile-only and cloud-only",
                pair.description,
                Style::kLines,
                "batch size",
                "improvement, %",
                4,
                {}};
  for (const std::string& network : networks_of(rows)) {
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy}) {
      Panel panel{
          network + ", " + std::string(plan::objective_name(objective)), texts(pair.batches), {}};
      for (const Link& link : link_presets()) {
        Series series{link.name, {}};
        for (const PlanRow& row : rows) {
          const Question& q = row.question;
          if (row.network == network && is_plain(q) && q.updated.has_value() == training &&
              q.objective == objective && q.link == link.name)
            series.values.push_back(row.improvement_percent());
        }
        panel.series.push_back(std::move(series));
      }
      figure.panels.push_back(std::move(panel));
    }
  }
  return figure;
}

/// Figure 2.10 (a): latency of a training step over the share of weights that it updates.
Panel updated_weights(const std::vector<PlanRow>& rows) {
  Panel panel{"JointDNN's training over wifi; % of the weights updated", {}, {}};
  for (const std::string& network : networks_of(rows)) {
    Series series{network, {}};
    std::vector<std::string> shares;
    for (const PlanRow& row : rows) {
      const Question& q = row.question;
      if (row.network != network || row.batch != 1 || !q.updated || q.link != "wifi" ||
          q.objective != Objective::kLatency || q.speed != 1)
        continue;
      shares.push_back(fmt::format("{:g}", 100 * *q.updated));
      series.values.push_back(row.planned.latency_ms());
    }
    panel.points = shares;
    panel.series.push_back(std::move(series));
  }
  return panel;
}

/// Figure 2.10 (b): latency of mobile-only inference over the batch.
Panel mobile_only(const Pair& pair, const std::vector<PlanRow>& rows) {
  Panel panel{"mobile-only inference; batch size", texts(pair.batches), {}};
  for (const std::string& network : networks_of(rows)) {
    Series series{network, {}};
    for (const PlanRow& row : rows) {
      const Question& q = row.question;
      if (row.network == network && is_plain(q) && !q.updated && q.link == "wifi" &&
          q.objective == Objective::kLatency)
        series.values.push_back(row.device_only.latency_ms());
    }
    panel.series.push_back(std::move(series));
  }
  return panel;
}

/// A network's layers by size, coloured by where a plan runs them; in training forth and back.
Panel schedule_panel(const PlanRow& row, const LayerSizes& sizes) {
  Panel panel{row.network + (row.question.updated ? ", training" : ", inference"),
              {},
              {{"mobile", {}}, {"cloud", {}}}};
  const std::size_t layers = sizes.names.size() - 1;
  const auto add = [&](const std::string& name, std::size_t place, bool mobile) {
    panel.points.push_back(name);
    panel.series[0].values.push_back(mobile ? sizes.bytes[place] / 1000 : 0);
    panel.series[1].values.push_back(mobile ? 0 : sizes.bytes[place] / 1000);
  };
  add(sizes.names.front(), 0, true);
  for (std::size_t i = 0; i < row.sides.size(); ++i) {
    const bool forward = i < layers;
    const std::size_t place = forward ? i + 1 : 2 * layers - i;
    add(forward ? sizes.names[place] : "d " + sizes.names[place], place,
        row.sides[i] == plan::Side::kDevice);
  }
  return panel;
}

/// Figure 2.11: schedules where both sides give half of what they have.
Figure schedules(const Pair& pair, const std::vector<PlanRow>& rows,
                 const std::vector<LayerSizes>& sizes) {
  Figure figure{"figure_2_11_" + pair.name,
                "Wi-Fi, latency, half of both machines",
                pair.description,
                Style::kStackedBars,
                "",
                "kB of each layer (8 bits)",
                2,
                {}};
  for (const PlanRow& row : rows) {
    const auto of = std::ranges::find(sizes, row.network, &LayerSizes::network);
    if (row.question.speed != 1 && of != sizes.end())
      figure.panels.push_back(schedule_panel(row, *of));
  }
  return figure;
}

/// A bar of figure 2.12.
void add_bar(Panel& panel, const std::string& name, const Breakdown& b, Objective objective) {
  panel.points.push_back(name);
  const bool latency = objective == Objective::kLatency;
  const std::array parts{latency ? b.device_ms : b.device_mj, latency ? b.cloud_ms : 0.0,
                         latency ? b.transfer_ms : b.transfer_mj};
  for (std::size_t i = 0; i < parts.size(); ++i) panel.series[i].values.push_back(parts[i]);
}

/// Figure 2.12: where AlexNet's time and energy go, and its layers under the plan for Wi-Fi.
Figure alexnet(const Pair& pair, const std::vector<PlanRow>& rows,
               const std::vector<LayerSizes>& sizes) {
  Figure figure{"figure_2_12_" + pair.name,
                "AlexNet",
                pair.description,
                Style::kStackedBars,
                "",
                "ms, mJ, kB",
                3,
                {}};
  const auto of = std::ranges::find(sizes, "AlexNet", &LayerSizes::network);
  std::vector<Panel> layers;
  for (const Objective objective : {Objective::kLatency, Objective::kEnergy}) {
    Panel panel{objective == Objective::kLatency ? "time, ms" : "energy of the mobile, mJ",
                {},
                {{"mobile", {}}, {"cloud", {}}, {"communication", {}}}};
    for (const PlanRow& row : rows) {
      const Question& q = row.question;
      if (row.network != "AlexNet" || row.batch != 1 || !is_plain(q) || q.updated ||
          q.objective != objective)
        continue;
      if (panel.points.empty()) add_bar(panel, "mobile-only", row.device_only, objective);
      add_bar(panel, "cloud-only, " + q.link, row.cloud_only, objective);
      add_bar(panel, "JointDNN, " + q.link, row.planned, objective);
      if (q.link == "wifi" && objective == Objective::kLatency && of != sizes.end())
        layers.push_back(schedule_panel(row, *of));
    }
    if (!panel.points.empty()) figure.panels.push_back(std::move(panel));
  }
  figure.panels.insert(figure.panels.end(), layers.begin(), layers.end());
  return figure;
}

}  // namespace

std::vector<Figure> plan_figures(const Pair& pair, const std::vector<PlanRow>& all,
                                 const std::vector<LayerSizes>& sizes) {
  std::vector<PlanRow> rows;
  std::ranges::copy_if(all, std::back_inserter(rows),
                       [&](const PlanRow& row) { return row.pair == pair.name; });
  std::vector<Figure> figures{improvements(pair, rows, false),
                              improvements(pair, rows, true),
                              {"figure_2_10_" + pair.name,
                               "Latency, ms",
                               pair.description,
                               Style::kLines,
                               "",
                               "ms",
                               2,
                               {updated_weights(rows), mobile_only(pair, rows)}},
                              schedules(pair, rows, sizes),
                              alexnet(pair, rows, sizes)};
  return figures;
}

Figure size_figure(const std::vector<LayerSizes>& sizes) {
  Figure figure{
      "figure_2_2", "What each layer hands on", "", Style::kStackedBars, "", "kB (8 bits)", 3, {}};
  for (const std::string_view network : {"VGG16", "Pix2Pix", "Chair"}) {
    const auto of = std::ranges::find(sizes, network, &LayerSizes::network);
    if (of == sizes.end()) continue;
    Panel panel{of->network, of->names, {{"", {}}}};
    for (const double bytes : of->bytes) panel.series[0].values.push_back(bytes / 1000);
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

}  // namespace cleave::reproduce
