#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "data/preprocess.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/codec_choices.h"

namespace cleave::study {

/// What one codec does to each value that may cross; values that it refuses are not there. The
/// network is run on every sample, a full set of inputs, codecs are calibrated on all, bytes and
/// losses are means over the samples and times medians of a few runs on one thread of this machine,
/// each after a rest (profile::kIdleMs), as a frame finds it. The loss is the largest change that
/// coding makes, over the range of the value. An error when the codec refuses every value.
Result<plan::CodecChoice> measure_codec_costs(const graph::Model& model, engine::Engine& engine,
                                              std::string_view codec_spec,
                                              const std::vector<std::vector<Tensor>>& samples,
                                              Clock& clock);

/// All values of a cut together; nothing where one is not in the table.
std::optional<plan::CodecCost> cost_of_cut(const graph::Cut& cut,
                                           const std::map<std::string, plan::CodecCost>& table);

/// What it costs to send pictures as JPEG: encoding the picture at the network's size, its bytes,
/// and decoding and preprocessing it at the other end.
Result<plan::CodecCost> measure_jpeg_cost(const data::Preprocess& preprocess,
                                          const std::vector<data::Image>& pictures, int quality,
                                          Clock& clock);

}  // namespace cleave::study
