#include "search/search.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/file.h"
#include "search/ranking.h"

namespace cleave::search {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlace = "search";
constexpr const char* kProgressFile = "search.json";

/// The name of a candidate's files, the same in every search.
std::string stem_of(const Candidate& candidate) {
  const std::string text = candidate.unit + '|' + candidate.codec;
  return fmt::format("{}-{:08x}", candidate.cut, crc32c(as_bytes(text)));
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
    Progress former;
    if (fs::exists(folder_ / kProgressFile)) {
      former = CLEAVE_TRY(load_progress(folder_ / kProgressFile));
      if (former.question != question)
        return fail(ErrorCode::kInvalidArgument, kPlace,
                    "'" + folder_.string() + "' holds another search (" + former.question +
                        "), expected " + question);
    }
    progress_.question = question;
    progress_.used_s = former.used_s;
    for (const Candidate& candidate : candidates) {
      const auto known = std::ranges::find(former.records, candidate, &Record::candidate);
      if (known == former.records.end()) {
        progress_.records.push_back({.candidate = candidate});
        continue;
      }
      progress_.records.push_back(std::move(*known));
      former.records.erase(known);
    }
    others_ = std::move(former.records);
    return {};
  }

  /// Whether all candidates have a proxy, or cannot have one.
  Result<bool> run_proxies() {
    for (Record& record : progress_.records) {
      if (record.proxy || !record.failure.empty()) continue;
      double slowest_s = 0;
      double spent_s = 0;
      for (const Record& other : progress_.records) {
        if (!other.proxy) continue;
        slowest_s = std::max(slowest_s, other.proxy->seconds);
        spent_s += other.proxy->seconds;
      }
      if (spent_s + slowest_s > rules_.proxy_share * rules_.budget_s ||
          progress_.used_s + slowest_s > rules_.budget_s)
        return false;
      if (!CLEAVE_TRY(train(record, Effort::kProxy))) return false;
    }
    return true;
  }

  /// Whether nothing is left to train.
  Result<bool> run_full() {
    while (true) {
      // Every training may change both: by its bytes, or by failing.
      const std::vector<std::size_t> front = undominated(progress_.records);
      const std::vector<double> costs = costs_of_records();
      const auto next = next_to_train(progress_.records, front, costs, rules_.floor);
      if (!next) return true;
      if (progress_.used_s >= rules_.budget_s) return false;
      if (!CLEAVE_TRY(train(progress_.records[*next], Effort::kFull))) return false;
    }
  }

  Outcome take(bool all_proxies, bool all_settled) {
    Outcome outcome{
        .costs = costs_of_records(), .all_proxies = all_proxies, .all_settled = all_settled};
    for (std::size_t i = 0; i < progress_.records.size(); ++i) {
      const Record& record = progress_.records[i];
      if (record.full && record.full->is_within(rules_.floor)) outcome.kept.push_back(i);
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

  Result<void> save() const {
    Progress all = progress_;
    all.records.insert(all.records.end(), others_.begin(), others_.end());
    return save_progress(all, folder_ / kProgressFile);
  }

  /// Trains a record and keeps what came of it; false where the budget did not let it.
  Result<bool> train(Record& record, Effort effort) {
    const bool is_full = effort == Effort::kFull;
    const fs::path checkpoint =
        is_full ? folder_ / (stem_of(record.candidate) + ".state") : fs::path();
    const double used_s = progress_.used_s;
    const double begun_s = record.begun_s;
    const Nanos began = clock_.now();
    const auto account = [&] {
      const double seconds = to_ms(clock_.now() - began) / 1000;
      progress_.used_s = used_s + seconds;
      if (is_full) record.begun_s = begun_s + seconds;
      return is_full ? record.begun_s : seconds;
    };
    auto trained =
        tools_.train(record.candidate, effort, checkpoint, [&](double still_s) -> Result<void> {
          account();
          CLEAVE_CHECK(save());
          return check_time(still_s);
        });
    const double seconds = account();
    Result<bool> outcome = keep(record, effort, std::move(trained), seconds);
    CLEAVE_CHECK(save());
    if (!outcome || !*outcome) return outcome;
    std::error_code ignored;
    if (is_full) fs::remove(checkpoint, ignored);
    if (tools_.told) tools_.told(record, effort);
    return true;
  }

  Result<void> check_time(double still_s) const {
    if (still_s <= 0 || progress_.used_s + still_s <= rules_.budget_s) return {};
    return fail(ErrorCode::kDeadlineExceeded, kPlace, "the budget is too small");
  }

  /// Whether to go on.
  Result<bool> keep(Record& record, Effort effort, Result<Trained> trained, double seconds) {
    if (!trained) return keep_failure(record, trained.error());
    trained->score.seconds = seconds;
    if (effort == Effort::kProxy) {
      record.proxy = trained->score;
      return true;
    }
    const std::string network = stem_of(record.candidate) + ".onnx";
    CLEAVE_CHECK(write_file(folder_ / network, trained->onnx_bytes));
    record.full = trained->score;
    record.network = network;
    record.code = std::move(trained->code);
    record.calibration = std::move(trained->calibration);
    return true;
  }

  Result<bool> keep_failure(Record& record, const Error& error) const {
    if (error.code == ErrorCode::kDeadlineExceeded) return false;
    const bool is_its_own =
        error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kUnsupported;
    const bool is_first = std::ranges::none_of(
        progress_.records, [](const Record& other) { return other.proxy.has_value(); });
    if (!is_its_own || is_first) return std::unexpected(error);
    record.failure = error.message;
    return true;
  }

  const Rules& rules_;
  const Tools& tools_;
  const fs::path& folder_;
  Clock& clock_;
  Progress progress_;           ///< of the candidates
  std::vector<Record> others_;  ///< that the folder knows besides
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
