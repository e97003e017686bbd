#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "plan/cost_model.h"

namespace cleave::plan {

/// What one codec does to one value, and what that costs in accuracy.
struct CodedValue {
  CodecCost cost;
  double loss = 0;  ///< in the measure of whoever made the table; 0: none
};

/// A codec and the values that it can send, by name.
struct CodecChoice {
  std::string codec;
  std::map<std::string, CodedValue> values;
};

/// The table from which a codec is chosen together with the schedule: "cleave-codecs/1",
/// docs/formats/plan.md. Reading fails with kInvalidArgument or kCorrupt, naming what was found and
/// what was expected.
Result<std::vector<CodecChoice>> codec_choices_from_json(const Json& json);
Json to_json(const std::vector<CodecChoice>& choices);
/// The same from a file of at most 64 MiB.
Result<std::vector<CodecChoice>> load_codec_choices(const std::filesystem::path& path);

/// The values whose loss is at most `max_loss`.
std::map<std::string, CodecCost> values_within(const CodecChoice& choice, double max_loss);

/// How values are sent where each may take one of two codecs.
struct MixedChoice {
  CodecChoice choice;            ///< named as the first
  std::set<std::string> second;  ///< the values that the second sends
};

/// Of `first` and `second`, for each value the one that costs less by itself (sending_cost()); the
/// first where they cost the same. What one of them cannot send the other does.
MixedChoice cheaper_values(const Problem& problem, Objective objective, CodecChoice first,
                           const CodecChoice& second);

}  // namespace cleave::plan
