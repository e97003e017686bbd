#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "wire/types.h"

// Tensors and parameters as they stand in an HTTP message: JSON, and the bytes that follow it.
namespace cleave::wire {

/// Refuses what is no object, and values that are no boolean, number or text.
Result<Parameters> parameters_from_json(const Json& json, std::string_view place);
Json to_json(const Parameters& parameters);

/// The object's `shape`: whole numbers, at most kMaxRank of them; -1 passes.
Result<Shape> shape_from_json(const Json& tensor, std::string_view place);

/// Reads {"name", "shape", "datatype", "parameters", "data"}. With the parameter
/// `binary_data_size` the data are taken off the front of `binary`, else read out of `data`, whose
/// numbers may be nested in any way. Elements that do not fit their datatype are refused.
Result<WireTensor> tensor_from_json(const Json& json, std::string_view& binary,
                                    std::string_view place);

/// Appends the tensor's object to `json` and, where `is_binary`, its data to `binary`. FP16, BF16,
/// numbers that are not finite and text that is not UTF-8 can go as binary only: kInvalidArgument.
Result<void> append_tensor(WireTensor tensor, bool is_binary, std::string& json,
                           std::string& binary);

}  // namespace cleave::wire
