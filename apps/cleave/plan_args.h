#pragma once

#include <span>
#include <string>
#include <vector>

#include "codec/calibrated_value.h"
#include "model_args.h"
#include "plan/codec_choices.h"
#include "plan/cost_model.h"

namespace cleave::app {

/// The arguments of the verbs that plan: two profiles, a link, a codec.
struct PlanArgs {
  std::string device;
  std::string cloud;
  std::string link = "4g";
  std::string trace;              ///< file of a link's course; empty: the link as it is
  std::string over = "expected";  ///< or "worst": what of the trace counts
  std::string codec = "quant:bits=8,range=minmax|zstd:level=3";
  std::string power = plan::EnergyModel{}.power;  ///< of verbs that print energy
  std::vector<std::string> pictures;              ///< specs of how cloud-only may send a picture
};

void add_plan_args(CLI::App& command, PlanArgs& args);

/// What calibrated codecs do to the samples' values.
Result<plan::CodecChoice> measure_calibrated(const LoadedModel& loaded, const SampleArgs& samples,
                                             std::span<const codec::CalibratedValue> values);

/// Reads the profiles and measures what the codec and the input cost.
Result<plan::Problem> make_problem(const LoadedModel& loaded, const PlanArgs& args,
                                   const SampleArgs& samples);

}  // namespace cleave::app
