#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/stats.h"
#include "search/candidates.h"

namespace cleave::search {

/// What training a candidate came to, on pictures that were not trained on.
struct Score {
  double accuracy = 0;        ///< top-1, in 0..1
  double uncut_accuracy = 0;  ///< of the network without the unit, on the same pictures
  double payload_bytes = 0;   ///< of a picture's code, on average
  double seconds = 0;         ///< that it took

  /// Share of top-1 that is lost.
  double loss() const { return uncut_accuracy - accuracy; }
  bool is_within(double floor) const { return is_at_most(loss(), floor); }
};

/// What is known of a candidate.
struct Record {
  Candidate candidate;
  std::optional<Score> proxy{};  ///< after a short training of the unit alone
  std::optional<Score> full{};   ///< after the whole
  double begun_s = 0;            ///< that went into full training before it was broken off
  std::string failure{};  ///< why it could not be trained; empty: nothing is known to hinder it
  /// Of the fully trained network: its file, the value that crosses in it, and what the codec
  /// measured of that.
  std::string network{};
  std::string code{};
  Json calibration = Json::object();
};

/// How far a search is: "cleave-search/1", docs/formats/search.md.
struct Progress {
  std::string question;  ///< what makes two searches the same
  double used_s = 0;     ///< of the budget
  std::vector<Record> records;
};

Json to_json(const Progress& progress);
/// Errors: kNotThisFormat, kUnsupported for a newer version, kCorrupt.
Result<Progress> progress_from_json(const Json& json);

/// The same from and to a file, which is replaced whole; at most 64 MiB.
Result<Progress> load_progress(const std::filesystem::path& path);
Result<void> save_progress(const Progress& progress, const std::filesystem::path& path);

}  // namespace cleave::search
