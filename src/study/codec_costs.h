#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "data/preprocess.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/cost_model.h"

namespace cleave::study {

/// What it costs to send every cut of a network with one codec: the table by which codecs reach the
/// planner. Entry k belongs to the cut of index k; entries 0 and n are empty, and so are those of
/// cuts whose values the codec refuses; an error when it refuses all.
/// Each sample is a full set of inputs; the network is run on each, codecs are calibrated on all,
/// bytes are means over the samples and times medians of a few runs on one thread of this machine,
/// each after a rest (profile::kIdleMs), as a frame finds it.
Result<std::vector<std::optional<plan::CodecCost>>> measure_codec_costs(
    const graph::Model& model, engine::Engine& engine, std::string_view codec_spec,
    const std::vector<std::vector<Tensor>>& samples, Clock& clock);

/// What it costs to send pictures as JPEG: encoding the picture at the network's size, its bytes,
/// and decoding and preprocessing it at the other end.
Result<plan::CodecCost> measure_jpeg_cost(const data::Preprocess& preprocess,
                                          const std::vector<data::Image>& pictures, int quality,
                                          Clock& clock);

}  // namespace cleave::study
