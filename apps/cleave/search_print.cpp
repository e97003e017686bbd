#include "search_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/json.h"
#include "search/ranking.h"

namespace cleave::app {
namespace {

struct Effort {
  std::size_t proxies = 0;
  std::size_t full = 0;
  double mean_full_s = 0;
};

Effort effort_of(const search::Progress& progress) {
  Effort effort;
  for (const search::Record& record : progress.records) {
    if (record.proxy) ++effort.proxies;
    if (!record.full) continue;
    ++effort.full;
    effort.mean_full_s += record.full->seconds;
  }
  if (effort.full > 0) effort.mean_full_s /= static_cast<double>(effort.full);
  return effort;
}

/// What training every candidate in full would take; nothing before one was.
std::optional<double> naive_s(const search::Progress& progress) {
  const Effort effort = effort_of(progress);
  if (effort.full == 0) return std::nullopt;
  return effort.mean_full_s * static_cast<double>(progress.records.size());
}

std::string duration_text(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string loss_text(const std::optional<search::Score>& score) {
  return score ? fmt::format("{:.2f}", 100 * score->loss()) : "-";
}

Json to_json(const SearchReport& report) {
  const search::Progress& progress = report.outcome.progress;
  const Effort effort = effort_of(progress);
  Json json = search::to_json(progress);
  json["format"] = "cleave-search-report/1";
  json["objective"] = report.objective;
  json["basis"] = report.basis;
  json["floor"] = report.rules.floor;
  json["budget_s"] = report.rules.budget_s;
  json["proxies"] = effort.proxies;
  json["trained"] = effort.full;
  if (const auto all = naive_s(progress)) json["all_in_full_s"] = *all;
  if (const auto tau = search::kendall_tau(progress.records)) json["kendall_tau"] = *tau;
  json["kept"] = report.outcome.kept;
  for (std::size_t i = 0; i < progress.records.size(); ++i)
    if (progress.records[i].proxy) json["records"][i]["cost"] = report.outcome.costs[i];
  json["all_proxies"] = report.outcome.all_proxies;
  json["all_settled"] = report.outcome.all_settled;
  if (!report.bundle.empty()) json["bundle"] = report.bundle;
  return json;
}

/// Kept ones first, then those that were trained, then by the proxy's loss.
std::vector<std::size_t> order_of(const search::Outcome& outcome) {
  std::vector<std::size_t> order = outcome.kept;
  std::vector<std::size_t> rest;
  const auto& records = outcome.progress.records;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (std::ranges::find(order, i) == order.end() && records[i].proxy) rest.push_back(i);
  std::ranges::stable_sort(rest, {}, [&](std::size_t i) {
    return std::pair(!records[i].full,
                     records[i].full ? records[i].full->loss() : records[i].proxy->loss());
  });
  order.insert(order.end(), rest.begin(), rest.end());
  return order;
}

void print_table(const SearchReport& report) {
  const auto& [progress, costs, kept, all_proxies, all_settled] = report.outcome;
  const std::vector<std::size_t> front = search::undominated(progress.records);
  fmt::print("  {:>4}  {:<32} {:<24} {:>7} {:>11} {:>11} {:>10}\n", "cut", "unit", "codec", "bytes",
             "proxy loses", "full loses", report.objective);
  for (const std::size_t i : order_of(report.outcome)) {
    const search::Record& r = progress.records[i];
    const bool is_kept = std::ranges::find(kept, i) != kept.end();
    const bool is_beaten = std::ranges::find(front, i) == front.end();
    fmt::print("{} {:>4}  {:<32} {:<24} {:>7.0f} {:>11} {:>11} {:>10.4g}{}\n", is_kept ? "*" : " ",
               r.candidate.cut, r.candidate.unit, r.candidate.codec,
               (r.full ? r.full : r.proxy)->payload_bytes, loss_text(r.proxy), loss_text(r.full),
               costs[i], is_beaten && !r.full ? "  beaten" : "");
  }
}

}  // namespace

void print_beginning(const std::vector<search::Candidate>& candidates, const search::Rules& rules) {
  std::set<int> cuts;
  for (const search::Candidate& candidate : candidates) cuts.insert(candidate.cut);
  fmt::print(stderr, "{} candidates at {} cuts; budget {}, at most {} of it for proxies\n",
             candidates.size(), cuts.size(), duration_text(rules.budget_s),
             duration_text(rules.proxy_share * rules.budget_s));
}

void print_record(const search::Record& record, search::Effort effort) {
  const bool is_full = effort == search::Effort::kFull;
  if (!record.failure.empty()) {
    fmt::print(stderr, "failed  {} at {}, {}: {}\n", record.candidate.unit, record.candidate.cut,
               record.candidate.codec, record.failure);
    return;
  }
  const search::Score& score = is_full ? *record.full : *record.proxy;
  fmt::print(stderr, "{} {} at {}, {}: {:.2f} points lost at {:.0f} bytes, {:.0f} s\n",
             is_full ? "trained" : "proxy  ", record.candidate.unit, record.candidate.cut,
             record.candidate.codec, 100 * score.loss(), score.payload_bytes, score.seconds);
}

void print(const SearchReport& report, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", dump_json(to_json(report), 2));
    return;
  }
  const search::Progress& progress = report.outcome.progress;
  print_table(report);
  const Effort effort = effort_of(progress);
  for (const search::Record& r : progress.records)
    if (!r.failure.empty())
      fmt::print("  {:>4}  {:<32} {:<24} failed: {}\n", r.candidate.cut, r.candidate.unit,
                 r.candidate.codec, r.failure);
  fmt::print("losses are points of top-1; * within the floor of {:g}; {}\n",
             100 * report.rules.floor, report.basis);
  fmt::print("{} of {} candidates had a proxy, {} were trained fully, in {} of {}\n",
             effort.proxies, progress.records.size(), effort.full, duration_text(progress.used_s),
             duration_text(report.rules.budget_s));
  if (const auto all = naive_s(progress))
    fmt::print(
        "all of them in full would take {}, by the mean of those that were: {:.0f} % saved\n",
        duration_text(*all), 100 * (1 - progress.used_s / *all));
  if (const auto tau = search::kendall_tau(progress.records))
    fmt::print("proxies and full training rank alike by Kendall's tau of {:.2f}\n", *tau);
  if (!report.outcome.all_proxies) fmt::print("the budget did not last for the others' proxies\n");
  if (!report.outcome.all_settled)
    fmt::print("the budget did not last for all that may do: with a larger one it goes on\n");
  if (!report.bundle.empty()) fmt::print("written to {}\n", report.bundle);
}

}  // namespace cleave::app
