#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/mosaic.h"

namespace cleave::codec {

/// Which channel lies at each place: every number below its size once.
using ChannelOrder = std::vector<std::uint16_t>;

/// More channels than this stay as they are: what is known of them grows with their square.
inline constexpr std::int64_t kMaxOrderedChannels = 2048;

/// True for an order of `channels` channels.
bool is_order(std::span<const std::uint16_t> order, std::int64_t channels);

/// Learns from tensors which channels look alike. Not thread-safe.
class ChannelLikeness {
 public:
  /// Of tensors that this mosaic arranges.
  explicit ChannelLikeness(const Mosaic& mosaic);

  /// Adds the values of one tensor, finite or not.
  void add(std::span<const float> values);

  /// A path over all channels that goes on to the one most correlated with the last, and starts at
  /// the one that varies most. It guides an encoder alone, so machines may differ about it.
  ChannelOrder order() const;

 private:
  /// One group of channels, each averaged over a few cells.
  void add_cells(std::span<const float> cells);
  double covariance(std::size_t a, std::size_t b) const;
  double correlation(std::size_t a, std::size_t b) const;

  Mosaic mosaic_;
  std::size_t channels_;
  std::size_t cells_high_;
  std::size_t cells_wide_;
  double count_ = 0;
  std::vector<double> sums_;
  /// Sums of products, of which the half with the smaller index second is kept.
  std::vector<double> products_;
};

}  // namespace cleave::codec
