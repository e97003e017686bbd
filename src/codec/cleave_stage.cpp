// The feature codec: channels mixed by a calibrated basis, blocks of cosines, whole steps, bits
// from a model of contexts (feature_codec.h). Ours.
#include <algorithm>
#include <bit>
#include <cmath>

#include "codec/feature_codec.h"
#include "codec/feature_design.h"
#include "codec/feature_images.h"
#include "codec/floats.h"
#include "codec/kernels.h"
#include "codec/layer_codes.h"
#include "codec/stages.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.cleave";
/// Most elements of a plane.
constexpr std::int64_t kMaxPlane = 1 << 24;
/// Without a calibration: steps a tensor's deviation has, and the block that is tried beside 1.
constexpr double kStepsPerDeviation = 8;
constexpr int kBlock = 8;
/// More than the model's least probabilities can make a coefficient cost.
constexpr std::int64_t kMostBytesPerCoefficient = 40;
/// Eighths of doublings of the step that the search for a size begins with.
constexpr int kFirstStride = 64;

/// What the settings of a spec say.
struct Rate {
  bool fast = false;             ///< the profile
  double step = 0;               ///< 0: as the calibration, or a tensor's deviation, says
  std::size_t target_bytes = 0;  ///< 0: none
  double target_loss_share = 0;  ///< 0: none
  int step_eighths = 0;          ///< where no size is asked for
  int layers = 1;
};

/// A payload's head. Where the codec has no calibration, a basis as FeatureBasis::plain() makes it
/// is in the payload.
struct PayloadHead {
  std::int8_t step_eighths = 0;
  std::uint8_t block = 1;
  bool not_negative = false;
  float step = 1;

  static constexpr std::size_t kCalibratedBytes = 1;
  static constexpr std::size_t kPlainBytes = 7;

  void write(bool calibrated, Bytes& out) const {
    append_le(out, static_cast<std::uint8_t>(step_eighths));
    if (calibrated) return;
    append_le(out, block);
    append_le(out, static_cast<std::uint8_t>(not_negative ? 1 : 0));
    append_le(out, std::bit_cast<std::uint32_t>(step));
  }

  static Result<PayloadHead> read(bool calibrated, std::span<const std::byte>& in) {
    const std::size_t size = calibrated ? kCalibratedBytes : kPlainBytes;
    if (in.size() < size)
      return fail(ErrorCode::kNeedMoreBytes, kPlace,
                  "a payload of " + std::to_string(in.size()) + " bytes, expected " +
                      std::to_string(size) + " or more");
    PayloadHead head;
    head.step_eighths = static_cast<std::int8_t>(load_le<std::uint8_t>(in, 0));
    if (!calibrated) {
      head.block = load_le<std::uint8_t>(in, 1);
      const auto flag = load_le<std::uint8_t>(in, 2);
      head.not_negative = flag == 1;
      head.step = std::bit_cast<float>(load_le<std::uint32_t>(in, 3));
      if (head.block < 1 || head.block > kMaxBlock || flag > 1 || !std::isfinite(head.step) ||
          head.step <= 0)
        return fail(ErrorCode::kCorrupt, kPlace,
                    "blocks of " + std::to_string(head.block) + ", a flag of " +
                        std::to_string(flag) + " and a step of " + std::to_string(head.step) +
                        ", expected 1 to " + std::to_string(kMaxBlock) +
                        ", 0 or 1, and a positive number");
    }
    in = in.subspan(size);
    return head;
  }

  FeatureBasis basis(const Planes& planes) const {
    FeatureBasis plain = FeatureBasis::plain(static_cast<int>(planes.channels), block, step);
    if (not_negative) plain.low = 0.0F;
    return plain;
  }
};

/// Images in the order of a basis's planes: the tensor's own memory, or copies.
struct Images {
  std::vector<std::span<const float>> all;
  std::vector<std::vector<float>> copies;
};

/// The codes of all images.
void encode_images(ImageCoder& coder, const Images& images, int layers, Bytes& out) {
  LayerWriter writer({static_cast<std::int64_t>(images.all.size()), layers});
  for (const std::span<const float> image : images.all) {
    if (layers == 1) {
      Bytes code;
      coder.encode(image, code);
      writer.add(std::span(&code, 1));
    } else {
      writer.add(coder.encode_layers(image, layers));
    }
  }
  writer.finish(out);
}

/// The priors of images that nothing is known of: those of what is made of them without, as a
/// payload tells them.
FastPriors measured_priors(const FeatureBasis& plain, const Planes& planes, const Images& images) {
  const FeatureCodec codec(plain, true);
  const auto coder = codec.coder(planes, 0);
  FastPriorFit fit(plain.layout(planes), plain.fast);
  for (const std::span<const float> image : images.all) {
    Bytes unwanted;
    coder->encode(image, unwanted);
    fit.add(coder->coded());
  }
  // What a payload tells of them is less: the encoder has to believe what the decoder will.
  Bytes told;
  fit.priors().write_plain(plain.layout(planes), told);
  std::span<const std::byte> in = told;
  return *FastPriors::read_plain(plain.layout(planes), in);
}

