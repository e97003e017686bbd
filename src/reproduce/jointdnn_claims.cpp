// What the text of thesis chapter 2 says of its results, beside ours.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "reproduce/jointdnn_figures.h"

namespace cleave::reproduce {
namespace {

using plan::Objective;
using Pick = std::function<bool(const PlanRow&)>;
using Number = std::function<double(const PlanRow&)>;

bool is_inference(const PlanRow& row) {
  const Question& q = row.question;
  return !q.updated && q.compression == 1 && q.speed == 1;
}
bool is_training(const PlanRow& row) {
  const Question& q = row.question;
  return q.updated && *q.updated == 1 && q.speed == 1;
}
bool asks(const PlanRow& row, Objective objective) { return row.question.objective == objective; }

std::vector<double> numbers(const std::vector<PlanRow>& rows, const Pick& pick,
                            const Number& number) {
  std::vector<double> list;
  for (const PlanRow& row : rows)
    if (pick(row)) list.push_back(number(row));
  return list;
}

double mean(const std::vector<double>& list) {
  double sum = 0;
  for (const double value : list) sum += value;
  return sum / static_cast<double>(list.size());
}

/// What is claimed, and how it is told from the rows of one pair; none of them: "-".
struct Told {
  std::string what;
  std::string thesis;
  std::function<std::string(const std::vector<PlanRow>&)> of;
};

Told largest(std::string what, std::string thesis, const Pick& pick, Objective objective) {
  return {std::move(what), std::move(thesis), [=](const std::vector<PlanRow>& rows) -> std::string {
            const PlanRow* best = nullptr;
            for (const PlanRow& row : rows) {
              if (!pick(row) || !asks(row, objective)) continue;
              if (best == nullptr || row.improvement_percent() > best->improvement_percent())
                best = &row;
            }
            if (best == nullptr) return "-";
            return fmt::format("{:.0f}% ({}, {}, batch {})", best->improvement_percent(),
                               best->network, best->question.link, best->batch);
          }};
}

/// A mean of percents.
Told average(std::string what, std::string thesis, const Pick& pick, const Number& number) {
  return {std::move(what), std::move(thesis), [=](const std::vector<PlanRow>& rows) -> std::string {
            const std::vector<double> list = numbers(rows, pick, number);
            return list.empty() ? "-" : fmt::format("{:.0f}%", mean(list));
          }};
}

double workload_reduction(const PlanRow& row) { return row.workload_reduction_percent(); }

void add_workloads(std::vector<Told>& told) {
  struct Cell {
    Objective objective;
    std::string_view link;
    int percent;
  };
  // Table 2.4.
  constexpr std::array kCells{
      Cell{Objective::kLatency, "3g", 84},   Cell{Objective::kLatency, "4g", 49},
      Cell{Objective::kLatency, "wifi", 12}, Cell{Objective::kEnergy, "3g", 73},
      Cell{Objective::kEnergy, "4g", 49},    Cell{Objective::kEnergy, "wifi", 51},
  };
  for (const Cell& cell : kCells) {
    told.push_back(average(
        fmt::format("table 2.4: server's work saved, {}, {}", plan::objective_name(cell.objective),
                    cell.link),
        fmt::format("{}%", cell.percent),
        [cell](const PlanRow& row) {
          return is_inference(row) && row.batch == 1 && asks(row, cell.objective) &&
                 row.question.link == cell.link;
        },
        workload_reduction));
  }
  told.push_back(average(
      "table 2.4: mean of its cells", "53%",
      [](const PlanRow& row) { return is_inference(row) && row.batch == 1; }, workload_reduction));
}

void add_alexnet(std::vector<Told>& told) {
  for (const auto& [link, percent] : {std::pair{"3g", 99}, {"4g", 93}, {"wifi", 81}}) {
    told.push_back(average(
        fmt::format("AlexNet, cloud-only: share of communication, {}", link),
        fmt::format("{}%", percent),
        [link](const PlanRow& row) {
          return is_inference(row) && row.batch == 1 && asks(row, Objective::kLatency) &&
                 row.network == "AlexNet" && row.question.link == link;
        },
        [](const PlanRow& row) {
          return 100 * row.cloud_only.transfer_ms / row.cloud_only.latency_ms();
        }));
  }
  told.push_back({"AlexNet: mobile-only faster than cloud-only", "on all three links",
                  [](const std::vector<PlanRow>& rows) -> std::string {
                    std::string links;
                    bool any = false;
                    for (const PlanRow& row : rows) {
                      if (!is_inference(row) || row.batch != 1 || row.network != "AlexNet" ||
                          !asks(row, Objective::kLatency))
                        continue;
                      any = true;
                      if (row.device_only.latency_ms() < row.cloud_only.latency_ms())
                        links += (links.empty() ? "" : ", ") + row.question.link;
                    }
                    return !any ? "-" : links.empty() ? "on none" : "on " + links;
                  }});
}

/// How much better plans are when every value is as much smaller as PNG made layers on average.
void add_compression(std::vector<Told>& told) {
  for (const auto& [objective, thesis] :
       {std::pair{Objective::kEnergy, "4.9x"}, {Objective::kLatency, "4.6x"}}) {
    told.push_back({fmt::format("further improvement with values 3.5 times smaller, {}",
                                plan::objective_name(objective)),
                    thesis, [objective](const std::vector<PlanRow>& rows) -> std::string {
                      const auto plans = [&](double compression) {
                        return numbers(
                            rows,
                            [&](const PlanRow& row) {
                              return !row.question.updated && row.batch == 1 &&
                                     row.question.speed == 1 && asks(row, objective) &&
                                     row.question.compression == compression;
                            },
                            [&](const PlanRow& row) { return row.planned.of(objective); });
                      };
                      const std::vector<double> plain = plans(1);
                      const std::vector<double> smaller = plans(kPngRatio);
                      if (plain.empty() || plain.size() != smaller.size()) return "-";
                      std::vector<double> ratios;
                      for (std::size_t i = 0; i < plain.size(); ++i)
                        ratios.push_back(plain[i] / smaller[i]);
                      return fmt::format("{:.1f}x", mean(ratios));
                    }});
  }
}

std::vector<Told> all_claims() {
  std::vector<Told> told;
  told.push_back(largest("inference: largest improvement of latency", "66%", is_inference,
                         Objective::kLatency));
  told.push_back(
      largest("inference: largest improvement of energy", "86%", is_inference, Objective::kEnergy));
  told.push_back(
      largest("training: largest improvement of latency", "73%", is_training, Objective::kLatency));
  told.push_back(
      largest("training: largest improvement of energy", "56%", is_training, Objective::kEnergy));
  add_workloads(told);
  add_alexnet(told);
  told.push_back(average(
      "share of communication in plans that cross, latency", "more than 75%",
      [](const PlanRow& row) {
        return is_inference(row) && row.batch == 1 && asks(row, Objective::kLatency) &&
               row.planned.transfer_ms > 0;
      },
      [](const PlanRow& row) { return 100 * row.planned.transfer_ms / row.planned.latency_ms(); }));
  add_compression(told);
  return told;
}

}  // namespace

std::vector<Claim> plan_claims(const std::vector<PlanRow>& rows) {
  const auto of = [&](std::string_view pair) {
    std::vector<PlanRow> list;
    std::ranges::copy_if(rows, std::back_inserter(list),
                         [&](const PlanRow& row) { return row.pair == pair; });
    return list;
  };
  const std::vector<PlanRow> modelled = of("modelled");
  const std::vector<PlanRow> measured = of("measured");
  std::vector<Claim> claims;
  for (const Told& told : all_claims())
    claims.push_back({told.what, told.thesis, told.of(modelled), told.of(measured)});
  return claims;
}

std::string plans_csv(const std::vector<PlanRow>& rows) {
  std::string csv =
      "pair,network,batch,pass,updated,link,objective,compression,speed,mobile_only_ms,cloud_only_"
      "ms,"
      "planned_ms,mobile_only_mj,cloud_only_mj,planned_mj,improvement_percent,"
      "server_work_saved_percent,crossings,exact\n";
  for (const PlanRow& r : rows) {
    const Question& q = r.question;
    int crossings = 0;
    plan::Side before = plan::Side::kDevice;
    for (const plan::Side side : r.sides) {
      crossings += side == before ? 0 : 1;
      before = side;
    }
    crossings += before == plan::Side::kCloud ? 1 : 0;
    csv += fmt::format(
        "{},{},{},{},{:g},{},{},{:g},{:g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.4g},{:.4g},{"
        "},"
        "{}\n",
        r.pair, r.network, r.batch, q.updated ? "training" : "inference", q.updated.value_or(0),
        q.link, plan::objective_name(q.objective), q.compression, q.speed,
        r.device_only.latency_ms(), r.cloud_only.latency_ms(), r.planned.latency_ms(),
        r.device_only.energy_mj(), r.cloud_only.energy_mj(), r.planned.energy_mj(),
        r.improvement_percent(), r.workload_reduction_percent(), crossings, r.exact ? "yes" : "no");
  }
  return csv;
}

}  // namespace cleave::reproduce
