#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "study/evaluate.h"

namespace cleave::app {

/// What `cleave eval` says, docs/formats/eval.md.
struct EvalReport {
  std::string network;  ///< as given
  std::string cut;      ///< its id; empty for a network
  std::string after_layer;
  std::vector<bundle::CrossingValue> crossing;
  std::string data;  ///< as given
  std::string split;
  std::size_t classes = 0;  ///< of the data
  std::size_t pictures = 0;
  std::size_t pictures_in_all = 0;
  std::uint64_t seed = 0;
  std::string preprocess;
  study::Evaluation evaluation;

  void describe(const bundle::CutEntry& entry);
  void describe(const study::EvalData& eval_data);
};

Json to_json(const EvalReport& report);
/// The same for people, on stdout.
void print(const EvalReport& report);

}  // namespace cleave::app
