#include "train/codec_layer.h"

#include <ATen/Parallel.h>

#include <cstring>
#include <mutex>

namespace cleave::train {

Result<CodecLayer> CodecLayer::create(std::string_view spec, const Json& calibration) {
  return CodecLayer(CLEAVE_TRY(codec::Codec::create(spec, calibration)));
}

Result<at::Tensor> CodecLayer::forward(const at::Tensor& x) {
  const at::Tensor dense = x.detach().to(at::kFloat).contiguous();
  // No codec takes what a diverging run makes; its loss will tell.
  if (!dense.isfinite().all().item<bool>()) return x;
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
  return x + (decoded - dense).to(x.scalar_type());
}

double CodecLayer::take_mean_bytes() {
  const double mean = coded_ > 0 ? static_cast<double>(bytes_) / static_cast<double>(coded_) : 0;
  bytes_ = coded_ = 0;
  return mean;
}

}  // namespace cleave::train
