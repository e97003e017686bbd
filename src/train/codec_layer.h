#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.h"
#include "train/aten.h"

namespace cleave::train {

/// A codec as a layer: what it decodes goes forward, gradients go back as if it were not there
/// (thesis, section 4.2.2).
///
/// Thread safety: none; it codes the pictures of a batch on all of libtorch's threads.
class CodecLayer {
 public:
  /// Until it is calibrated every picture is measured by itself. Errors: those of codec::Codec.
  static Result<CodecLayer> create(std::string_view spec);

  /// N×… floats; each of the N is coded by itself, as 1×….
  Result<at::Tensor> forward(const at::Tensor& x);

  /// Makes forward() pass on what comes as it is, and take note of it, until calibrate().
  void collect();
  /// Calibrates the codec on what was collected, and gives that, N×…. Errors: those of
  /// codec::Codec; kInvalidArgument where nothing came.
  Result<at::Tensor> calibrate();
  const std::string& spec() const { return spec_; }
  /// What was measured; an empty object where the codec measures nothing beforehand.
  const Json& calibration() const { return calibration_; }

  /// Bytes of a payload, on average since it was last asked; 0 where nothing was coded.
  double take_mean_bytes();

  /// What forward() last gave, to be differentiated, and the step of a uniform quantiser with the
  /// error that coding then made: √12 times its root mean square over values that have one. 0 where
  /// nothing was lost.
  const at::Tensor& coded() const { return coded_values_; }
  double step() const { return step_; }

 private:
  CodecLayer(std::string spec, codec::Codec codec)
      : spec_(std::move(spec)), codec_(std::move(codec)) {}
  Result<at::Tensor> decoded(const at::Tensor& dense);

  std::string spec_;
  codec::Codec codec_;
  Json calibration_ = Json::object();
  bool collects_ = false;
  std::vector<at::Tensor> collected_;
  at::Tensor coded_values_;
  double step_ = 0;
  std::int64_t coded_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace cleave::train
