#include "codec/block_dct.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace cleave::codec {
namespace {

/// cos(π k / 2n) by its Taylor series: additions and multiplications round alike everywhere, which
/// a C library's cos need not.
double cosine(int k, int n) {
  // The quadrant, then an angle of at most a quarter turn.
  k %= 4 * n;
  if (k > 2 * n) k = 4 * n - k;
  const bool negative = k > n;
  if (negative) k = 2 * n - k;
  const double angle = std::numbers::pi / 2 * k / n;
  double term = 1;
  double sum = 1;
  for (int i = 1; i <= 12; ++i) {
    term *= -angle * angle / ((2 * i - 1) * (2 * i));
    sum += term;
  }
  return negative ? -sum : sum;
}

using Table = std::vector<std::int16_t>;

Table make_table(int n) {
  Table table(static_cast<std::size_t>(n) * n);
  for (int u = 0; u < n; ++u) {
    const double scale = std::sqrt((u == 0 ? 1.0 : 2.0) / n) * (1 << kDctBits);
    for (int i = 0; i < n; ++i)
      table[u * n + i] =
          static_cast<std::int16_t>(std::floor(scale * cosine((2 * i + 1) * u, n) + 0.5));
  }
  return table;
}

std::array<Table, kMaxBlock + 1> make_tables() {
  std::array<Table, kMaxBlock + 1> tables;
  for (int n = 1; n <= kMaxBlock; ++n) tables[n] = make_table(n);
  return tables;
}

/// out[u] = sum of table[u][i] · in[i], over `stride` apart elements.
void forward_line(float* line, std::ptrdiff_t stride, int n) {
  constexpr float kUnit = 1.0f / (1 << kDctBits);
  const std::int16_t* table = dct_table(n).data();
  std::array<float, kMaxBlock> in;
  for (int i = 0; i < n; ++i) in[i] = line[i * stride];
  for (int u = 0; u < n; ++u) {
    float sum = 0;
    for (int i = 0; i < n; ++i) sum += static_cast<float>(table[u * n + i]) * in[i];
    line[u * stride] = sum * kUnit;
  }
}

/// The same backwards. `Sum` must hold every sum.
template <class Sum>
void inverse_line(std::int32_t* line, std::ptrdiff_t stride, int n) {
  constexpr Sum kHalf = Sum{1} << (kDctBits - 1);
  const std::int16_t* table = dct_table(n).data();
  std::array<Sum, kMaxBlock> sums;
  sums.fill(kHalf);
  for (int u = 0; u < n; ++u) {
    const Sum in = line[u * stride];
    if (in == 0) continue;
    for (int i = 0; i < n; ++i) sums[i] += table[u * n + i] * in;
  }
  for (int i = 0; i < n; ++i) line[i * stride] = static_cast<std::int32_t>(sums[i] >> kDctBits);
}

/// Calls `line(first element, stride, length)` for all lines of one direction, block by block.
template <class Line>
void for_each_column(const BlockAxis& rows, int width, Line line) {
  for (int b = 0; b < rows.blocks(); ++b)
    for (int x = 0; x < width; ++x) line(rows.start(b) * width + x, width, rows.size(b));
}

template <class Line>
void for_each_row(const BlockAxis& columns, int height, Line line) {
  for (int y = 0; y < height; ++y)
    for (int b = 0; b < columns.blocks(); ++b)
      line(y * columns.length() + columns.start(b), 1, columns.size(b));
}

}  // namespace

BlockAxis::BlockAxis(int length, int block) {
  const int count = (length + block - 1) / block;
  for (int b = 0; b < count; ++b) {
    starts_.push_back(static_cast<int>(offset_.size()));
    const int size = length / count + (b < length % count ? 1 : 0);
    for (int i = 0; i < size; ++i) offset_.push_back(i);
  }
  starts_.push_back(length);
  for (int b = 0; b < count; ++b) {
    for (int i = 0; i < size(b); ++i) {
      before_.push_back(b == 0 ? -1 : start(b - 1) + std::min(i, size(b - 1) - 1));
      behind_.push_back(b + 1 == count ? -1 : start(b + 1) + std::min(i, size(b + 1) - 1));
    }
  }
}

std::vector<std::uint8_t> frequencies_of(const BlockAxis& rows, const BlockAxis& columns) {
  std::vector<std::uint8_t> frequencies;
  frequencies.reserve(static_cast<std::size_t>(rows.length()) * columns.length());
  for (int y = 0; y < rows.length(); ++y)
    for (int x = 0; x < columns.length(); ++x)
      frequencies.push_back(static_cast<std::uint8_t>(8 * std::min(rows.offset(y), 7) +
                                                      std::min(columns.offset(x), 7)));
  return frequencies;
}

std::span<const std::int16_t> dct_table(int n) {
  static const std::array<Table, kMaxBlock + 1> kTables = make_tables();
  return kTables[n];
}

void forward_dct(const BlockAxis& rows, const BlockAxis& columns, std::span<float> plane) {
  for_each_row(columns, rows.length(),
               [&](int at, std::ptrdiff_t stride, int n) { forward_line(&plane[at], stride, n); });
  for_each_column(rows, columns.length(), [&](int at, std::ptrdiff_t stride, int n) {
    forward_line(&plane[at], stride, n);
  });
}

void inverse_dct(const BlockAxis& rows, const BlockAxis& columns, std::span<std::int32_t> plane) {
  // No pass adds up to more than 2^12 · sqrt(n) times the largest, n being the block's side.
  const std::int32_t largest =
      (1 << 30) / ((1 << kDctBits) * std::max(rows.size(0), columns.size(0)));
  const bool small =
      std::ranges::all_of(plane, [=](std::int32_t v) { return v >= -largest && v <= largest; });
  const auto inverse = small ? inverse_line<std::int32_t> : inverse_line<std::int64_t>;
  for_each_column(rows, columns.length(),
                  [&](int at, std::ptrdiff_t stride, int n) { inverse(&plane[at], stride, n); });
  for_each_row(columns, rows.length(),
               [&](int at, std::ptrdiff_t stride, int n) { inverse(&plane[at], stride, n); });
}

}  // namespace cleave::codec
