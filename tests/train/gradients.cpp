#include "train/gradients.h"

#include <algorithm>
#include <cmath>

namespace cleave::train {
namespace {

/// A function of what is differentiated, along one line.
class Line {
 public:
  Line(const OnnxModule& module, std::vector<at::Tensor> inputs, std::vector<at::Tensor> leaves)
      : module_(module), inputs_(std::move(inputs)), leaves_(std::move(leaves)) {
    for (const at::Tensor& leaf : leaves_) directions_.push_back(at::randn_like(leaf).detach());
  }

  /// The random sum of the outputs; undefined where none is of floats.
  Result<at::Tensor> value() {
    at::Tensor sum;
    std::size_t next = 0;
    for (const at::Tensor& output : CLEAVE_TRY(module_.forward(inputs_))) {
      if (!output.is_floating_point()) continue;
      if (next == weights_.size()) weights_.push_back(at::randn_like(output).detach());
      // The shape depends on values: no function to differentiate.
      if (weights_[next].sizes() != output.sizes()) return at::scalar_tensor(NAN, at::kDouble);
      const at::Tensor part = (output * weights_[next++]).sum();
      sum = sum.defined() ? sum + part : part;
    }
    return sum;
  }

  Result<double> value_at(double step) {
    const at::NoGradGuard no_grad;
    move(step);
    auto found = value();
    move(-step);
    return CLEAVE_TRY(std::move(found)).item<double>();
  }

  /// The gradient's part along the line.
  double along(const at::Tensor& sum) {
    sum.backward();
    double total = 0;
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].grad().defined())
        total += (leaves_[i].grad() * directions_[i]).sum().item<double>();
    return total;
  }

 private:
  void move(double step) {
    for (std::size_t i = 0; i < leaves_.size(); ++i) leaves_[i].add_(directions_[i], step);
  }

  const OnnxModule& module_;
  std::vector<at::Tensor> inputs_;
  std::vector<at::Tensor> leaves_;
  std::vector<at::Tensor> directions_;
  std::vector<at::Tensor> weights_;
};

}  // namespace

Result<GradientCheck> check_gradient(OnnxModule& module, std::vector<at::Tensor> inputs, int seed,
                                     double step, double tolerance) {
  at::manual_seed(static_cast<std::uint64_t>(seed));
  module.to(at::kDouble);
  std::vector<at::Tensor> leaves = module.parameters();
  for (at::Tensor& input : inputs) {
    if (!input.is_floating_point()) continue;
    input = input.to(at::kDouble).clone().requires_grad_(true);
    leaves.push_back(input);
  }
  for (at::Tensor& leaf : leaves) leaf.mutable_grad() = at::Tensor();
  Line line(module, std::move(inputs), std::move(leaves));
  const at::Tensor sum = CLEAVE_TRY(line.value());
  GradientCheck check;
  if (!sum.defined() || !sum.requires_grad()) return check;
  const double here = sum.item<double>();
  // First: what back-propagation keeps may not move before it.
  check.found = line.along(sum);
  const double after = CLEAVE_TRY(line.value_at(step));
  const double before = CLEAVE_TRY(line.value_at(-step));
  if (!std::isfinite(here) || !std::isfinite(after) || !std::isfinite(before)) return check;
  check.expected = (after - before) / (2 * step);
  const double scale = std::max({std::abs(check.expected), std::abs(check.found), 1e-3});
  const auto near = [&](double a, double b, double within) {
    return std::abs(a - b) <= within * scale;
  };
  // Differences of large sums are too coarse to compare.
  if (1e-15 * std::abs(here) / step > tolerance * scale) return check;
  if (near(check.found, check.expected, tolerance)) {
    check.verdict = GradientVerdict::kAgrees;
    return check;
  }
  const double nearer =
      (CLEAVE_TRY(line.value_at(step / 2)) - CLEAVE_TRY(line.value_at(-step / 2))) / step;
  const bool smooth = near((after - here) / step, (here - before) / step, 100 * tolerance) &&
                      near(nearer, check.expected, 100 * tolerance);
  check.verdict = smooth ? GradientVerdict::kDiffers : GradientVerdict::kKink;
  return check;
}

}  // namespace cleave::train
