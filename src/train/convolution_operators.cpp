// Convolutions and transposed convolutions of any rank.
#include <algorithm>

#include "train/operators.h"
#include "train/windows.h"

namespace cleave::train {
namespace {

Result<std::int64_t> groups_of(const Node& node) {
  const std::int64_t groups = node.integer("group", 1);
  if (groups < 1 || groups > 1 << 20) return node.unsupported(std::to_string(groups) + " groups");
  return groups;
}

/// Spatial axes of an input and the weights of a convolution; throws where they differ.
std::size_t spatial_rank(const at::Tensor& x, const at::Tensor& w) {
  TORCH_CHECK(x.dim() == w.dim() && x.dim() > 2, "an input of rank ", x.dim(),
              " and weights of rank ", w.dim(), ", expected both alike, 3 or more");
  return static_cast<std::size_t>(x.dim() - 2);
}

/// The shape of the result for one row: channels and places.
std::vector<std::int64_t> output_of_one(const at::Tensor& x, const at::Tensor& w,
                                        const Windows& windows,
                                        const std::vector<std::int64_t>& pads) {
  std::vector<std::int64_t> shape{w.size(0)};
  const std::size_t rank = pads.size() / 2;
  for (std::size_t i = 0; i < rank; ++i) {
    const auto d = static_cast<std::int64_t>(i) + 2;
    const std::int64_t reach = (w.size(d) - 1) * windows.dilations[i] + 1;
    const std::int64_t free = x.size(d) + pads[i] + pads[rank + i] - reach;
    shape.push_back(std::max<std::int64_t>(0, free / windows.strides[i] + 1));
  }
  return shape;
}

/// By the functions of a rank: autocasting knows them, and not at::convolution.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias,
                    const Windows& windows, at::IntArrayRef pads, std::int64_t groups) {
  switch (x.dim()) {
    case 3:
      return at::conv1d(x, w, bias, windows.strides, pads, windows.dilations, groups);
    case 4:
      return at::conv2d(x, w, bias, windows.strides, pads, windows.dilations, groups);
    case 5:
      return at::conv3d(x, w, bias, windows.strides, pads, windows.dilations, groups);
    default:
      return at::convolution(x, w, bias, windows.strides, pads, windows.dilations, false,
                             std::vector<std::int64_t>(pads.size(), 0), groups);
  }
}

/// X (N×C×…), W (M×C/group×…), B (M) or none.
Result<Compute> conv(const Node& node) {
  const Windows set = CLEAVE_TRY(Windows::of(node));
  const std::int64_t groups = CLEAVE_TRY(groups_of(node));
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const at::Tensor& w = in[1];
    const Windows windows = set.for_rank(spatial_rank(x, w));
    const auto pads = windows.pads_for(x.sizes().slice(2), w.sizes().slice(2));
    check_size(output_of_one(x, w, windows, pads));
    const bool own = is_symmetric(pads) && std::ranges::all_of(pads, [](auto p) { return p >= 0; });
    const std::vector<std::int64_t> none(pads.size() / 2, 0);
    return convolve(own ? x : padded(x, pads, 0), w, input_or_none(in, 2), windows,
                    own ? begins_of(pads) : none, groups);
  });
}

/// The transposed convolution without pads, by the functions of a rank too.
at::Tensor spread(const at::Tensor& x, const at::Tensor& w, const Windows& windows,
                  std::int64_t groups) {
  const std::vector<std::int64_t> none(windows.strides.size(), 0);
  switch (x.dim()) {
    case 3:
      return at::conv_transpose1d(x, w, {}, windows.strides, none, none, groups, windows.dilations);
    case 4:
      return at::conv_transpose2d(x, w, {}, windows.strides, none, none, groups, windows.dilations);
    case 5:
      return at::conv_transpose3d(x, w, {}, windows.strides, none, none, groups, windows.dilations);
    default:
      return at::convolution(x, w, {}, windows.strides, none, windows.dilations, true, none,
                             groups);
  }
}

