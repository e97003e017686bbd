#include "codec/kernels.h"

#include <array>
#include <bit>
#include <limits>

namespace cleave::codec {
namespace {

// Each loop is written once, without branches, and inlined into one function per instruction set,
// so that the compiler vectorises it for that set. Contraction is off for the whole project, hence
// every set rounds alike.
#define CLEAVE_LOOP [[gnu::always_inline]] inline

CLEAVE_LOOP KeyRange scan_loop(const float* in, std::size_t count) {
  KeyRange range{std::numeric_limits<std::int32_t>::max(),
                 std::numeric_limits<std::int32_t>::min()};
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t key = ordered_key(std::bit_cast<std::int32_t>(in[i]));
    range.low = key < range.low ? key : range.low;
    range.high = key > range.high ? key : range.high;
  }
  return range;
}

template <class Code>
CLEAVE_LOOP void to_codes_loop(const float* __restrict in, std::size_t count, const ToCodes& map,
                               Code* __restrict out) {
  const double steps_per_unit = map.steps_per_unit;
  const double zero = map.zero;
  const double top = map.top;
  for (std::size_t i = 0; i < count; ++i) {
    // In double, because x * steps_per_unit may need all of a float's 24 bits and the half besides.
    double code = static_cast<double>(in[i]) * steps_per_unit - zero;
    code = code < 0.0 ? 0.0 : code;
    code = code > top ? top : code;
    out[i] = static_cast<Code>(static_cast<std::int32_t>(code + 0.5));
  }
}

template <class Code>
CLEAVE_LOOP void from_codes_loop(const Code* __restrict in, std::size_t count, const FromCodes& map,
                                 float* __restrict out) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const std::int32_t zero = map.zero;
  const float scale = map.scale;
  for (std::size_t i = 0; i < count; ++i) {
    float value = static_cast<float>(static_cast<std::int32_t>(in[i]) + zero) * scale;
    value = value > kLargest ? kLargest : value;
    out[i] = value < -kLargest ? -kLargest : value;
  }
}

CLEAVE_LOOP void to_halves_loop(const float* __restrict in, std::size_t count,
                                std::uint16_t* __restrict out) {
  constexpr std::uint32_t kInfinity = 0x7f800000;
  constexpr std::uint32_t kLeastNormal = 113u << 23;  // 2^-14, the least normal f16
  // Adding this aligns a subnormal's last bit with a float's, and so rounds it.
  constexpr std::uint32_t kSubnormalMagic = 126u << 23;
  constexpr std::uint32_t kLargestHalf = 0x7bff;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(in[i]);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    const float aligned = std::bit_cast<float>(magnitude) + std::bit_cast<float>(kSubnormalMagic);
    const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(aligned) - kSubnormalMagic;
    // Rebias the exponent; 0xfff and the last kept bit round to nearest even.
    std::uint32_t normal = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    normal = magnitude >= (143u << 23) || normal > kLargestHalf ? kLargestHalf : normal;
    std::uint32_t half = magnitude < kLeastNormal ? subnormal : normal;
    half = magnitude == kInfinity ? 0x7c00u : half;
    half = magnitude > kInfinity ? 0x7e00u : half;
    out[i] = static_cast<std::uint16_t>(half | ((bits >> 16) & 0x8000));
  }
}

CLEAVE_LOOP void from_halves_loop(const std::uint16_t* __restrict in, std::size_t count,
                                  float* __restrict out) {
  constexpr std::uint32_t kSubnormalMagic = 113u << 23;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t half = in[i];
    const std::uint32_t magnitude = half & 0x7fff;
    const std::uint32_t shifted = magnitude << 13;
    const std::uint32_t special = shifted | 0x7f800000;
    const std::uint32_t normal = shifted + (112u << 23);
    const float aligned =
        std::bit_cast<float>(shifted + kSubnormalMagic) - std::bit_cast<float>(kSubnormalMagic);
    std::uint32_t bits = magnitude < 0x400 ? std::bit_cast<std::uint32_t>(aligned) : normal;
    bits = magnitude >= 0x7c00 ? special : bits;
    out[i] = std::bit_cast<float>(bits | ((half & 0x8000) << 16));
  }
}

/// Defines the loops for one instruction set in a namespace of its own, and their row.
#define CLEAVE_KERNELS(set, attribute)                                                      \
  namespace set {                                                                           \
  attribute KeyRange scan(const float* in, std::size_t n) { return scan_loop(in, n); }      \
  attribute void to_codes8(const float* in, std::size_t n, const ToCodes& map,              \
                           std::uint8_t* out) {                                             \
    to_codes_loop(in, n, map, out);                                                         \
  }                                                                                         \
  attribute void to_codes16(const float* in, std::size_t n, const ToCodes& map,             \
                            std::uint16_t* out) {                                           \
    to_codes_loop(in, n, map, out);                                                         \
  }                                                                                         \
  attribute void from_codes8(const std::uint8_t* in, std::size_t n, const FromCodes& map,   \
                             float* out) {                                                  \
    from_codes_loop(in, n, map, out);                                                       \
  }                                                                                         \
  attribute void from_codes16(const std::uint16_t* in, std::size_t n, const FromCodes& map, \
                              float* out) {                                                 \
    from_codes_loop(in, n, map, out);                                                       \
  }                                                                                         \
  attribute void to_halves(const float* in, std::size_t n, std::uint16_t* out) {            \
    to_halves_loop(in, n, out);                                                             \
  }                                                                                         \
  attribute void from_halves(const std::uint16_t* in, std::size_t n, float* out) {          \
    from_halves_loop(in, n, out);                                                           \
  }                                                                                         \
  constexpr Kernels kKernels{#set,        scan,         to_codes8, to_codes16,              \
                             from_codes8, from_codes16, to_halves, from_halves};            \
  }

CLEAVE_KERNELS(plain, )

#if defined(__x86_64__)
CLEAVE_KERNELS(avx2, [[gnu::target("avx2")]])
CLEAVE_KERNELS(avx512, [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]])

constexpr std::array<Kernels, 3> kKernels{plain::kKernels, avx2::kKernels, avx512::kKernels};

std::size_t usable_kernels() {
  if (!__builtin_cpu_supports("avx2")) return 1;
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return has_avx512 ? 3 : 2;
}
#else
constexpr std::array<Kernels, 1> kKernels{plain::kKernels};

std::size_t usable_kernels() { return 1; }
#endif

}  // namespace

std::span<const Kernels> kernels() {
  static const std::size_t kUsable = usable_kernels();
  return std::span(kKernels).first(kUsable);
}

float float_of_key(std::int32_t key) { return std::bit_cast<float>(ordered_key(key)); }

}  // namespace cleave::codec
