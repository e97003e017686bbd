#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "search/record.h"

namespace cleave::search {

/// How much of a training.
enum class Effort {
  kProxy,  ///< a few hundred steps of the unit alone
  kFull,
};

/// What a training gives.
struct Trained {
  Score score;  ///< but for the seconds
  std::string onnx_bytes;
  std::string code;  ///< the value that crosses
  Json calibration = Json::object();
};

/// Hears how many seconds a training takes still; kDeadlineExceeded where the budget is too small.
using Tick = std::function<Result<void>(double still_s)>;

/// What a search does not know by itself.
struct Tools {
  /// Trains a candidate; `checkpoint` is a file that it may go on from, empty for a proxy. Says to
  /// `tick` now and then how many seconds are still to go, and stops with its error.
  std::function<Result<Trained>(const Candidate&, Effort, const std::filesystem::path& checkpoint,
                                const Tick& tick)>
      train;
  /// What the plan makes of a candidate whose pictures come to so many bytes: less is better.
  std::function<double(const Candidate&, double payload_bytes)> cost;
  /// Hears of every record as it comes; may be empty.
  std::function<void(const Record&, Effort)> told;
};

struct Rules {
  double floor = 0.02;       ///< share of top-1 that may be lost
  double budget_s = 3600;    ///< that all trainings may take together, those before a resume too
  double proxy_share = 0.4;  ///< of the budget that proxies may take
};

/// What a search came to.
struct Outcome {
  Progress progress{};
  std::vector<double> costs;        ///< of each record
  std::vector<std::size_t> kept{};  ///< records within the floor, cheapest first
  bool all_proxies = true;          ///< every candidate has a proxy
  bool all_settled = true;          ///< nothing is left that a larger budget would train
};

/// Finds units within the floor that cost least (thesis, Algorithms 2 and 3), not by training all
/// of them: proxies first, of which those that others of their cut beat are dropped; then full
/// training in the order of what the plan makes of them, of those that are expected within the
/// floor, until for every cut the cheapest is known or the budget is used up. A candidate that
/// cannot be trained (kInvalidArgument, as where a run diverges, and kUnsupported) is left out; but
/// where it is the very first, the fault is taken to be one of all, and ends the search.
///
/// `folder` keeps the progress ("search.json"), saved with every tick, and the trained networks; a
/// search of the same question goes on there, and leaves records of other candidates as they are.
/// Errors: kInvalidArgument for another question's folder and for no
/// candidates; those of the tools.
Result<Outcome> run_search(const std::string& question, const std::vector<Candidate>& candidates,
                           const Rules& rules, const Tools& tools,
                           const std::filesystem::path& folder, Clock& clock);

}  // namespace cleave::search
