#pragma once

#include <cstddef>

namespace cleave::wire {

/// Bounds the lines that httplib reads: headers, and the sizes of chunks. It reads a line byte by
/// byte and keeps it whole however long it grows; nothing else does it read in steps of one byte.
class LineGuard {
 public:
  explicit LineGuard(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Told of every read: how much was asked for, and the first byte that came. False when the line
  /// has become too long.
  bool allows(std::size_t asked, char first) {
    const bool is_in_line = asked == 1 && first != '\n';
    bytes_ = is_in_line ? bytes_ + 1 : 0;
    return bytes_ <= max_bytes_;
  }

 private:
  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
};

}  // namespace cleave::wire
