// Uniform quantisation. The range mu ± 3 sigma is that of "Shared Mobile-Cloud Inference for
// Collaborative Intelligence" (Ulhaq and Bajić), section 2; packing and the grid of steps are ours.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "codec/bit_pack.h"
#include "codec/floats.h"
#include "codec/grid.h"
#include "codec/kernels.h"
#include "codec/stages.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.quant";
constexpr double kSigmas = 3.0;  // paper, section 2
constexpr std::size_t kGridBytes = 8;

struct Moments {
  double mean = 0;
  double deviation = 0;
};

struct Range {
  float low;
  float high;
};

struct Floats {
  std::span<const std::byte> bytes;
  DType dtype;
};

/// Adds up f(value) in four sums at once, in a fixed order, so that machines agree.
template <class F>
double sum_of(std::span<const Floats> samples, F f) {
  std::array<double, 4> sums{};
  for (const Floats& sample : samples) {
    for_each_chunk(sample.bytes, sample.dtype,
                   [&](const float* values, std::size_t count, std::size_t) {
                     std::size_t i = 0;
                     for (; i + 4 <= count; i += 4) {
                       for (std::size_t k = 0; k < 4; ++k) sums[k] += f(values[i + k]);
                     }
                     for (; i < count; ++i) sums[0] += f(values[i]);
                   });
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Population moments of all values together; they must be finite and at least one.
Moments moments_of(std::span<const Floats> samples) {
  const double count = sum_of(samples, [](double) { return 1.0; });
  const double mean = sum_of(samples, [](double v) { return v; }) / count;
  const double variance =
      sum_of(samples, [mean](double v) { return (v - mean) * (v - mean); }) / count;
  return {mean, std::sqrt(variance)};
}

Range sigma_range(const Moments& moments) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  const auto end = [&](double sigmas) {
    return static_cast<float>(
        std::clamp(moments.mean + sigmas * moments.deviation, -kLargest, kLargest));
  };
  return {end(-kSigmas), end(kSigmas)};
}

/// Least and greatest value. Fails where one is not finite.
Result<Range> finite_range(const Floats& floats) {
  KeyRange all{std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()};
  for_each_chunk(floats.bytes, floats.dtype,
                 [&](const float* values, std::size_t count, std::size_t) {
                   const KeyRange part = best_kernels().scan(values, count);
                   all = {std::min(all.low, part.low), std::max(all.high, part.high)};
                 });
  if (all.low < kLeastFiniteKey || all.high > kGreatestFiniteKey) {
    return std::unexpected(not_finite(floats.bytes, floats.dtype));
  }
  return Range{float_of_key(all.low), float_of_key(all.high)};
}

void append_grid(const FromCodes& grid, Bytes& side) {
  append_le(side, static_cast<std::uint32_t>(grid.zero));
  append_le(side, std::bit_cast<std::uint32_t>(grid.scale));
}

Result<FromCodes> load_grid(std::span<const std::byte> side) {
  const FromCodes grid{static_cast<std::int32_t>(load_le<std::uint32_t>(side, 0)),
                       std::bit_cast<float>(load_le<std::uint32_t>(side, 4))};
  if (!std::isfinite(grid.scale) || grid.scale <= 0 || grid.zero > kMaxGridInteger ||
      grid.zero < -kMaxGridInteger) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "zero " + std::to_string(grid.zero) + " and scale " + std::to_string(grid.scale) +
                    " are no grid, expected |zero| up to 2^24 and a positive scale");
  }
  return grid;
}

/// Floats as codes of `bits` bits on a grid. The grid is fixed by calibration or, without one,
/// measured on each tensor and kept beside the codes.
class Quant final : public Stage {
 public:
  Quant(int bits, bool sigma3, std::optional<Moments> calibration)
      : bits_(bits), top_((1 << bits) - 1), sigma3_(sigma3) {
    if (!calibration) return;
    const Range range = sigma_range(*calibration);
    fixed_ = grid_for(range.low, range.high, top_);
  }

  std::string_view name() const override { return "quant"; }