class CleaveStage final : public Stage {
 public:
  CleaveStage(std::optional<FeatureBasis> basis, Rate rate) : rate_(rate) {
    if (basis) calibrated_.emplace(*std::move(basis), rate.fast);
  }

  std::string_view name() const override { return "cleave"; }

  Result<bool> plan(Layout& layout) const override {
    if (layout.kind != Kind::kValues) return wrong_order(name(), "values", layout);
    if (!is_floating(layout.dtype)) return false;
    const Planes planes = planes_of(layout.shape, axis());
    if (planes.pixels() > kMaxPlane)
      return fail(ErrorCode::kUnsupported, kPlace,
                  "planes of " + std::to_string(planes.pixels()) + " elements, expected up to " +
                      std::to_string(kMaxPlane));
    const std::int64_t bound = static_cast<std::int64_t>(PayloadHead::kPlainBytes) +
                               4 * planes.images * rate_.layers +
                               kMostBytesPerCoefficient * planes.images * planes.image_stride;
    layout = {Kind::kCompressed, DType::kU8, {bound}, layout.side_bytes};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    const Planes planes = CLEAVE_TRY(planes_for(before.shape));
    Images images;
    images.copies.resize(static_cast<std::size_t>(planes.images));
    for (std::int64_t i = 0; i < planes.images; ++i) {
      images.all.push_back(view_image(in, before.dtype, planes, i, images.copies[i]));
      const KeyRange range =
          best_kernels().scan(images.all.back().data(), images.all.back().size());
      if (range.low < kLeastFiniteKey || range.high > kGreatestFiniteKey)
        return std::unexpected(not_finite(in, before.dtype));
    }
    Bytes out =
        calibrated_ ? encode_with(*calibrated_, {}, planes, images) : encode_plain(planes, images);
    return Tensor::from_bytes(DType::kU8, {static_cast<std::int64_t>(out.size())}, out);
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    const Planes planes = CLEAVE_TRY(planes_for(before.shape));
    const auto head = CLEAVE_TRY(PayloadHead::read(calibrated_.has_value(), in));
    std::optional<FeatureCodec> plain;
    if (!calibrated_) {
      FeatureBasis basis = head.basis(planes);
      if (rate_.fast) basis.fast = CLEAVE_TRY(FastPriors::read_plain(basis.layout(planes), in));
      plain.emplace(std::move(basis), rate_.fast);
    }
    return decode_with(plain ? *plain : *calibrated_, head, planes, in, before);
  }

  std::size_t trimmed(std::span<const std::byte> in, const Layout& before,
                      std::size_t most) const override {
    const std::size_t all = in.size();
    if (rate_.layers == 1 || !PayloadHead::read(calibrated_.has_value(), in))
      return Stage::trimmed(in, before, most);
    const std::size_t head_bytes = all - in.size();
    const auto codes =
        LayerReader::open(in, {planes_of(before.shape, axis()).images, rate_.layers});
    const std::size_t kept =
        codes && most >= head_bytes ? codes->whole_layers(most - head_bytes) : 0;
    return kept == 0 ? 0 : head_bytes + kept;
  }

 private:
  ChannelAxis axis() const {
    return calibrated_ ? calibrated_->basis().axis : ChannelAxis::kBeforePlane;
  }

