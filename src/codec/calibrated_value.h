#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"

namespace cleave::codec {

inline constexpr std::string_view kCalibrationFormat = "cleave-calibration/1";

/// How one value of a network is to be coded: what a calibration found.
struct CalibratedValue {
  TensorSpec value;
  std::string codec;
  Json calibration = Json::object();
};

/// The member `values` of a calibration file, docs/formats/calibration.md.
Json to_json(std::span<const CalibratedValue> values);

/// The values of a calibration file, each of whose codecs can be created. Errors: kNotThisFormat,
/// kCorrupt, and those of Codec::create() with the value's name.
Result<std::vector<CalibratedValue>> calibrated_values_from_json(const Json& file);

/// The value of this name, or the only one where the name is empty. kInvalidArgument lists them.
Result<CalibratedValue> find_calibrated(std::span<const CalibratedValue> values,
                                        std::string_view name);

}  // namespace cleave::codec
