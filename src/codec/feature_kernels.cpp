#include "codec/feature_kernels.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "codec/block_dct.h"
#include "codec/kernels.h"
#include "codec/vectors.h"

namespace cleave::codec {
namespace {

CLEAVE_LOOP void multiply_tile(const MatrixProduct& product, const float* __restrict tile,
                               const float* __restrict panel, const float* bias,
                               float* __restrict sums) {
  WideFloats sum[kPanelRows];
  for (std::size_t r = 0; r < kPanelRows; ++r) sum[r] = WideFloats{} + bias[r];
  for (std::size_t c = 0; c < product.columns; ++c) {
    const auto values = load<WideFloats>(tile);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kPanelRows; ++r) sum[r] += panel[r] * values;
    tile += kTilePixels;
    panel += kPanelRows;
  }
  for (std::size_t r = 0; r < kPanelRows; ++r) store(sums + r * kTilePixels, sum[r]);
}

CLEAVE_LOOP void multiply_loop(const MatrixProduct& product, const float* in, std::size_t pixels,
                               float* tile, float* out) {
  for (std::size_t p = 0; p < pixels; p += kTilePixels) {
    const std::size_t width = std::min(kTilePixels, pixels - p);
    for (std::size_t c = 0; c < product.columns; ++c) {
      float* row = tile + c * kTilePixels;
      if (width == kTilePixels) {
        std::memcpy(row, in + c * pixels + p, kTilePixels * sizeof(float));
      } else {
        std::memset(row, 0, kTilePixels * sizeof(float));
        std::memcpy(row, in + c * pixels + p, width * sizeof(float));
      }
    }
    for (std::size_t r = 0; r < product.rows; r += kPanelRows) {
      float sums[kPanelRows * kTilePixels];
      multiply_tile(product, tile, product.panels + r * product.columns, product.bias + r, sums);
      for (std::size_t i = 0; i < std::min(kPanelRows, product.rows - r); ++i)
        std::memcpy(out + (r + i) * pixels + p, sums + i * kTilePixels, width * sizeof(float));
    }
  }
}

/// What becomes of the sums of a transform.
struct Plain {
  CLEAVE_LOOP void operator()(float* to, const Floats& sum) const { store(to, sum); }
};
struct Scaled {
  const float* scale;
  const float* first;
  CLEAVE_LOOP void operator()(float* to, const Floats& sum) const {
    store(to, sum * lanes(scale + (to - first)));
  }
};
struct Rounded {
  CLEAVE_LOOP void operator()(std::int32_t* to, const Integers& sum) const {
    store(to, (sum + (1 << (kDctBits - 1))) >> kDctBits);
  }
};

/// kLanes sums over j of in[j] · table[j]; `kSize` is how many, or 0 for `size`.
template <int kSize, class T, class Finish>
CLEAVE_LOOP void row_sums(const T* in, const T* table, int size, const Finish& finish, T* out) {
  Lanes<T> sum = in[0] * lanes(table);
#pragma GCC unroll 8
  for (int j = 1; j < (kSize > 0 ? kSize : size); ++j)
    sum += in[j] * lanes(table + static_cast<std::size_t>(j) * kTableStride);
  finish(out, sum);
}

/// What is written beyond a block is overwritten by the next.
template <class T, class Finish>
CLEAVE_LOOP void transform_rows(const BlockLine<T>& line, const T* in, int height,
                                const Finish& finish, T* out) {
  const int blocks = static_cast<int>(line.starts.size()) - 1;
  const int width = line.starts[blocks];
  for (int y = 0; y < height; ++y) {
    for (int b = 0; b < blocks; ++b) {
      const std::ptrdiff_t at = std::ptrdiff_t{y} * width + line.starts[b];
      const int size = line.starts[b + 1] - line.starts[b];
      const T* table = line.tables[size == line.longer ? 0 : 1];
      switch (size) {
        case 4:
          row_sums<4>(in + at, table, size, finish, out + at);
          break;
        case 5:
          row_sums<5>(in + at, table, size, finish, out + at);
          break;
        case 6:
          row_sums<6>(in + at, table, size, finish, out + at);
          break;
        case 7:
          row_sums<7>(in + at, table, size, finish, out + at);
          break;
        case 8:
          row_sums<8>(in + at, table, size, finish, out + at);
          break;
        default:
          for (int v = 0; v < size; v += static_cast<int>(kLanes))
            row_sums<0>(in + at, table + v, size, finish, out + at + v);
      }
    }
  }
}

/// Rows of the block that come out, each kLanes columns at a time.
template <int kSize, class T, class Finish>
CLEAVE_LOOP void column_sums(const T* in, const T* table, int size, int width, const Finish& finish,
                             T* out) {
  for (int v = 0; v < size; ++v) {
    const T* factors = table + static_cast<std::size_t>(v) * kTableStride;
    for (int x = 0; x < width; x += static_cast<int>(kLanes)) {
      Lanes<T> sum = factors[0] * lanes(in + x);
#pragma GCC unroll 8
      for (int j = 1; j < (kSize > 0 ? kSize : size); ++j)
        sum += factors[j] * lanes(in + std::ptrdiff_t{j} * width + x);
      finish(out + std::ptrdiff_t{v} * width + x, sum);
    }
  }
}

template <class T, class Finish>
CLEAVE_LOOP void transform_columns(const BlockLine<T>& line, const T* in, int width,
                                   const Finish& finish, T* out) {
  const int blocks = static_cast<int>(line.starts.size()) - 1;
  for (int b = 0; b < blocks; ++b) {
    const int size = line.starts[b + 1] - line.starts[b];
    const T* table = line.tables[size == line.longer ? 0 : 1];
    const std::ptrdiff_t at = std::ptrdiff_t{line.starts[b]} * width;
    switch (size) {
      case 4:
        column_sums<4>(in + at, table, size, width, finish, out + at);
        break;
      case 5:
        column_sums<5>(in + at, table, size, width, finish, out + at);
        break;
      case 6:
        column_sums<6>(in + at, table, size, width, finish, out + at);
        break;
      case 7:
        column_sums<7>(in + at, table, size, width, finish, out + at);
        break;
      case 8:
        column_sums<8>(in + at, table, size, width, finish, out + at);
        break;
      default:
        column_sums<0>(in + at, table, size, width, finish, out + at);
    }
  }
}

CLEAVE_LOOP std::uint64_t expect_loop(const Expectation& expected, std::size_t count,
                                      std::int32_t* __restrict out) {
  constexpr std::size_t kRun = 128;  // whose sum stays within 32 bits
  const std::int32_t prior = expected.prior;
  const std::int32_t weight = expected.past_weight;
  std::uint64_t total = 0;
  for (std::size_t from = 0; from < count; from += kRun) {
    const std::size_t run = count - from < kRun ? count - from : kRun;
    const std::int32_t* __restrict profile = expected.profile + from;
    const std::int32_t* __restrict past = expected.past + from;
    std::int32_t* __restrict to = out + from;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < run; ++i) {
      to[i] = ((prior * profile[i]) >> kProfileBits) + (((past[i] >> 4) * weight) >> 4);
      sum += static_cast<std::uint32_t>(to[i]);
    }
    total += sum;
  }
  return total;
}

