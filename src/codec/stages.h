#pragma once

#include <memory>

#include "codec/stage.h"

/// Makers of the built-in stages, for the table in builtin_stages.cpp.
namespace cleave::codec {

using StageResult = Result<std::unique_ptr<const Stage>>;

StageResult make_raw(const Spec& spec, const Json& calibration);
StageResult make_f16(const Spec& spec, const Json& calibration);
StageResult make_quant(const Spec& spec, const Json& calibration);
StageResult make_zstd(const Spec& spec, const Json& calibration);
StageResult make_tile(const Spec& spec, const Json& calibration);
StageResult make_png(const Spec& spec, const Json& calibration);
StageResult make_jpeg(const Spec& spec, const Json& calibration);
StageResult make_webp(const Spec& spec, const Json& calibration);
/// Both h264 and h265, which the spec's name tells apart.
StageResult make_video(const Spec& spec, const Json& calibration);
StageResult make_cleave(const Spec& spec, const Json& calibration);

/// Mean and standard deviation where range=sigma3 wants them, else null.
Result<Json> calibrate_quant(const Spec& spec, std::span<const Tensor> samples);
/// The order of the channels where order=similar wants it, else null.
Result<Json> calibrate_tile(const Spec& spec, std::span<const Tensor> samples);
/// A feature basis.
Result<Json> calibrate_cleave(const Spec& spec, std::span<const Tensor> samples);

}  // namespace cleave::codec