struct Transposed {
  Windows windows;
  std::vector<std::int64_t> output_padding;
  std::vector<std::int64_t> output_shape;  ///< spatial; empty: as the pads give it
  std::int64_t groups = 1;

  /// What is cut off at each side of the result without pads, or added where it is negative.
  std::vector<std::int64_t> crop(at::IntArrayRef spatial, at::IntArrayRef kernel,
                                 const Windows& full,
                                 const std::vector<std::int64_t>& extra) const {
    const std::size_t rank = spatial.size();
    std::vector<std::int64_t> pads = full.pads;
    if (full.auto_pad == AutoPad::kValid) pads.assign(2 * rank, 0);
    const bool same = full.auto_pad > AutoPad::kValid;
    if (output_shape.empty() && !same) return pads;
    for (std::size_t i = 0; i < rank; ++i) {
      const std::int64_t reach = (kernel[i] - 1) * full.dilations[i] + 1;
      const std::int64_t wanted = output_shape.empty()
                                      ? spatial[i] * full.strides[i]
                                      : output_shape[output_shape.size() - rank + i];
      const std::int64_t total = full.strides[i] * (spatial[i] - 1) + extra[i] + reach - wanted;
      // Below 0, zeros are added at the end.
      const std::int64_t both = std::max<std::int64_t>(total, 0);
      pads[i] = full.auto_pad == AutoPad::kSameUpper ? both / 2 : both - both / 2;
      pads[rank + i] = total - pads[i];
    }
    return pads;
  }
};

/// No less than the shape of spread() for one row.
std::vector<std::int64_t> spread_of_one(const at::Tensor& x, const at::Tensor& w,
                                        const Windows& windows, std::int64_t groups) {
  std::vector<std::int64_t> shape{w.size(1) * groups};
  for (std::size_t i = 0; i < windows.strides.size(); ++i) {
    const auto d = static_cast<std::int64_t>(i) + 2;
    shape.push_back(windows.strides[i] * x.size(d) + windows.dilations[i] * w.size(d));
  }
  return shape;
}

/// X (N×C×…), W (C×M/group×…), B (M) or none. Pads crop the result.
Result<Compute> conv_transpose(const Node& node) {
  const Transposed set{CLEAVE_TRY(Windows::of(node)), node.integers("output_padding"),
                       node.integers("output_shape"), CLEAVE_TRY(groups_of(node))};
  return single([=](Inputs in) {
    const at::Tensor& x = in[0];
    const at::Tensor& w = in[1];
    const std::size_t rank = spatial_rank(x, w);
    const Windows windows = set.windows.for_rank(rank);
    std::vector<std::int64_t> extra = set.output_padding;
    if (extra.empty()) extra.assign(rank, 0);
    TORCH_CHECK(extra.size() == rank, extra.size(), " output paddings, expected ", rank);
    TORCH_CHECK(set.output_shape.empty() || set.output_shape.size() >= rank, "an output shape of ",
                set.output_shape.size(), " dimensions, expected ", rank);
    check_size(set.output_shape);
    check_size(extra);
    std::vector<std::int64_t> crop =
        set.crop(x.sizes().slice(2), w.sizes().slice(2), windows, extra);
    for (std::int64_t& c : crop) c = -c;
    check_size(spread_of_one(x, w, windows, set.groups));
    const at::Tensor plain = spread(x, w, windows, set.groups);
    // libtorch wants the output padding below the stride; here it is zeros behind the result.
    for (std::size_t i = 0; i < rank; ++i) crop[rank + i] += extra[i];
    at::Tensor y = padded(plain, crop, 0);
    const at::Tensor bias = input_or_none(in, 2);
    if (!bias.defined()) return y;
    std::vector<std::int64_t> by_channel(rank + 2, 1);
    by_channel[1] = -1;
    return y + bias.reshape(by_channel);
  });
}

constexpr Operator kTable[] = {
    {"Conv", conv, 2, bits(1, 2)},
    {"ConvTranspose", conv_transpose, 2, bits(1, 2)},
};

}  // namespace

std::span<const Operator> convolution_operators() { return kTable; }

}  // namespace cleave::train
