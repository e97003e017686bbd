#include "train/unit_fit.h"

#include <algorithm>
#include <cmath>

#include "base/spec.h"
#include "data/subset.h"
#include "train/network.h"

namespace cleave::train {
namespace {

using torch::Tensor;

/// Pixels of the cut's value that are looked at, and the pictures that they are from.
constexpr std::int64_t kPixels = 65536;
constexpr std::int64_t kFewestPictures = 32;
constexpr std::int64_t kMostPictures = 256;
/// What norms add to a variance where their node does not tell.
constexpr double kEpsilon = 1e-5;
/// How far above zero, in deviations, what a ReLU takes lies.
constexpr double kAbove = 3;

/// N×C×H×W as a matrix with a column for each channel, f64.
Tensor by_channel(const Tensor& x) {
  return x.to(at::kDouble).permute({0, 2, 3, 1}).reshape({-1, x.size(1)});
}

Tensor mean_of(const Tensor& columns) { return columns.mean(at::IntArrayRef{0}); }
Tensor centred(const Tensor& columns) { return columns - mean_of(columns); }
Tensor deviation_of(const Tensor& columns) { return mean_of(centred(columns).square()).sqrt(); }

/// A unit's weights inside its network, and the values around them for the same pictures.
class Fitting {
 public:
  Fitting(const UnitNetwork& unit, Tensor pictures, OnnxModule& module)
      : unit_(unit),
        pictures_(std::move(pictures)),
        module_(module),
        parameters_(module.named_parameters()),
        buffers_(module.named_buffers()) {}

  bool has(const std::string& layer) const {
    return std::ranges::find(unit_.weights, unit_.value + '/' + layer + ".weight") !=
           unit_.weights.end();
  }

  /// A value of the network; "" is the one at the cut.
  Result<Tensor> value(const std::string& name) {
    Tensor seen;
    const std::string full = name.empty() ? unit_.value : unit_.value + '/' + name;
    if (full == module_.inputs().front().name) return pictures_;
    CLEAVE_CHECK(module_.set_transform(full, [&seen](const Tensor& x) -> Result<Tensor> {
      seen = x;
      return x;
    }));
    auto ran = module_.forward(std::array{pictures_});
    CLEAVE_CHECK(module_.set_transform(full, nullptr));
    if (!ran) return std::unexpected(std::move(ran).error());
    return seen;
  }

  Tensor weight(const std::string& layer) { return parameter(layer + ".weight"); }

  /// What a layer's convolution gives.
  Result<Tensor> convolved(const std::string& layer) {
    return by_channel(CLEAVE_TRY(value(layer)));
  }

  /// Makes the norm behind `layer`, whose convolution gives `seen`, an affine map to this deviation
  /// and mean.
  void set_norm(const std::string& layer, const Tensor& seen, const Tensor& deviation,
                const Tensor& mean) {
    const Tensor own = deviation_of(seen).clamp_min(1e-12);
    parameter(layer + "_norm.scale").copy_(deviation * (own.square() + kEpsilon).sqrt() / own);
    parameter(layer + "_norm.bias").copy_(mean);
    parameter(layer + "_norm.mean").copy_(mean_of(seen));
    parameter(layer + "_norm.variance").copy_(deviation_of(seen).square());
  }

 private:
  Tensor parameter(const std::string& name) {
    const std::string full = OnnxModule::torch_name(unit_.value + '/' + name);
    if (const Tensor* found = parameters_.find(full)) return *found;
    return buffers_[full];
  }