  Result<bool> plan(Layout& layout) const override {
    if (layout.kind != Kind::kValues) return wrong_order(name(), "to be the first stage", layout);
    if (passes_over(layout)) return false;
    if (!fixed_) layout.side_bytes += kGridBytes;
    layout.kind = bits_ < 8 ? Kind::kPacked : Kind::kFeatures;
    layout.dtype = bits_ == 16 ? DType::kU16 : DType::kU8;
    if (bits_ < 8) {
      const auto count = static_cast<std::size_t>(element_count(layout.shape).value_or(0));
      layout.shape = {static_cast<std::int64_t>(packed_bytes(count, bits_))};
    }
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes& side) const override {
    const FromCodes grid = CLEAVE_TRY(grid_of(in, before));
    if (!fixed_) append_grid(grid, side);
    Layout after = before;
    CLEAVE_TRY(plan(after));
    Tensor codes(after.dtype, after.shape);
    const ToCodes map = to_codes_of(grid, top_);
    for_each_chunk(in, before.dtype, [&](const float* values, std::size_t count, std::size_t at) {
      encode_chunk(values, count, at, map, codes);
    });
    return codes;
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte> side) const override {
    const FromCodes grid = fixed_ ? *fixed_ : CLEAVE_TRY(load_grid(side));
    Tensor values(before.dtype, before.shape);
    const auto elements = static_cast<std::size_t>(values.elements());
    const std::size_t size = dtype_size(before.dtype);
    std::array<float, kChunk> scratch;
    for (std::size_t at = 0; at < elements; at += kChunk) {
      const std::size_t count = std::min(kChunk, elements - at);
      std::byte* out = values.bytes().data() + at * size;
      const bool direct = before.dtype == DType::kF32;
      decode_chunk(in, count, at, grid, direct ? reinterpret_cast<float*>(out) : scratch.data());
      if (!direct) from_floats(before.dtype, scratch.data(), count, out);
    }
    return values;
  }

 private:
  Result<FromCodes> grid_of(std::span<const std::byte> in, const Layout& before) const {
    Range range = CLEAVE_TRY(finite_range({in, before.dtype}));
    if (fixed_) return *fixed_;
    if (sigma3_) {
      const Floats all{in, before.dtype};
      range = sigma_range(moments_of(std::span(&all, 1)));
    }
    return grid_for(range.low, range.high, top_);
  }

  void encode_chunk(const float* values, std::size_t count, std::size_t at, const ToCodes& map,
                    Tensor& codes) const {
    if (bits_ == 16) {
      best_kernels().to_codes16(values, count, map, codes.as<std::uint16_t>().data() + at);
    } else if (bits_ == 8) {
      best_kernels().to_codes8(values, count, map, codes.as<std::uint8_t>().data() + at);
    } else {
      std::array<std::uint8_t, kChunk> unpacked;
      best_kernels().to_codes8(values, count, map, unpacked.data());
      pack_bits(std::span(unpacked).first(count), bits_,
                codes.bytes().data() + packed_bytes(at, bits_));
    }
  }

  void decode_chunk(std::span<const std::byte> in, std::size_t count, std::size_t at,
                    const FromCodes& grid, float* out) const {
    if (bits_ == 16) {
      // The payload need not be aligned, so the codes are copied first.
      std::array<std::uint16_t, kChunk> codes;
      std::memcpy(codes.data(), in.data() + 2 * at, 2 * count);
      best_kernels().from_codes16(codes.data(), count, grid, out);
    } else if (bits_ == 8) {
      best_kernels().from_codes8(reinterpret_cast<const std::uint8_t*>(in.data()) + at, count, grid,
                                 out);
    } else {
      std::array<std::uint8_t, kChunk> codes;
      unpack_bits(in.data() + packed_bytes(at, bits_), bits_, std::span(codes).first(count));
      best_kernels().from_codes8(codes.data(), count, grid, out);
    }
  }

  int bits_;
  int top_;
  bool sigma3_;
  std::optional<FromCodes> fixed_;
};

}  // namespace

StageResult make_quant(const Spec& spec, const Json& calibration) {
  const int bits = CLEAVE_TRY(spec.integer("bits", 8, 1, 16));
  const bool sigma3 = spec.text("range") == "sigma3";
  std::optional<Moments> moments;
  if (!calibration.is_null()) {
    if (!sigma3)
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "range=minmax has a calibration, expected none");
    moments = Moments{CLEAVE_TRY(json_get<double>(calibration, "mean", kPlace)),
                      CLEAVE_TRY(json_get<double>(calibration, "deviation", kPlace))};
    if (!std::isfinite(moments->mean) || !std::isfinite(moments->deviation) ||
        moments->deviation < 0) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "calibration is " + calibration.dump() +
                      ", expected a finite mean and a deviation of 0 or more");
    }
  }
  return std::make_unique<Quant>(bits, sigma3, moments);
}

Result<Json> calibrate_quant(const Spec& spec, std::span<const Tensor> samples) {
  if (spec.text("range") != "sigma3") return Json();
  std::vector<Floats> floats;
  for (const Tensor& sample : samples) {
    // Integers and booleans are passed over when they are coded, so there is nothing to measure.
    if (!is_floating(sample.dtype())) return Json();
    if (sample.elements() == 0) continue;
    floats.push_back({sample.bytes(), sample.dtype()});
    CLEAVE_CHECK(finite_range(floats.back()));
  }
  if (floats.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no values to calibrate on, expected some");
  const Moments moments = moments_of(floats);
  return Json{{"mean", moments.mean}, {"deviation", moments.deviation}};
}

}  // namespace cleave::codec
