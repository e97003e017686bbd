#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "codec/calibrated_value.h"
#include "codec/codec.h"
#include "data/picture_codec.h"
#include "data/preprocess.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "plan/codec_choices.h"

namespace cleave::study {

/// What a codec does to a value, `tensors` being what it was in each sample: bytes and losses are
/// means over the samples and times medians of a few runs on one thread of this machine, each after
/// a rest (profile::kIdleMs), as a frame finds it. The loss is the largest change that coding
/// makes, over the range of the value. Errors: no sample; those of the codec.
Result<plan::CodedValue> measure_codec(const codec::Codec& codec, std::span<const Tensor> tensors,
                                       Clock& clock);

/// measure_codec() for each value that may cross; values that the codec refuses are not there. The
/// network is run on every sample, a full set of inputs, and the codec calibrated on all. An error
/// when the codec refuses every value.
Result<plan::CodecChoice> measure_codec_costs(const graph::Model& model, engine::Engine& engine,
                                              std::string_view codec_spec,
                                              const std::vector<std::vector<Tensor>>& samples,
                                              Clock& clock);

/// measure_codec() for each value that was calibrated before. Errors: values that the network does
/// not have; those of the codecs.
Result<plan::CodecChoice> measure_calibrated_costs(const graph::Model& model,
                                                   engine::Engine& engine,
                                                   std::span<const codec::CalibratedValue> known,
                                                   const std::vector<std::vector<Tensor>>& samples,
                                                   Clock& clock);

/// All values of a cut together; nothing where one is not in the table.
std::optional<plan::CodecCost> cost_of_cut(const graph::Cut& cut,
                                           const std::map<std::string, plan::CodecCost>& table);

/// What it costs to send pictures whole: encoding the picture at the network's size, its bytes, and
/// decoding and preprocessing it at the other end. Errors: kInvalidArgument without a picture;
/// those of the codec.
Result<plan::CodecCost> measure_picture_cost(const data::Preprocess& preprocess,
                                             std::span<const data::Image> pictures,
                                             const data::PictureCodec& codec, Clock& clock);

}  // namespace cleave::study