  Result<Planes> planes_for(const Shape& shape) const {
    const Planes planes = planes_of(shape, axis());
    if (!calibrated_ || planes.channels == calibrated_->basis().channels) return planes;
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "a tensor of " + std::to_string(planes.channels) + " channels, calibrated for " +
                    std::to_string(calibrated_->basis().channels));
  }

  /// The payload at the step asked for, or at the finest that keeps the size asked for.
  Bytes encode_with(const FeatureCodec& codec, PayloadHead head, const Planes& planes,
                    const Images& images) const {
    const auto payload = [&](int eighths) {
      Bytes out;
      head.step_eighths = static_cast<std::int8_t>(eighths);
      head.write(calibrated_.has_value(), out);
      if (rate_.fast && !calibrated_)
        codec.basis().fast.write_plain(codec.basis().layout(planes), out);
      encode_images(*codec.coder(planes, eighths), images, rate_.layers, out);
      return out;
    };
    if (rate_.target_bytes == 0) return payload(rate_.step_eighths);
    // Payloads shrink as steps grow, if not strictly: halve the stride around where they fit.
    Bytes best;
    int eighths = 0;
    for (int stride = kFirstStride; stride > 0; stride /= 2) {
      Bytes tried = payload(eighths);
      const bool fits = tried.size() <= rate_.target_bytes;
      if (best.empty() || fits) best = std::move(tried);
      eighths =
          std::clamp(eighths + (fits ? -stride : stride), kLeastStepEighths, kMostStepEighths);
    }
    Bytes last = payload(eighths);
    return last.size() <= rate_.target_bytes || best.size() > rate_.target_bytes ? last : best;
  }

  /// With single coefficients or blocks of them, whichever is better.
  Bytes encode_plain(const Planes& planes, const Images& images) const {
    PayloadHead head;
    head.not_negative = std::ranges::all_of(
        images.all, [](const auto& image) { return std::ranges::min(image) >= 0; });
    head.step =
        static_cast<float>(rate_.step > 0 ? rate_.step : deviation(images) / kStepsPerDeviation);
    head.step =
        std::max(head.step, 2 * kBlock * largest(images) / static_cast<float>(kMaxCoefficient));
    if (!(head.step > 0)) head.step = 1;
    Bytes best;
    for (const int block : {1, kBlock}) {
      if (block > 1 && std::max(planes.height, planes.width) == 1) continue;
      head.block = static_cast<std::uint8_t>(block);
      FeatureBasis basis = head.basis(planes);
      if (rate_.fast) basis.fast = measured_priors(basis, planes, images);
      Bytes tried = encode_with(FeatureCodec(std::move(basis), rate_.fast), head, planes, images);
      if (best.empty() || is_better(tried, best)) best = std::move(tried);
    }
    return best;
  }

  /// The smaller payload, or of those that keep the size asked for the one of the finer step.
  bool is_better(const Bytes& one, const Bytes& other) const {
    const bool both_fit = std::max(one.size(), other.size()) <= rate_.target_bytes;
    const auto step = [](const Bytes& payload) { return static_cast<std::int8_t>(payload[0]); };
    return both_fit ? step(one) < step(other) : one.size() < other.size();
  }

  static float largest(const Images& images) {
    float most = 0;
    for (const auto& image : images.all)
      for (const float v : image) most = std::max(most, std::abs(v));
    return most;
  }

  static double deviation(const Images& images) {
    double count = 0;
    double sum = 0;
    double squares = 0;
    for (const auto& image : images.all)
      for (const float v : image) {
        sum += v;
        squares += static_cast<double>(v) * v;
        count += 1;
      }
    return std::sqrt(std::max(0.0, squares / count - (sum / count) * (sum / count)));
  }

  Result<Tensor> decode_with(const FeatureCodec& codec, const PayloadHead& head,
                             const Planes& planes, std::span<const std::byte> in,
                             const Layout& before) const {
    const auto coder = codec.coder(planes, head.step_eighths);
    Tensor tensor(before.dtype, before.shape);
    std::vector<float> copy;
    auto codes = CLEAVE_TRY(LayerReader::open(in, {planes.images, rate_.layers}));
    for (std::int64_t i = 0; i < planes.images; ++i) {
      const auto own = image_memory(tensor.bytes(), before.dtype, planes, i);
      copy.resize(own.empty() ? static_cast<std::size_t>(planes.image_stride) : 0);
      const std::span<float> image = own.empty() ? std::span(copy) : own;
      const auto layers = codes.next();
      if (rate_.layers == 1) {
        coder->decode(layers.front(), image);
      } else {
        coder->decode_layers(layers, rate_.layers, image);
      }
      if (own.empty()) scatter_image(copy, before.dtype, planes, i, tensor.bytes());
    }
    return tensor;
  }

  std::optional<FeatureCodec> calibrated_;
  Rate rate_;
};

Result<Rate> rate_of(const Spec& spec) {
  Rate rate;
  rate.fast = spec.text("profile") == "fast";
  if (spec.text("step") != "auto") rate.step = CLEAVE_TRY(spec.number("step", 0));
  if (spec.text("target") != "none")
    rate.target_bytes = static_cast<std::size_t>(CLEAVE_TRY(spec.number("target", 0)));
  if (spec.text("target_loss") != "none")
    rate.target_loss_share = CLEAVE_TRY(spec.number("target_loss", 0));
  rate.layers = CLEAVE_TRY(spec.integer("layers", 1, 1, kMostLayers));
  if (rate.layers > 1 && rate.fast)
    return fail(ErrorCode::kInvalidArgument, kPlace, "layers take profile=small, found fast");
  return rate;
}

}  // namespace

StageResult make_cleave(const Spec& spec, const Json& calibration) {
  Rate rate = CLEAVE_TRY(rate_of(spec));
  if (!calibration.is_null()) {
    FeatureBasis basis = CLEAVE_TRY(feature_basis_from_json(calibration));
    if (rate.target_loss_share > 0)
      rate.step_eighths = CLEAVE_TRY(coarsest_step(basis, rate.target_loss_share));
    return std::make_unique<CleaveStage>(std::move(basis), rate);
  }
  if (rate.target_loss_share > 0)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "target_loss asks for a step by its loss, which takes a calibration");
  return std::make_unique<CleaveStage>(std::nullopt, rate);
}

Result<Json> calibrate_cleave(const Spec& spec, std::span<const Tensor> samples) {
  // Integers and booleans are passed over.
  if (!samples.empty() && !is_floating(samples.front().dtype())) return Json();
  const Rate rate = CLEAVE_TRY(rate_of(spec));
  return to_json(CLEAVE_TRY(choose_basis(samples, rate.step)));
}

}  // namespace cleave::codec
