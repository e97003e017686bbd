#include "train/codec_layer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "train/tensors.h"

namespace cleave::train {

Result<CodecLayer> CodecLayer::create(std::string_view spec) {
  return CodecLayer(std::string(spec), CLEAVE_TRY(codec::Codec::create(spec)));
}

Result<at::Tensor> CodecLayer::forward(const at::Tensor& x) {
  const at::Tensor dense = x.detach().to(at::kFloat).contiguous();
  if (collects_) {
    collected_.push_back(dense.clone());
    return x;
  }
  // No codec takes what a diverging run makes; its loss will tell.
  if (!dense.isfinite().all().item<bool>()) {
    coded_values_ = x;
    return x;
  }
  const at::Tensor error = CLEAVE_TRY(decoded(dense)) - dense;
  // Behind a ReLU zeros come back as zeros and say nothing of the step.
  const auto with_error = std::max<std::int64_t>(error.count_nonzero().item<std::int64_t>(), 1);
  step_ = std::sqrt(12 * error.square().sum().item<double>() / static_cast<double>(with_error));
  coded_values_ = x + error.to(x.scalar_type());
  return coded_values_;
}

Result<at::Tensor> CodecLayer::decoded(const at::Tensor& dense) {
  at::Tensor decoded = at::empty_like(dense);
  Shape shape = dense.sizes().vec();
  const std::int64_t count = shape.empty() ? 0 : shape[0];
  if (!shape.empty()) shape[0] = 1;
  std::mutex mutex;
  Result<void> outcome;
  const auto code = [&](std::int64_t i) -> Result<std::size_t> {
    Tensor one(DType::kF32, shape);
    const auto size = one.byte_size();
    std::memcpy(one.bytes().data(), dense[i].data_ptr(), size);
    const Bytes payload = CLEAVE_TRY(codec_.encode(one));
    const Tensor back = CLEAVE_TRY(codec_.decode(payload, DType::kF32, shape));
    std::memcpy(decoded[i].data_ptr(), back.bytes().data(), size);
    return payload.size();
  };
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    const at::NoGradGuard no_grad;
    for (std::int64_t i = begin; i < end; ++i) {
      auto bytes = code(i);
      const std::lock_guard lock(mutex);
      if (!bytes) {
        outcome = std::unexpected(std::move(bytes).error());
        return;
      }
      bytes_ += static_cast<std::int64_t>(*bytes);
      ++coded_;
    }
  });
  CLEAVE_CHECK(std::move(outcome));
  return decoded;
}

void CodecLayer::collect() {
  collects_ = true;
  collected_.clear();
}

Result<at::Tensor> CodecLayer::calibrate() {
  collects_ = false;
  if (collected_.empty())
    return fail(ErrorCode::kInvalidArgument, "train.codec", "nothing came, expected some codes");
  at::Tensor codes = at::cat(std::exchange(collected_, {}));
  std::vector<Tensor> pictures;
  for (std::int64_t i = 0; i < codes.size(0); ++i)
    pictures.push_back(CLEAVE_TRY(from_torch(codes.narrow(0, i, 1))));
  calibration_ = CLEAVE_TRY(codec::Codec::calibrate(spec_, pictures));
  codec_ = CLEAVE_TRY(codec::Codec::create(spec_, calibration_));
  return codes;
}

double CodecLayer::take_mean_bytes() {
  const double mean = coded_ > 0 ? static_cast<double>(bytes_) / static_cast<double>(coded_) : 0;
  bytes_ = coded_ = 0;
  return mean;
}

}  // namespace cleave::train