  const UnitNetwork& unit_;
  Tensor pictures_;
  OnnxModule& module_;
  torch::OrderedDict<std::string, Tensor> parameters_;  ///< they share the module's storage
  torch::OrderedDict<std::string, Tensor> buffers_;
};

/// Each channel by itself under a filter of one row `line`, both ways.
void set_separable(const Tensor& weight, const Tensor& line) {
  weight.zero_();
  const Tensor filter = line.outer(line);
  for (std::int64_t c = 0; c < weight.size(0); ++c) weight[c][c].copy_(filter);
}

/// Weights by which a transposed convolution of this stride interpolates between pixels: a triangle
/// of twice the stride, as far as the filter reaches.
Tensor triangle(std::int64_t filter, std::int64_t stride) {
  const double middle = (static_cast<double>(filter) - 1) / 2;
  std::vector<double> line;
  for (std::int64_t i = 0; i < filter; ++i)
    line.push_back(
        std::max(0.0, 1 - std::abs(static_cast<double>(i) - middle) / static_cast<double>(stride)));
  return torch::tensor(line, at::kDouble);
}

/// Means that keep most of what has this deviation above zero.
Tensor above_zero(const Tensor& mean, const Tensor& deviation) {
  return at::maximum(mean, deviation * kAbove);
}

Result<void> fit_pixels_reduction(Fitting& fit) {
  const Tensor weight = fit.weight("reduce_pixels");
  const std::int64_t filter = weight.size(2);
  set_separable(weight, torch::full({filter}, 1.0 / static_cast<double>(filter), at::kDouble));
  const Tensor seen = CLEAVE_TRY(fit.convolved("reduce_pixels"));
  const Tensor deviation = deviation_of(seen);
  fit.set_norm("reduce_pixels", seen, deviation, above_zero(mean_of(seen), deviation));
  return {};
}

/// Principal components, the strongest first.
Result<void> fit_channels_reduction(Fitting& fit, const Tensor& x) {
  const Tensor weight = fit.weight("reduce_channels");
  const Tensor own = centred(x);
  const auto [strengths, directions] = at::linalg_eigh(own.t().matmul(own));
  const Tensor strongest = directions.flip(1).narrow(1, 0, weight.size(0));
  // A component's sign is free: the long tail goes up, where no ReLU cuts it off.
  const Tensor sign = mean_of(own.matmul(strongest).pow(3)).ge(0).to(at::kDouble) * 2 - 1;
  weight.copy_((strongest * sign).t().reshape(weight.sizes()));
  const Tensor seen = CLEAVE_TRY(fit.convolved("reduce_channels"));
  const Tensor deviation = deviation_of(seen);
  const Tensor scaled = deviation / deviation.max().clamp_min(1e-12);
  fit.set_norm("reduce_channels", seen, scaled, scaled * kAbove);
  return {};
}

/// Least squares of `x` from the code.
Result<void> fit_channels_restoration(Fitting& fit, const Tensor& x, bool last) {
  const Tensor weight = fit.weight("restore_channels");
  const Tensor code = centred(by_channel(CLEAVE_TRY(fit.value("reduce_channels_relu"))));
  const Tensor gram = code.t().matmul(code);
  const Tensor ridge = torch::eye(gram.size(0), at::kDouble) * (1e-6 * gram.trace() + 1e-12);
  const Tensor map = at::linalg_solve(gram + ridge, code.t().matmul(centred(x)));
  weight.copy_(map.t().reshape(weight.sizes()));
  const Tensor seen = CLEAVE_TRY(fit.convolved("restore_channels"));
  const Tensor deviation = deviation_of(seen);
  fit.set_norm("restore_channels", seen, deviation,
               last ? mean_of(x) : above_zero(mean_of(x), deviation));
  return {};
}

Result<void> fit_pixels_restoration(Fitting& fit, const Tensor& x, int stride) {
  const Tensor weight = fit.weight("restore_pixels");
  set_separable(weight, triangle(weight.size(2), stride));
  const Tensor seen = CLEAVE_TRY(fit.convolved("restore_pixels"));
  const Tensor deviation = deviation_of(seen);
  const Tensor together = mean_of(centred(seen) * centred(x));
  fit.set_norm("restore_pixels", seen, together / deviation.clamp_min(1e-12), mean_of(x));
  return {};
}

}  // namespace

Result<void> fit_unit(const UnitNetwork& unit, const PictureStore& pictures, OnnxModule& module) {
  const torch::NoGradGuard no_grad;
  const auto count = std::min(
      pictures.size(),
      static_cast<std::size_t>(std::clamp(kPixels / unit.pixels, kFewestPictures, kMostPictures)));
  BatchLoader loader(pictures, data::in_order(count), count, {}, 0, false);
  return guarded("fitting the unit", [&]() -> Result<void> {
    Fitting fit(unit, loader.next()->pictures, module);
    const Tensor x = by_channel(CLEAVE_TRY(fit.value("")));
    const bool pixels = fit.has("reduce_pixels");
    Tensor reduced = x;
    if (pixels) {
      CLEAVE_CHECK(fit_pixels_reduction(fit));
      reduced = by_channel(CLEAVE_TRY(fit.value("reduce_pixels_relu")));
    }
    CLEAVE_CHECK(fit_channels_reduction(fit, reduced));
    CLEAVE_CHECK(fit_channels_restoration(fit, reduced, !pixels));
    if (!pixels) return {};
    const Spec spec = CLEAVE_TRY(parse_spec(unit.unit));
    return fit_pixels_restoration(fit, x, CLEAVE_TRY(spec.integer("stride", 1, 1, 16)));
  });
}

}  // namespace cleave::train