CLEAVE_LOOP std::int32_t magnitude_of(std::int32_t value) {
  const std::int32_t sign = value >> 31;
  return (value ^ sign) - sign;
}

CLEAVE_LOOP void classify_loop(const std::int32_t* expected, const std::int32_t* above,
                               std::int32_t above_weight, std::size_t count,
                               std::uint8_t* classes) {
  // A float's exponent and first fraction bit, less those of 2.
  constexpr int kFractions = 22;
  constexpr std::int32_t kFirst = (128 << 1) - 1;
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Integers signs = lanes(above + i) >> 31;
    Integers magnitude = (lanes(above + i) ^ signs) - signs;
    magnitude = magnitude < kMostRecalled ? magnitude : Integers{} + kMostRecalled;
    const Integers value =
        lanes(expected + i) + ((magnitude * above_weight) << (kExpectationBits - 8));
    const Floats real = __builtin_convertvector(value, Floats);
    Integers level = (std::bit_cast<Integers>(real) >> kFractions) - kFirst;
    level = level < 0 ? Integers{} : level;
    level = level < kExpectationClasses ? level : Integers{} + (kExpectationClasses - 1);
    const Bytes8 narrow = __builtin_convertvector(level, Bytes8);
    store(classes + i, narrow);
  }
}

CLEAVE_LOOP void quantise_loop(const DeadZone& zone, const float* values,
                               const std::uint8_t* classes, std::size_t count,
                               std::int32_t* coded) {
  constexpr float kMost = 1 << 20;
  for (std::size_t i = 0; i < count; i += kLanes) {
    const Integers bits = load<Integers>(values + i);
    const Integers signs = bits >> 31;
    const Integers unsigned_bits = bits & 0x7fffffff;
    Floats magnitude = std::bit_cast<Floats>(unsigned_bits);
    magnitude = magnitude < kMost ? magnitude : Floats{} + kMost;
    Integers rule;
    for (std::size_t l = 0; l < kLanes; ++l)
      rule[l] = static_cast<std::int32_t>(zone[classes[i + l]]);
    const Floats least = __builtin_convertvector(rule >> 16, Floats) * (1.0F / 4096);
    const Floats rounding = __builtin_convertvector(rule & 0xffff, Floats) * (1.0F / 65536);
    Integers whole = __builtin_convertvector(magnitude + rounding, Integers);
    whole = whole < 1 ? Integers{} + 1 : whole;
    whole = magnitude < least ? Integers{} : whole;
    store(coded + i, (whole ^ signs) - signs);
  }
}

