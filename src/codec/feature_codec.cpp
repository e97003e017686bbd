#include "codec/feature_codec.h"

#include <algorithm>

namespace cleave::codec {

ComponentRange layer_range(int components, int layer, int layers) {
  const auto end = [&](int i) { return i < 0 ? 0 : components >> (layers - 1 - i); };
  return {end(layer - 1), end(layer)};
}

ImageCoder::ImageCoder(const FeatureModel& model, const Planes& planes, int step_eighths)
    : model_(model),
      planes_(planes),
      step_eighths_(step_eighths),
      layout_(model.transform.basis().layout(planes)),
      synthesis_(model.transform, planes) {
  if (model.fast) fast_.emplace(layout_, *model.fast, step_eighths);
}

bool ImageCoder::is_for(const Planes& planes, int step_eighths) const {
  return planes_.height == planes.height && planes_.width == planes.width &&
         step_eighths_ == step_eighths;
}

void ImageCoder::encode(std::span<const float> image, Bytes& out) {
  if (!fast_) {
    const Bytes code = std::move(encode_layers(image, 1).front());
    out.insert(out.end(), code.begin(), code.end());
    return;
  }
  values_.resize(count() + kSlack);
  coded_.resize(count() + kSlack);
  model_.transform.forward(image, planes_, step_eighths_, values_);
  fast_->encode(values_, model_.transform.basis().trade(), out, coded_);
}

void ImageCoder::decode(std::span<const std::byte> code, std::span<float> image) {
  if (!fast_) {
    decode_layers(std::span(&code, 1), 1, image);
    return;
  }
  fast_->decode(code, [&](int k, auto plane) { synthesis_.add(k, plane); });
  synthesis_.finish(step_eighths_, image);
}

std::vector<Bytes> ImageCoder::encode_layers(std::span<const float> image, int layers) {
  const FeatureBasis& basis = model_.transform.basis();
  values_.resize(count() + kSlack);
  coded_.resize(count() + kSlack);
  model_.transform.forward(image, planes_, step_eighths_, values_);
  CoefficientModel model(layout_, basis.state);
  std::vector<Bytes> codes(static_cast<std::size_t>(layers));
  for (int layer = 0; layer < layers; ++layer)
    model.encode(std::span(values_).first(count()), layer_range(layout_.components, layer, layers),
                 basis.trade(), codes[layer], coded());
  return codes;
}

void ImageCoder::decode_layers(std::span<const std::span<const std::byte>> codes, int layers,
                               std::span<float> image) {
  coded_.resize(count() + kSlack);
  CoefficientModel model(layout_, model_.transform.basis().state);
  for (std::size_t layer = 0; layer < codes.size(); ++layer) {
    const auto range = layer_range(layout_.components, static_cast<int>(layer), layers);
    model.decode(codes[layer], range, coded());
    for (int k = range.begin; k < range.end; ++k)
      synthesis_.add(
          k, coded().subspan(static_cast<std::size_t>(k) * layout_.pixels(), layout_.pixels()));
  }
  synthesis_.finish(step_eighths_, image);
}

FeatureCodec::Coder FeatureCodec::coder(const Planes& planes, int step_eighths) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        idle_, [&](const auto& coder) { return coder->is_for(planes, step_eighths); });
    if (found != idle_.end()) {
      Coder coder(found->release(), GiveBack{this});
      idle_.erase(found);
      return coder;
    }
  }
  return {new ImageCoder(model_, planes, step_eighths), GiveBack{this}};
}

void FeatureCodec::give(std::unique_ptr<ImageCoder> coder) const {
  // Some 16 bytes a coefficient: at most 16 MiB each.
  constexpr std::size_t kMostCoefficients = std::size_t{1} << 20;
  constexpr std::size_t kMostIdle = 4;
  if (coder->count() > kMostCoefficients) return;
  const std::lock_guard lock(mutex_);
  if (idle_.size() == kMostIdle) idle_.erase(idle_.begin());
  idle_.push_back(std::move(coder));
}

}  // namespace cleave::codec
