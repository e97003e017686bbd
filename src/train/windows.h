#pragma once

// Where the windows of convolutions and poolings lie. Private to the module.

#include <vector>

#include "train/aten.h"
#include "train/node.h"

namespace cleave::train {

enum class AutoPad { kNone, kValid, kSameUpper, kSameLower };

/// A node's attributes of windows, one entry for each spatial axis.
struct Windows {
  std::vector<std::int64_t> strides;
  std::vector<std::int64_t> dilations;
  std::vector<std::int64_t> pads;  ///< ONNX's order: all begins, then all ends; empty: none
  AutoPad auto_pad = AutoPad::kNone;

  static Result<Windows> of(const Node& node);
  /// With the default of 1 for strides and dilations that are not set. Throws where there are more
  /// or fewer than so many spatial axes, and for numbers that make no sense.
  Windows for_rank(std::size_t spatial) const;
  /// The pads of an input of these spatial dimensions under a kernel.
  std::vector<std::int64_t> pads_for(at::IntArrayRef spatial, at::IntArrayRef kernel) const;
};

/// Begins equal ends: what libtorch pads by itself.
bool is_symmetric(const std::vector<std::int64_t>& pads);
/// The begins of symmetric pads.
std::vector<std::int64_t> begins_of(const std::vector<std::int64_t>& pads);
/// The shape of padded().
std::vector<std::int64_t> padded_shape(const at::Tensor& x, const std::vector<std::int64_t>& pads);
/// The spatial axes (from 2 on) padded with `value`; negative pads crop.
at::Tensor padded(const at::Tensor& x, const std::vector<std::int64_t>& pads, double value);

}  // namespace cleave::train
