#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::wire {

/// BYTES elements as the protocol lays them out raw: each with its length before it, u32
/// little-endian.
std::string pack_elements(std::span<const std::string> elements);
/// The inverse; there must be exactly `count` elements and no byte more.
Result<std::vector<std::string>> unpack_elements(std::string_view packed, std::int64_t count,
                                                 std::string_view place);

/// Elements of a shape that a peer sent: kInvalidArgument for too many dimensions, an unknown one,
/// or a product that overflows.
Result<std::int64_t> count_of(const Shape& shape, std::string_view place);

/// A datatype as the model configuration spells it: "TYPE_FP32", "TYPE_STRING" for BYTES.
std::string config_type_name(std::string_view datatype);

/// Calls f(std::type_identity<T>{}) with the C++ type of a datatype's elements and returns what it
/// returns. FP16 and BF16, which have none, go to `otherwise`.
template <class F, class G>
auto visit_elements(DType dtype, F&& f, G&& otherwise) {
  switch (dtype) {
    case DType::kF32:
      return f(std::type_identity<float>{});
    case DType::kF64:
      return f(std::type_identity<double>{});
    case DType::kI8:
      return f(std::type_identity<std::int8_t>{});
    case DType::kU8:
      return f(std::type_identity<std::uint8_t>{});
    case DType::kI16:
      return f(std::type_identity<std::int16_t>{});
    case DType::kU16:
      return f(std::type_identity<std::uint16_t>{});
    case DType::kI32:
      return f(std::type_identity<std::int32_t>{});
    case DType::kU32:
      return f(std::type_identity<std::uint32_t>{});
    case DType::kI64:
      return f(std::type_identity<std::int64_t>{});
    case DType::kU64:
      return f(std::type_identity<std::uint64_t>{});
    case DType::kBool:
      return f(std::type_identity<bool>{});
    case DType::kF16:
    case DType::kBf16:
      break;
  }
  return otherwise();
}

}  // namespace cleave::wire
