#include "codec/calibrated_value.h"

#include "codec/codec.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.calibration";

Result<CalibratedValue> value_from_json(const Json& json) {
  CalibratedValue result;
  result.value.name = CLEAVE_TRY(json_get<std::string>(json, "name", kPlace));
  const auto dtype = CLEAVE_TRY(json_get<std::string>(json, "dtype", kPlace));
  const auto known = dtype_from_name(dtype);
  if (!known) return fail(ErrorCode::kCorrupt, kPlace, "dtype '" + dtype + "' is not known");
  result.value.dtype = *known;
  result.value.shape = CLEAVE_TRY(json_get<Shape>(json, "shape", kPlace));
  result.codec = CLEAVE_TRY(json_get<std::string>(json, "codec", kPlace));
  if (json.contains("calibration")) result.calibration = json.at("calibration");
  CLEAVE_CHECK(
      about("value '" + result.value.name + "'", Codec::create(result.codec, result.calibration)));
  return result;
}

}  // namespace

Json to_json(std::span<const CalibratedValue> values) {
  Json list = Json::array();
  for (const CalibratedValue& value : values)
    list.push_back({{"name", value.value.name},
                    {"dtype", dtype_name(value.value.dtype)},
                    {"shape", value.value.shape},
                    {"codec", value.codec},
                    {"calibration", value.calibration}});
  return list;
}

Result<std::vector<CalibratedValue>> calibrated_values_from_json(const Json& file) {
  const auto format = CLEAVE_TRY(json_get<std::string>(file, "format", kPlace));
  if (format != kCalibrationFormat)
    return fail(ErrorCode::kNotThisFormat, kPlace,
                "format '" + format + "', expected '" + std::string(kCalibrationFormat) + "'");
  if (!file.contains("values") || !file.at("values").is_array() || file.at("values").empty())
    return fail(ErrorCode::kCorrupt, kPlace, "member 'values' is missing, empty or no array");
  std::vector<CalibratedValue> values;
  for (const Json& value : file.at("values")) values.push_back(CLEAVE_TRY(value_from_json(value)));
  return values;
}

Result<CalibratedValue> find_calibrated(std::span<const CalibratedValue> values,
                                        std::string_view name) {
  if (name.empty() && values.size() == 1) return values.front();
  std::string known;
  for (const CalibratedValue& value : values) {
    if (value.value.name == name) return value;
    known += (known.empty() ? "'" : ", '") + value.value.name + "'";
  }
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "no value '" + std::string(name) + "' in the calibration, it has " + known);
}

}  // namespace cleave::codec
