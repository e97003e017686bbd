#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "codec/fast_coefficients.h"
#include "codec/feature_basis.h"
#include "codec/feature_synthesis.h"
#include "codec/feature_transform.h"

namespace cleave::codec {

/// What coders of one basis and profile have in common.
struct FeatureModel {
  FeatureModel(FeatureBasis basis, bool is_fast) : transform(std::move(basis)) {
    if (is_fast) fast.emplace(transform.basis().fast);
  }

  FeatureTransform transform;
  std::optional<FastModel> fast;  ///< of the fast profile
};

/// Components of a layer: the first has 1 of 2^(layers - 1) parts of them, every other as many as
/// all before it. Where a basis mixes channels the first components say the most.
ComponentRange layer_range(int components, int layer, int layers);

/// Codes images of one shape one by one, each by itself. Not thread-safe.
class ImageCoder {
 public:
  /// Borrows the model.
  ImageCoder(const FeatureModel& model, const Planes& planes, int step_eighths);

  bool is_for(const Planes& planes, int step_eighths) const;
  /// Coefficients of an image.
  std::size_t count() const { return layout_.count(); }

  /// Appends the code of an image, channels × pixels.
  void encode(std::span<const float> image, Bytes& out);
  /// Any bytes decode to something.
  void decode(std::span<const std::byte> code, std::span<float> image);
  /// The code in layers (layer_range()). Not of the fast profile.
  std::vector<Bytes> encode_layers(std::span<const float> image, int layers);
  /// What the first of `layers` layers say, as many as there are codes.
  void decode_layers(std::span<const std::span<const std::byte>> codes, int layers,
                     std::span<float> image);
  /// The coefficients of the image encoded last.
  std::span<std::int32_t> coded() { return std::span(coded_).first(count()); }

 private:
  void synthesise(int components, std::span<float> image);

  const FeatureModel& model_;
  Planes planes_;
  int step_eighths_;
  CoefficientLayout layout_;
  FeatureSynthesis synthesis_;
  std::vector<float> values_;
  std::vector<std::int32_t> coded_;
  std::optional<FastCoefficientCoder> fast_;
};

/// Images of features as bytes, by a basis. Thread-safe: every caller gets a coder of its own, and
/// coders that are given back wait for the next one, since to make one and to get its memory takes
/// as long as to code a small image.
class FeatureCodec {
 public:
  FeatureCodec(FeatureBasis basis, bool fast) : model_(std::move(basis), fast) {}

  const FeatureBasis& basis() const { return model_.transform.basis(); }

  struct GiveBack {
    const FeatureCodec* codec;
    void operator()(ImageCoder* coder) const { codec->give(std::unique_ptr<ImageCoder>(coder)); }
  };
  using Coder = std::unique_ptr<ImageCoder, GiveBack>;
  /// A coder that goes back when it is destroyed, before this is.
  Coder coder(const Planes& planes, int step_eighths) const;

 private:
  void give(std::unique_ptr<ImageCoder> coder) const;

  FeatureModel model_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<ImageCoder>> idle_;
};

}  // namespace cleave::codec
