#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "codec/block_dct.h"
#include "codec/feature_kernels.h"

/// How planes, blocks and matrices are laid out for the kernels of the feature codec.
namespace cleave::codec {

/// The place in panels of `columns` of row r's entry in column c.
inline std::size_t panel_place(std::size_t columns, std::size_t r, std::size_t c) {
  return (r / kPanelRows * columns + c) * kPanelRows + r % kPanelRows;
}

inline std::size_t padded_rows(std::size_t rows) {
  return (rows + kPanelRows - 1) / kPanelRows * kPanelRows;
}

/// A table in rows of kTableStride, as it is or with rows for columns.
template <class T>
std::vector<T> padded_table(int n, bool transposed, T unit) {
  const auto table = dct_table(n);
  std::vector<T> padded(static_cast<std::size_t>(n) * kTableStride);
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b)
      padded[static_cast<std::size_t>(a) * kTableStride + b] =
          static_cast<T>(table[transposed ? b * n + a : a * n + b]) * unit;
  return padded;
}

/// One direction of a plane's blocks, for a transform along it.
template <class T>
class Line {
 public:
  Line(const BlockAxis& axis, bool transposed, T unit) {
    line_.longer = axis.size(0);
    for (int b = 0; b <= axis.blocks(); ++b) starts_.push_back(axis.start(b));
    line_.starts = starts_;
    for (int i = 0; i < 2; ++i) {
      tables_[i] = padded_table<T>(std::max(1, line_.longer - i), transposed, unit);
      line_.tables[i] = tables_[i].data();
    }
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  const BlockLine<T>& get() const { return line_; }

 private:
  std::vector<int> starts_;
  std::array<std::vector<T>, 2> tables_;
  BlockLine<T> line_;
};

/// `values[frequency]` at every place of a plane, with slack.
template <class T, class Value>
std::vector<T> at_places(const BlockAxis& rows, const BlockAxis& columns, Value value) {
  const std::vector<std::uint8_t> frequencies = frequencies_of(rows, columns);
  std::vector<T> result(frequencies.size() + kSlack);
  std::ranges::transform(frequencies, result.begin(), value);
  return result;
}

}  // namespace cleave::codec
