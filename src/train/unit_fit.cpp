#include "train/unit_fit.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/spec.h"
#include "data/subset.h"
#include "train/network.h"

namespace cleave::train {
namespace {

using torch::Tensor;

/// Elements of the cut's value that are kept, and the most pictures that they are from.
constexpr std::int64_t kElements = std::int64_t{1} << 24;
constexpr std::int64_t kPictures = 256;
constexpr std::size_t kBatch = 16;
/// What norms add to a variance where their node does not tell.
constexpr double kEpsilon = 1e-5;
/// How far above zero, in deviations, what a ReLU takes lies.
constexpr double kAbove = 3;
/// Of all weights of an output: what He's draw gives them.
constexpr double kRowNorm = std::numbers::sqrt2;
constexpr double kTiny = 1e-12;

Tensor mean_of(const Tensor& columns) { return columns.mean(at::IntArrayRef{0}); }
Tensor centred(const Tensor& columns) { return columns - mean_of(columns); }
Tensor deviation_of(const Tensor& columns) { return mean_of(centred(columns).square()).sqrt(); }

/// A unit by itself, and what its layers make of values of the cut.
class Fitting {
 public:
  /// `x` is N×C×H×W.
  Fitting(const UnitNetwork& unit, Tensor x, OnnxModule& module)
      : unit_(unit),
        x_(std::move(x)),
        module_(module),
        parameters_(module.named_parameters()),
        buffers_(module.named_buffers()) {}

  bool has(const std::string& layer) const {
    return parameters_.contains(full_name(layer + ".weight"));
  }
  Tensor weight(const std::string& layer) { return parameters_[full_name(layer + ".weight")]; }

  /// The cut's value with a column for each channel, f64. Of many pixels some.
  Tensor cut_value() const { return by_channel(x_); }
  /// The same of what a layer makes of it.
  Result<Tensor> value(const std::string& name) {
    Tensor seen;
    const std::string full = unit_.value + '/' + name;
    CLEAVE_CHECK(module_.set_transform(full, [&seen](const Tensor& x) -> Result<Tensor> {
      seen = x;
      return x;
    }));
    auto ran = module_.forward(std::array{x_});
    CLEAVE_CHECK(module_.set_transform(full, nullptr));
    if (!ran) return std::unexpected(std::move(ran).error());
    return by_channel(seen);
  }

  /// Gives a convolution weights, outputs first, whose rows are brought to the size of drawn ones.
  /// Returns what that divided the outputs by; 0 where there was nothing: then the drawn ones stay.
  Tensor set_weight(const std::string& layer, const Tensor& rows) {
    const Tensor size = rows.flatten(1).norm(2, 1);
    const Tensor live = size > 1e-9 * size.max().clamp_min(kTiny);
    const Tensor scaled = rows * (kRowNorm / size.clamp_min(kTiny)).reshape({-1, 1, 1, 1});
    Tensor own = weight(layer);
    own.copy_(at::where(live.reshape({-1, 1, 1, 1}), scaled, own.to(at::kDouble)));
    return at::where(live, size / kRowNorm, at::zeros_like(size));
  }

  /// Makes the norm behind `layer`, whose convolution gives `seen`, an affine map to this deviation
  /// and mean.
  void set_norm(const std::string& layer, const Tensor& seen, const Tensor& deviation,
                const Tensor& mean) {
    const Tensor own = deviation_of(seen);
    const Tensor scale = deviation * (own.square() + kEpsilon).sqrt() / own.clamp_min(kTiny);
    parameters_[full_name(layer + "_norm.scale")].copy_(scale);
    parameters_[full_name(layer + "_norm.bias")].copy_(mean);
    buffers_[full_name(layer + "_norm.mean")].copy_(mean_of(seen));
    buffers_[full_name(layer + "_norm.variance")].copy_(own.square());
  }

 private:
  std::string full_name(const std::string& name) const {
    return OnnxModule::torch_name(unit_.value + '/' + name);
  }

