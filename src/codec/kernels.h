#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cleave::codec {

/// Least and greatest of some floats, as ordered keys (see ordered_key()).
struct KeyRange {
  std::int32_t low;
  std::int32_t high;
};

/// How floats become codes: code = clamp(round(x * steps_per_unit - zero), 0, top), halves up.
struct ToCodes {
  double steps_per_unit;
  double zero;
  double top;
};

/// How codes become floats: value = float(code + zero) * scale, one rounding, kept finite.
struct FromCodes {
  std::int32_t zero;
  float scale;
};

/// The inner loops, compiled once per instruction set. Every set gives the same bits.
/// Arrays of `count` elements do not overlap and need no alignment. Thread-safe.
struct Kernels {
  std::string_view name;
  KeyRange (*scan)(const float* in, std::size_t count);
  void (*to_codes8)(const float* in, std::size_t count, const ToCodes& map, std::uint8_t* out);
  void (*to_codes16)(const float* in, std::size_t count, const ToCodes& map, std::uint16_t* out);
  void (*from_codes8)(const std::uint8_t* in, std::size_t count, const FromCodes& map, float* out);
  void (*from_codes16)(const std::uint16_t* in, std::size_t count, const FromCodes& map,
                       float* out);
  /// To the nearest f16, ties to even; finite values beyond its range become its largest.
  void (*to_halves)(const float* in, std::size_t count, std::uint16_t* out);
  void (*from_halves)(const std::uint16_t* in, std::size_t count, float* out);
};

/// Those that this machine can run, the plain one first and the fastest last.
std::span<const Kernels> kernels();
/// The fastest of them.
inline const Kernels& best_kernels() { return kernels().back(); }

/// A float's bits as an integer of the same order; beyond the keys of both infinities lie the NaNs.
/// It lets integer instructions find the least and greatest, which compilers vectorise.
inline std::int32_t ordered_key(std::int32_t float_bits) {
  return float_bits ^ ((float_bits >> 31) & 0x7fffffff);
}
/// Its own inverse.
float float_of_key(std::int32_t key);
/// Keys of the least and greatest finite float.
inline constexpr std::int32_t kLeastFiniteKey = static_cast<std::int32_t>(0x80800000);
inline constexpr std::int32_t kGreatestFiniteKey = 0x7f7fffff;

}  // namespace cleave::codec
