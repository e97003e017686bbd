// Resize and Upsample: every axis by itself, as a matrix from input to output places.
#include <algorithm>
#include <cmath>

#include "train/operators.h"

namespace cleave::train {
namespace {

constexpr std::string_view kCoordinates[] = {"half_pixel",           "pytorch_half_pixel",
                                             "asymmetric",           "align_corners",
                                             "tf_half_pixel_for_nn", "tf_crop_and_resize"};
constexpr std::string_view kRoundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil"};

/// What a node's attributes say.
struct Resize {
  std::string mode = "nearest";
  std::string coordinates = "half_pixel";
  std::string nearest = "round_prefer_floor";
  double cubic = -0.75;
  bool exclude_outside = false;
  double extrapolated = 0;
};

/// One axis: its sizes, the scale that the node names, and the part of the input that is resized.
struct Axis {
  std::int64_t in = 1;
  std::int64_t out = 1;
  double scale = 1;
  double roi_begin = 0;
  double roi_end = 1;

  /// The place in the input of an output place; what is far outside is just outside.
  double place(std::int64_t x, const std::string& transform) const {
    const auto size = static_cast<double>(in);
    return std::clamp(source(x, transform), -size - 4, 2 * size + 4);
  }

  double source(std::int64_t x, const std::string& transform) const {
    const auto at = static_cast<double>(x);
    const auto last = static_cast<double>(in - 1);
    if (transform == "asymmetric") return at / scale;
    if (transform == "align_corners")
      return out == 1 ? 0 : at * last / static_cast<double>(out - 1);
    if (transform == "pytorch_half_pixel") return out > 1 ? (at + 0.5) / scale - 0.5 : 0;
    if (transform == "tf_half_pixel_for_nn") return (at + 0.5) / scale;
    if (transform == "tf_crop_and_resize") {
      if (out == 1) return 0.5 * (roi_begin + roi_end) * last;
      return roi_begin * last + at * (roi_end - roi_begin) * last / static_cast<double>(out - 1);
    }
    return (at + 0.5) / scale - 0.5;
  }
};

double nearest_place(double x, const std::string& rounding) {
  if (rounding == "floor") return std::floor(x);
  if (rounding == "ceil") return std::ceil(x);
  if (rounding == "round_prefer_ceil") return std::floor(x + 0.5);
  return std::ceil(x - 0.5);
}

/// The weights of the places around `x`, from the place `first` on.
std::vector<double> weights_at(double x, const Resize& resize, std::int64_t& first) {
  const double floor = std::floor(x);
  const double t = x - floor;
  first = static_cast<std::int64_t>(floor);
  if (resize.mode == "linear") return {1 - t, t};
  first -= 1;
  const double a = resize.cubic;
  const auto near = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

/// out × in, in doubles.
at::Tensor matrix_of(const Axis& axis, const Resize& resize) {
  at::Tensor matrix = at::zeros({axis.out, axis.in}, at::kDouble);
  auto rows = matrix.accessor<double, 2>();
  for (std::int64_t o = 0; o < axis.out; ++o) {
    std::int64_t first = 0;
    std::vector<double> weights = weights_at(axis.place(o, resize.coordinates), resize, first);
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const std::int64_t place = first + static_cast<std::int64_t>(i);
      const bool outside = place < 0 || place >= axis.in;
      if (outside && resize.exclude_outside) weights[i] = 0;
      sum += weights[i];
      rows[o][std::clamp<std::int64_t>(place, 0, axis.in - 1)] += weights[i];
    }
    for (std::int64_t i = 0; i < axis.in && resize.exclude_outside; ++i) rows[o][i] /= sum;
  }
  return matrix;
}

at::Tensor resized(const at::Tensor& x, std::int64_t d, const Axis& axis, const Resize& resize) {
  if (resize.mode == "nearest") {
    std::vector<std::int64_t> places;
    for (std::int64_t o = 0; o < axis.out; ++o) {
      const double place = nearest_place(axis.place(o, resize.coordinates), resize.nearest);
      places.push_back(std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, axis.in - 1));
    }
    return x.index_select(d, at::tensor(places, at::kLong));
  }
  const at::Tensor matrix = matrix_of(axis, resize).to(x.options());
  return at::matmul(matrix, x.movedim(d, -2).contiguous()).movedim(-2, d);
}

/// Where `tf_crop_and_resize` looks beyond the input, the node's own value stands.
at::Tensor with_extrapolation(at::Tensor y, std::int64_t d, const Axis& axis,
                              const Resize& resize) {
  if (resize.coordinates != "tf_crop_and_resize") return y;
  std::vector<std::int64_t> outside;
  for (std::int64_t o = 0; o < axis.out; ++o) {
    const double at = axis.place(o, resize.coordinates);
    if (at < 0 || at > static_cast<double>(axis.in - 1)) outside.push_back(o);
  }
  if (outside.empty()) return y;
  return y.index_fill(d, at::tensor(outside, at::kLong), resize.extrapolated);
}

std::vector<double> numbers_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  const at::Tensor flat = tensor.to(at::kDouble).contiguous().reshape({-1});
  const auto* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

/// Sizes that keep the aspect ratio: one scale for all of `axes`.
void keep_aspect(const at::Tensor& x, const std::vector<std::int64_t>& axes, bool larger,
                 std::vector<double>& sizes, std::vector<double>& scales) {
  double chosen = larger ? 0 : INFINITY;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const double scale = sizes[i] / static_cast<double>(x.size(axes[i]));
    chosen = larger ? std::max(chosen, scale) : std::min(chosen, scale);
  }
  scales.assign(axes.size(), chosen);
  for (std::size_t i = 0; i < axes.size(); ++i)
    sizes[i] = std::floor(chosen * static_cast<double>(x.size(axes[i])) + 0.5);
}