  /// Every so many pixels, as many for one value as for another of the same size.
  Tensor by_channel(const Tensor& x) const {
    const Tensor rows = x.permute({0, 2, 3, 1}).reshape({-1, x.size(1)});
    const std::int64_t step = (rows.size(0) * x_.size(1) + kElements - 1) / kElements;
    return rows.slice(0, 0, rows.size(0), step).to(at::kDouble);
  }

  const UnitNetwork& unit_;
  Tensor x_;
  OnnxModule& module_;
  torch::OrderedDict<std::string, Tensor> parameters_;
  torch::OrderedDict<std::string, Tensor> buffers_;
};

/// Rows of a convolution that filters each channel by itself, by `line` both ways.
Tensor separable(std::int64_t channels, const Tensor& line) {
  return torch::eye(channels, at::kDouble).reshape({channels, channels, 1, 1}) * line.outer(line);
}

/// Weights by which a transposed convolution interpolates: a triangle of twice the stride, as far
/// as the filter reaches, that gives a constant back whatever the pixel's phase.
Tensor triangle(std::int64_t filter, std::int64_t stride) {
  const double middle = (static_cast<double>(filter) - 1) / 2;
  std::vector<double> line;
  std::vector<double> sums(static_cast<std::size_t>(stride));
  for (std::int64_t i = 0; i < filter; ++i) {
    const double off = std::abs(static_cast<double>(i) - middle) / static_cast<double>(stride);
    line.push_back(std::max(0.0, 1 - off));
    sums[static_cast<std::size_t>(i % stride)] += line.back();
  }
  for (std::size_t i = 0; i < line.size(); ++i)
    line[i] /= sums[i % static_cast<std::size_t>(stride)];
  return torch::tensor(line, at::kDouble);
}

Result<void> fit_pixels_reduction(Fitting& fit) {
  const Tensor weight = fit.weight("reduce_pixels");
  const std::int64_t filter = weight.size(2);
  const Tensor line = torch::full({filter}, 1.0 / static_cast<double>(filter), at::kDouble);
  const Tensor gain = fit.set_weight("reduce_pixels", separable(weight.size(0), line));
  const Tensor seen = CLEAVE_TRY(fit.value("reduce_pixels"));
  const Tensor deviation = deviation_of(seen) * gain;
  const Tensor mean = mean_of(seen) * gain;
  // What comes out of ReLUs needs no lift, and a lift is a burden to interpolation.
  const Tensor negative = fit.cut_value().amin(0) < 0;
  fit.set_norm("reduce_pixels", seen, deviation,
               at::where(negative, at::maximum(mean, deviation * kAbove), mean));
  return {};
}

/// Principal components, the strongest first.
Result<void> fit_channels_reduction(Fitting& fit, const Tensor& x) {
  const Shape shape = fit.weight("reduce_channels").sizes().vec();
  const Tensor own = centred(x);
  const auto [strengths, directions] = at::linalg_eigh(own.t().matmul(own));
  const Tensor strongest = directions.flip(1).narrow(1, 0, shape[0]);
  // A component's sign is free: the long tail goes up, where no ReLU cuts it off.
  const Tensor sign = mean_of(own.matmul(strongest).pow(3)).ge(0).to(at::kDouble) * 2 - 1;
  fit.set_weight("reduce_channels", (strongest * sign).t().reshape(shape));
  const Tensor seen = CLEAVE_TRY(fit.value("reduce_channels"));
  const Tensor deviation = deviation_of(seen);
  const Tensor scaled = deviation / deviation.max().clamp_min(kTiny);
  fit.set_norm("reduce_channels", seen, scaled, scaled * kAbove);
  return {};
}

/// Least squares of `x` from the code.
Result<void> fit_channels_restoration(Fitting& fit, const Tensor& x) {
  const Shape shape = fit.weight("restore_channels").sizes().vec();
  const Tensor code = centred(CLEAVE_TRY(fit.value("reduce_channels_relu")));
  const Tensor gram = code.t().matmul(code);
  const Tensor ridge = torch::eye(gram.size(0), at::kDouble) * (1e-6 * gram.trace() + kTiny);
  const Tensor map = at::linalg_solve(gram + ridge, code.t().matmul(centred(x)));
  const Tensor gain = fit.set_weight("restore_channels", map.t().reshape(shape));
  const Tensor seen = CLEAVE_TRY(fit.value("restore_channels"));
  fit.set_norm("restore_channels", seen, deviation_of(seen) * gain, mean_of(x));
  return {};
}

Result<void> fit_pixels_restoration(Fitting& fit, int stride) {
  const Tensor weight = fit.weight("restore_pixels");
  fit.set_weight("restore_pixels", separable(weight.size(1), triangle(weight.size(2), stride)));
  const Tensor seen = CLEAVE_TRY(fit.value("restore_pixels"));
  const Tensor x = fit.cut_value();
  const Tensor together = mean_of(centred(seen) * centred(x));
  // Where what was restored hardly varies, chance alone would make a slope.
  const Tensor slope =
      (together / (deviation_of(seen).square() + 1e-4 * deviation_of(x).square() + kTiny))
          .clamp_min(0);
  fit.set_norm("restore_pixels", seen, slope * deviation_of(seen), mean_of(x));
  return {};
}

/// The cut's value for some pictures, a few of them at a time.
Result<Tensor> values_of(const UnitNetwork& unit, const PictureStore& pictures,
                         OnnxModule& module) {
  const auto count = std::min(pictures.size(), static_cast<std::size_t>(std::clamp<std::int64_t>(
                                                   kElements / unit.elements, 1, kPictures)));
  BatchLoader loader(pictures, data::in_order(count), kBatch, {}, 0, false);
  const bool is_input = unit.value == module.inputs().front().name;
  std::vector<Tensor> values;
  const auto keep = [&values](const Tensor& x) -> Result<Tensor> {
    values.push_back(x);
    return x;
  };
  if (!is_input) CLEAVE_CHECK(module.set_transform(unit.value, keep));
  Result<void> outcome;
  while (const auto next = loader.next()) {
    if (is_input) {
      values.push_back(next->pictures);
      continue;
    }
    auto ran = module.forward(std::array{next->pictures});
    if (ran) continue;
    outcome = std::unexpected(std::move(ran).error());
    break;
  }
  if (!is_input) CLEAVE_CHECK(module.set_transform(unit.value, nullptr));
  CLEAVE_CHECK(std::move(outcome));
  return at::cat(values);
}

Result<void> fit_layers(const UnitNetwork& unit, Fitting& fit) {
  const bool pixels = fit.has("reduce_pixels");
  if (pixels) CLEAVE_CHECK(fit_pixels_reduction(fit));
  const Tensor reduced = pixels ? CLEAVE_TRY(fit.value("reduce_pixels_relu")) : fit.cut_value();
  CLEAVE_CHECK(fit_channels_reduction(fit, reduced));
  CLEAVE_CHECK(fit_channels_restoration(fit, reduced));
  if (!pixels) return {};
  const Spec spec = CLEAVE_TRY(parse_spec(unit.unit));
  return fit_pixels_restoration(fit, CLEAVE_TRY(spec.integer("stride", 1, 1, 16)));
}

void copy_by_name(const torch::OrderedDict<std::string, Tensor>& from,
                  torch::OrderedDict<std::string, Tensor> to) {
  for (const auto& item : from)
    if (Tensor* place = to.find(item.key())) place->copy_(item.value());
}

}  // namespace

Result<void> fit_unit(const graph::Model& model, const UnitNetwork& unit,
                      const PictureStore& pictures, OnnxModule& module) {
  const torch::NoGradGuard no_grad;
  const std::string alone = CLEAVE_TRY(model.extract({unit.value}, {unit.restored}));
  const auto own = CLEAVE_TRY(OnnxModule::create(CLEAVE_TRY(graph::Model::parse(alone))));
  return guarded("fitting the unit", [&]() -> Result<void> {
    Fitting fit(unit, CLEAVE_TRY(values_of(unit, pictures, module)), *own);
    CLEAVE_CHECK(fit_layers(unit, fit));
    copy_by_name(own->named_parameters(), module.named_parameters());
    copy_by_name(own->named_buffers(), module.named_buffers());
    return {};
  });
}

}  // namespace cleave::train