CLEAVE_LOOP void recall_loop(const std::int32_t* __restrict coded, std::size_t count,
                             std::int32_t* __restrict past) {
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t magnitude = magnitude_of(coded[i]);
    magnitude = magnitude < kMostRecalled ? magnitude : kMostRecalled;
    past[i] += (((magnitude << kExpectationBits) - past[i]) * 3) >> 4;
  }
}

CLEAVE_LOOP std::int32_t largest_loop(const std::int32_t* values, std::size_t count) {
  std::int32_t high = 0;
  std::int32_t low = 0;
  for (std::size_t i = 0; i < count; ++i) {
    high = values[i] > high ? values[i] : high;
    low = values[i] < low ? values[i] : low;
  }
  low = low < -INT32_MAX ? -INT32_MAX : low;
  return high > -low ? high : -low;
}

CLEAVE_LOOP std::int32_t least_loop(const std::int32_t* values, std::size_t count) {
  std::int32_t low = 0;
  for (std::size_t i = 0; i < count; ++i) low = values[i] < low ? values[i] : low;
  return low;
}

CLEAVE_LOOP void dequantise_loop(const Dequantiser& map, const std::int32_t* __restrict coded,
                                 std::size_t count, std::int32_t* __restrict out) {
  const std::int32_t one = map.shrink[0];
  const std::int32_t two = map.shrink[1];
  const std::int32_t more = map.shrink[2];
  const std::int32_t* __restrict gain = map.gain;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t sign = coded[i] >> 31;
    const std::int32_t magnitude = (coded[i] ^ sign) - sign;
    std::int32_t shrink = magnitude == 1 ? one : more;
    shrink = magnitude == 2 ? two : shrink;
    shrink = magnitude == 0 ? 0 : shrink;
    const std::int32_t value = ((16 * magnitude - shrink) * gain[i] + 4) >> 3;
    out[i] = (value ^ sign) - sign;
  }
}

CLEAVE_LOOP void synthesise_loop(const Synthesis& synthesis, std::size_t pixels,
                                 float* const* out) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const std::size_t stride = pixels + kSlack;
  for (std::size_t p = 0; p < pixels; p += kTilePixels) {
    WideIntegers sum[kPanelRows] = {};
    const std::int32_t* plane = synthesis.planes + p;
    const std::int32_t* factor = synthesis.factors;
    for (std::size_t k = 0; k < synthesis.count; ++k) {
      const auto values = load<WideIntegers>(plane);
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kPanelRows; ++r) sum[r] += factor[r] * values;
      plane += stride;
      factor += kPanelRows;
    }
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      float values[kTilePixels];
      WideFloats value = __builtin_convertvector(sum[r], WideFloats);
      value = value * synthesis.scale + synthesis.mean[r];
      value = value < synthesis.low ? WideFloats{} + synthesis.low : value;
      value = value > kLargest ? WideFloats{} + kLargest : value;
      store(values, value);
      std::memcpy(out[r] + p, values, std::min(kTilePixels, pixels - p) * sizeof(float));
    }
  }
}

