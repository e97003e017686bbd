#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

/// Codes of images within a payload, in layers that refine each other: layer after layer, in each
/// image after image, every code behind its length (u32) unless there is only one.
namespace cleave::codec {

inline constexpr int kMostLayers = 8;

/// How many codes there are.
struct LayerFrame {
  std::int64_t images = 1;
  int layers = 1;

  bool single() const { return images == 1 && layers == 1; }
};

/// Collects the codes image by image. Not thread-safe.
class LayerWriter {
 public:
  explicit LayerWriter(LayerFrame frame) : frame_(frame) {}
  /// The codes of the next image, one for each layer.
  void add(std::span<const Bytes> codes);
  void finish(Bytes& out) const;

 private:
  LayerFrame frame_;
  std::array<Bytes, kMostLayers> layers_;
};

/// Gives the codes image by image. Not thread-safe; borrows the bytes.
class LayerReader {
 public:
  /// Where there are several layers, bytes may end anywhere: what is not whole is not there.
  /// Errors: kNeedMoreBytes for a single layer that is not whole, kCorrupt for bytes behind the
  /// last code.
  static Result<LayerReader> open(std::span<const std::byte> in, LayerFrame frame);

  /// The codes of the next image, as many layers as are there; valid until the next call.
  std::span<const std::span<const std::byte>> next();
  /// Bytes up to the end of the last layer that ends within `most`; 0: none does.
  std::size_t whole_layers(std::size_t most) const;

 private:
  explicit LayerReader(LayerFrame frame) : frame_(frame) {}

  LayerFrame frame_;
  std::int64_t image_ = 0;
  std::array<std::span<const std::byte>, kMostLayers> rest_;  ///< of each layer, not yet given
  std::array<std::int64_t, kMostLayers> whole_{};             ///< images of each layer
  std::array<std::size_t, kMostLayers> ends_{};
  std::array<std::span<const std::byte>, kMostLayers> codes_;
};

}  // namespace cleave::codec
