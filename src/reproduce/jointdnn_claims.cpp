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
            const bool estimated = best->pair != "modelled" && best->estimated_groups > 0;
            return fmt::format("{}{:.0f}% ({}, {}, batch {})", estimated ? "~" : "",
                               best->improvement_percent(), best->network, best->question.link,
                               best->batch);
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
        fmt::format("{}%{}", percent, link == std::string_view("3g") ? "" : " (sets the model)"),
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

/// The mean over plans of what they cost with one compression over what they do with another.
std::string gain(const std::vector<PlanRow>& rows, Objective objective, double before,
                 double after) {
  const auto plans = [&](double compression) {
    return numbers(
        rows,
        [&](const PlanRow& row) {
          return !row.question.updated && row.batch == 1 && row.question.speed == 1 &&
                 asks(row, objective) && row.question.compression == compression;
        },
        [&](const PlanRow& row) { return row.planned.of(objective); });
  };
  const std::vector<double> plain = plans(before);
  const std::vector<double> smaller = plans(after);
  if (plain.empty() || plain.size() != smaller.size()) return "-";
  std::vector<double> ratios;
  for (std::size_t i = 0; i < plain.size(); ++i) ratios.push_back(plain[i] / smaller[i]);
  return fmt::format("{:.1f}x", mean(ratios));
}

/// How much better plans are when every value is as much smaller as PNG made layers on average; the
/// thesis's baseline has no quantisation either (2.4.2).
void add_compression(std::vector<Told>& told) {
  for (const auto& [objective, thesis] :
       {std::pair{Objective::kEnergy, "4.9x"}, {Objective::kLatency, "4.6x"}}) {
    told.push_back(
        {fmt::format("values 3.5 times smaller than 8 bits, {}", plan::objective_name(objective)),
         thesis, [objective](const std::vector<PlanRow>& rows) -> std::string {
           std::string over_8 = gain(rows, objective, 1, kPngRatio);
           if (over_8 == "-") return over_8;
           return over_8 + " over 8 bits, " + gain(rows, objective, kFloats, kPngRatio) +
                  " over 32";
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
  for (const Objective objective : {Objective::kLatency, Objective::kEnergy})
    told.push_back(
        {fmt::format("AlexNet over Wi-Fi, {}: layers on the mobile",
                     plan::objective_name(objective)),
         "9 of 22 (to pool2)", [objective](const std::vector<PlanRow>& rows) -> std::string {
           for (const PlanRow& row : rows)
             if (is_inference(row) && row.batch == 1 && row.network == "AlexNet" &&
                 asks(row, objective) && row.question.link == "wifi")
               return fmt::format("{} of {}", std::ranges::count(row.sides, plan::Side::kDevice),
                                  row.sides.size());
           return "-";
         }});
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

}  // namespace cleave::reproduce