CLEAVE_LOOP void finish_loop(const Scaling& map, const std::int32_t* __restrict sums,
                             std::size_t count, float* __restrict out) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const std::int32_t factor = map.factor;
  const float scale = map.scale;
  const float mean = map.mean;
  const float low = map.low;
  for (std::size_t i = 0; i < count; ++i) {
    float value = static_cast<float>(sums[i] * factor) * scale + mean;
    value = value < low ? low : value;
    out[i] = value > kLargest ? kLargest : value;
  }
}

/// Defines the loops for one instruction set in a namespace of its own, and their row.
#define CLEAVE_FEATURE_KERNELS(set, attribute)                                                    \
  namespace set {                                                                                 \
  attribute void multiply(const MatrixProduct& product, const float* in, std::size_t pixels,      \
                          float* tile, float* out) {                                              \
    multiply_loop(product, in, pixels, tile, out);                                                \
  }                                                                                               \
  attribute void forward_rows(const BlockLine<float>& line, const float* in, int height,          \
                              float* out) {                                                       \
    transform_rows(line, in, height, Plain{}, out);                                               \
  }                                                                                               \
  attribute void forward_columns(const BlockLine<float>& line, const float* in, int width,        \
                                 const float* scale, float* out) {                                \
    transform_columns(line, in, width, Scaled{scale, out}, out);                                  \
  }                                                                                               \
  attribute void inverse_columns(const BlockLine<std::int32_t>& line, const std::int32_t* in,     \
                                 int width, std::int32_t* out) {                                  \
    transform_columns(line, in, width, Rounded{}, out);                                           \
  }                                                                                               \
  attribute void inverse_rows(const BlockLine<std::int32_t>& line, const std::int32_t* in,        \
                              int height, std::int32_t* out) {                                    \
    transform_rows(line, in, height, Rounded{}, out);                                             \
  }                                                                                               \
  attribute std::uint64_t expect(const Expectation& expected, std::size_t count,                  \
                                 std::int32_t* out) {                                             \
    return expect_loop(expected, count, out);                                                     \
  }                                                                                               \
  attribute void classify(const std::int32_t* expected, const std::int32_t* above,                \
                          std::int32_t above_weight, std::size_t count, std::uint8_t* classes) {  \
    classify_loop(expected, above, above_weight, count, classes);                                 \
  }                                                                                               \
  attribute void quantise(const DeadZone& zone, const float* values, const std::uint8_t* classes, \
                          std::size_t count, std::int32_t* coded) {                               \
    quantise_loop(zone, values, classes, count, coded);                                           \
  }                                                                                               \
  attribute void recall(const std::int32_t* coded, std::size_t count, std::int32_t* past) {       \
    recall_loop(coded, count, past);                                                              \
  }                                                                                               \
  attribute std::int32_t largest(const std::int32_t* values, std::size_t count) {                 \
    return largest_loop(values, count);                                                           \
  }                                                                                               \
  attribute std::int32_t least(const std::int32_t* values, std::size_t count) {                   \
    return least_loop(values, count);                                                             \
  }                                                                                               \
  attribute void dequantise(const Dequantiser& map, const std::int32_t* coded, std::size_t count, \
                            std::int32_t* out) {                                                  \
    dequantise_loop(map, coded, count, out);                                                      \
  }                                                                                               \
  attribute void finish(const Scaling& map, const std::int32_t* sums, std::size_t count,          \
                        float* out) {                                                             \
    finish_loop(map, sums, count, out);                                                           \
  }                                                                                               \
  attribute void synthesise(const Synthesis& synthesis, std::size_t pixels, float* const* out) {  \
    synthesise_loop(synthesis, pixels, out);                                                      \
  }                                                                                               \
  constexpr FeatureKernels kKernels{                                                              \
      #set,         multiply, forward_rows, forward_columns, inverse_columns,                     \
      inverse_rows, expect,   classify,     quantise,        recall,                              \
      largest,      least,    dequantise,   finish,          synthesise};                         \
  }

CLEAVE_FEATURE_KERNELS(plain, )

#if defined(__x86_64__)
CLEAVE_FEATURE_KERNELS(avx2, [[gnu::target("avx2")]])
CLEAVE_FEATURE_KERNELS(avx512, [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]])
constexpr std::array kKernels{plain::kKernels, avx2::kKernels, avx512::kKernels};
#else
constexpr std::array kKernels{plain::kKernels};
#endif

}  // namespace

std::span<const FeatureKernels> feature_kernels() {
  // The same sets as those of the kernels for all codecs.
  return std::span(kKernels).first(kernels().size());
}

}  // namespace cleave::codec
