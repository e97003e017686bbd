#pragma once

#include <string_view>

#include "codec/codec.h"
#include "train/aten.h"

namespace cleave::train {

/// A codec as a layer: what it decodes goes forward, gradients go back as if it were not there
/// (thesis, section 4.2.2).
///
/// Thread safety: none; it codes the pictures of a batch on all of libtorch's threads.
class CodecLayer {
 public:
  /// Errors: those of codec::Codec.
  static Result<CodecLayer> create(std::string_view spec, const Json& calibration = {});

  /// N×… floats; each of the N is coded by itself, as 1×….
  Result<at::Tensor> forward(const at::Tensor& x);

  /// Bytes of a payload, on average since it was last asked; 0 where nothing was coded.
  double take_mean_bytes();

 private:
  explicit CodecLayer(codec::Codec codec) : codec_(std::move(codec)) {}

  codec::Codec codec_;
  std::int64_t coded_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace cleave::train