/// Fills in the output's size; throws for scales that make no sense and sizes out of bounds.
/// `size` is the wanted one, or below 0: then the scale says it.
void set_output(Axis& axis, double size, bool crops) {
  const auto in = static_cast<double>(axis.in);
  TORCH_CHECK(axis.in > 0 && std::isfinite(axis.scale) && axis.scale > 0, "a scale of ", axis.scale,
              " over ", axis.in, " places");
  const double part = crops ? axis.roi_end - axis.roi_begin : 1;
  const double out = size >= 0 ? size : std::floor(in * part * axis.scale);
  TORCH_CHECK(out >= 0 && out <= 1e9, "an axis of ", out, " places");
  axis.out = static_cast<std::int64_t>(out);
  check_size({axis.out, axis.in});
}

struct Wanted {
  std::vector<std::int64_t> axes;  ///< empty: all
  std::string policy = "stretch";

  /// `scales` or `sizes` is empty.
  at::Tensor apply(const at::Tensor& x, const Resize& resize, const std::vector<double>& roi,
                   std::vector<double> scales, std::vector<double> sizes) const {
    std::vector<std::int64_t> along = axes;
    for (std::int64_t d = 0; axes.empty() && d < x.dim(); ++d) along.push_back(d);
    for (std::int64_t& d : along) d = positive_axis(d, x.dim());
    const bool by_size = scales.empty();
    TORCH_CHECK((by_size ? sizes : scales).size() == along.size(), "scales or sizes for ",
                (by_size ? sizes : scales).size(), " axes, expected ", along.size());
    if (by_size && policy != "stretch")
      keep_aspect(x, along, policy == "not_smaller", sizes, scales);
    at::Tensor y = x;
    for (std::size_t i = 0; i < along.size(); ++i) {
      Axis axis{.in = x.size(along[i])};
      if (roi.size() == 2 * along.size()) {
        axis.roi_begin = roi[i];
        axis.roi_end = roi[along.size() + i];
      }
      axis.scale = scales.empty() ? sizes[i] / static_cast<double>(axis.in) : scales[i];
      const bool crops = resize.coordinates == "tf_crop_and_resize";
      set_output(axis, by_size ? sizes[i] : -1, crops);
      // Of one row: how many come is up to who calls.
      const std::int64_t rows = along[i] == 0 ? 1 : std::max<std::int64_t>(1, y.size(0));
      check_size({axis.out, y.numel() / axis.in / rows});
      if (axis.out == axis.in && axis.scale == 1 && !crops) continue;
      y = with_extrapolation(resized(y, along[i], axis, resize), along[i], axis, resize);
    }
    return y;
  }
};

Result<Resize> attributes_of(const Node& node) {
  Resize resize;
  resize.mode = node.word("mode", "nearest");
  if (resize.mode == "bilinear" || resize.mode == "trilinear") resize.mode = "linear";
  if (resize.mode != "nearest" && resize.mode != "linear" && resize.mode != "cubic")
    return node.unsupported("mode '" + resize.mode + "', expected nearest, linear or cubic");
  if (node.integer("antialias", 0) != 0) return node.unsupported("antialias");
  resize.cubic = node.number("cubic_coeff_a", -0.75);
  resize.exclude_outside = node.integer("exclude_outside", 0) != 0;
  resize.extrapolated = node.number("extrapolation_value", 0);
  return resize;
}

/// X, roi, scales, sizes; up to operator set 10: X, scales.
Result<Compute> resize(const Node& node) {
  Resize set = CLEAVE_TRY(attributes_of(node));
  const bool old = node.opset() < 11;
  set.coordinates = node.word("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  set.nearest = node.word("nearest_mode", old ? "floor" : "round_prefer_floor");
  if (std::ranges::find(kCoordinates, set.coordinates) == std::end(kCoordinates))
    return node.unsupported("coordinate_transformation_mode '" + set.coordinates + "'");
  if (std::ranges::find(kRoundings, set.nearest) == std::end(kRoundings))
    return node.unsupported("nearest_mode '" + set.nearest + "'");
  const Wanted wanted{node.integers("axes"), node.word("keep_aspect_ratio_policy", "stretch")};
  return single([=](Inputs in) {
    const auto numbers = [&](std::size_t i) { return numbers_of(input_or_none(in, i)); };
    if (old) return wanted.apply(in[0], set, {}, numbers(1), {});
    return wanted.apply(in[0], set, numbers(1), numbers(2), numbers(3));
  });
}

/// X and scales, which early operator sets have as an attribute.
Result<Compute> upsample(const Node& node) {
  Resize set = CLEAVE_TRY(attributes_of(node));
  set.coordinates = "asymmetric";
  set.nearest = "floor";
  const std::vector<float> attribute = node.numbers("scales");
  return single([=](Inputs in) {
    std::vector<double> scales(attribute.begin(), attribute.end());
    if (scales.empty()) scales = numbers_of(input_or_none(in, 1));
    return Wanted{}.apply(in[0], set, {}, scales, {});
  });
}

constexpr Operator kTable[] = {
    {"Resize", resize},
    {"Upsample", upsample},
};

}  // namespace

std::span<const Operator> resize_operators() { return kTable; }

}  // namespace cleave::train
