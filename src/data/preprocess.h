#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/tensor.h"
#include "data/image.h"

namespace cleave::data {

/// How a picture becomes a network's input, named by a spec string:
///
///   image:size=224,resize=256,mean=imagenet,layout=nchw,color=rgb
///
/// - size: N or HxW, what the network takes; required
/// - resize: the shorter side is first brought to this, then the middle is cut out; without it the
///   picture is stretched straight to `size`
/// - scale: what a byte is multiplied with: 1/255 (default) or a number
/// - mean: subtracted after scaling: none (default), imagenet, or a/b/c in the order of the
///   tensor's channels
/// - std: divided by after that: the same choices; imagenet by default when the mean is
/// - layout: nchw (default) or nhwc
/// - color: rgb (default), bgr or gray (one channel, ITU-R 601 luma)
///
/// Immutable; may be used from several threads at once.
class Preprocess {
 public:
  static Result<Preprocess> parse(std::string_view spec);

  /// A sensible default for an f32 input of shape 1x3xHxW, 1xHxWx3, 1x1xHxW or 1xHxWx1 (the batch
  /// may be unknown, H and W may not); nothing for any other. A guess: what the network was trained
  /// with is not in its shape.
  static std::optional<Preprocess> guess(const TensorSpec& input);

  /// The canonical spec: parse(spec()) gives an equal object.
  std::string spec() const;

  /// The f32 input tensor, 1xCxHxW or 1xHxWxC. A picture that already has the network's input size
  /// is neither resized nor cropped, so that apply(picture(x)) equals apply(x).
  Tensor apply(const Image& image) const;

  /// The 8-bit picture at the network's input size: what is sent where the network runs elsewhere.
  Image picture(const Image& image) const;

  int width() const { return width_; }
  int height() const { return height_; }
  int channels() const { return color_ == Color::kGray ? 1 : 3; }
  /// Shape of what apply() gives.
  Shape shape() const;

  bool operator==(const Preprocess&) const = default;

 private:
  enum class Color { kRgb, kBgr, kGray };
  Preprocess() = default;

  int width_ = 0;
  int height_ = 0;
  std::optional<int> shorter_side_;
  double scale_ = 1.0 / 255;
  /// Per channel of the tensor; gray uses the first.
  std::array<double, 3> mean_{0, 0, 0};
  std::array<double, 3> std_{1, 1, 1};
  bool channels_last_ = false;
  Color color_ = Color::kRgb;
};

}  // namespace cleave::data
