#include "search/search.h"

#include <algorithm>

#include "base/file.h"
#include "search/ranking.h"

namespace cleave::search {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlace = "search";
constexpr const char* kProgressFile = "search.json";

/// Whether others may well be trained where this one could not.
bool is_of_the_candidate(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kUnsupported;
}

class Search {
 public:
  Search(const Rules& rules, const Tools& tools, const fs::path& folder, Clock& clock)
      : rules_(rules), tools_(tools), folder_(folder), clock_(clock) {}

  /// A new search, or the one of the folder.
  Result<void> begin(const std::string& question, const std::vector<Candidate>& candidates) {
    if (candidates.empty())
      return fail(ErrorCode::kInvalidArgument, kPlace, "no candidate, expected one or more");
    std::error_code problem;
    fs::create_directories(folder_, problem);
    if (problem)
      return fail(ErrorCode::kIo, kPlace, "'" + folder_.string() + "': " + problem.message());
    if (fs::exists(folder_ / kProgressFile)) {
      progress_ = CLEAVE_TRY(load_progress(folder_ / kProgressFile));
      if (progress_.question != question)
        return fail(ErrorCode::kInvalidArgument, kPlace,
                    "'" + folder_.string() + "' holds another search (" + progress_.question +
                        "), expected " + question);
    }
    progress_.question = question;
    for (const Candidate& candidate : candidates)
      if (std::ranges::find(progress_.records, candidate, &Record::candidate) ==
          progress_.records.end())
        progress_.records.push_back({.candidate = candidate});
    return {};
  }

  /// Whether all candidates have a proxy.
  Result<bool> run_proxies() {
    double slowest_s = 0;
    for (const Record& record : progress_.records)
      if (record.proxy) slowest_s = std::max(slowest_s, record.proxy->seconds);
    for (std::size_t i = 0; i < progress_.records.size(); ++i) {
      if (progress_.records[i].proxy || !progress_.records[i].failure.empty()) continue;
      if (progress_.used_s + slowest_s > rules_.proxy_share * rules_.budget_s) return false;
      if (!CLEAVE_TRY(train(i, Effort::kProxy))) return false;
      if (progress_.records[i].proxy)
        slowest_s = std::max(slowest_s, progress_.records[i].proxy->seconds);
    }
    return true;
  }

  /// Whether nothing is left to train.
  Result<bool> run_full() {
    const std::vector<std::size_t> front = undominated(progress_.records);
    const std::vector<double> costs = costs_of_records();
    while (const auto next = next_to_train(progress_.records, front, costs, rules_.floor))
      if (!CLEAVE_TRY(train(*next, Effort::kFull))) return false;
    return true;
  }

  Outcome take(bool all_proxies, bool all_settled) {
    Outcome outcome{
        .costs = costs_of_records(), .all_proxies = all_proxies, .all_settled = all_settled};
    for (std::size_t i = 0; i < progress_.records.size(); ++i) {
      const Record& record = progress_.records[i];
      if (record.full && record.full->loss() <= rules_.floor) outcome.kept.push_back(i);
    }
    std::ranges::stable_sort(outcome.kept, {}, [&](std::size_t i) { return outcome.costs[i]; });
    outcome.progress = std::move(progress_);
    return outcome;
  }

 private:
  std::vector<double> costs_of_records() const {
    std::vector<double> costs;
    for (const Record& record : progress_.records) {
      const auto& score = record.full ? record.full : record.proxy;
      costs.push_back(score ? tools_.cost(record.candidate, score->payload_bytes) : 0);
    }
    return costs;
  }

  /// Trains a record and keeps what came of it; false where the budget did not let it.
  Result<bool> train(std::size_t i, Effort effort) {
    Record& record = progress_.records[i];
    const bool is_full = effort == Effort::kFull;
    const fs::path checkpoint = is_full ? folder_ / (std::to_string(i) + ".state") : fs::path();
    const Nanos began = clock_.now();
    auto trained = tools_.train(record.candidate, effort, checkpoint,
                                std::max(0.0, rules_.budget_s - progress_.used_s));
    const double seconds = to_ms(clock_.now() - began) / 1000;
    progress_.used_s += seconds;
    if (is_full) record.begun_s += seconds;
    const bool out_of_time = !trained && trained.error().code == ErrorCode::kDeadlineExceeded;
    if (trained)
      CLEAVE_CHECK(
          keep(record, i, effort, *std::move(trained), is_full ? record.begun_s : seconds));
    else if (is_of_the_candidate(trained.error().code))
      record.failure = trained.error().message;
    else if (!out_of_time)
      return std::unexpected(std::move(trained).error());
    CLEAVE_CHECK(save_progress(progress_, folder_ / kProgressFile));
    if (out_of_time) return false;
    std::error_code ignored;
    if (is_full) fs::remove(checkpoint, ignored);
    if (tools_.told) tools_.told(record, effort);
    return true;
  }

  Result<void> keep(Record& record, std::size_t i, Effort effort, Trained trained, double seconds) {
    trained.score.seconds = seconds;
    if (effort == Effort::kProxy) {
      record.proxy = trained.score;
      return {};
    }
    const std::string network = std::to_string(i) + ".onnx";
    CLEAVE_CHECK(write_file(folder_ / network, trained.onnx_bytes));
    record.full = trained.score;
    record.network = network;
    record.code = std::move(trained.code);
    record.calibration = std::move(trained.calibration);
    return {};
  }

  const Rules& rules_;
  const Tools& tools_;
  const fs::path& folder_;
  Clock& clock_;
  Progress progress_;
};

}  // namespace

Result<Outcome> run_search(const std::string& question, const std::vector<Candidate>& candidates,
                           const Rules& rules, const Tools& tools, const fs::path& folder,
                           Clock& clock) {
  Search search(rules, tools, folder, clock);
  CLEAVE_CHECK(search.begin(question, candidates));
  const bool all_proxies = CLEAVE_TRY(search.run_proxies());
  const bool all_settled = CLEAVE_TRY(search.run_full());
  return search.take(all_proxies, all_settled);
}

}  // namespace cleave::search
