#pragma once

#include <span>
#include <string>
#include <vector>

#include "codec/calibrated_value.h"
#include "graph/model.h"

namespace cleave::study {

/// The values of calibration files (docs/formats/calibration.md), each of which crosses some cut of
/// the network. Of a folder its files of that format are taken. Errors name the file:
/// kInvalidArgument for a calibration of another network (by its `model_sha256`, else by the
/// value's name, type and shape), for a value that two files have, and for a folder that has none;
/// those of reading.
Result<std::vector<codec::CalibratedValue>> load_calibrations(const graph::Model& model,
                                                              std::span<const std::string> paths);

}  // namespace cleave::study
