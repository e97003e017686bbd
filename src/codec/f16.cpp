#include "codec/floats.h"
#include "codec/kernels.h"
#include "codec/stages.h"

namespace cleave::codec {
namespace {

/// f32 and f64 as f16: nearest, ties to even (f64 through f32). NaN stays NaN, infinities stay;
/// finite values beyond ±65504 become ±65504, because an infinity would poison the tail.
/// Floats of two bytes already are left alone.
class F16 final : public Stage {
 public:
  std::string_view name() const override { return "f16"; }

  Result<bool> plan(Layout& layout) const override {
    if (layout.kind != Kind::kValues) return wrong_order(name(), "to be the first stage", layout);
    if (passes_over(layout) || dtype_size(layout.dtype) == 2) return false;
    layout.kind = Kind::kHalves;
    layout.dtype = DType::kF16;
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    Tensor halves(DType::kF16, before.shape);
    for_each_chunk(in, before.dtype, [&](const float* values, std::size_t count, std::size_t at) {
      best_kernels().to_halves(values, count, halves.as<std::uint16_t>().data() + at);
    });
    return halves;
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    const Tensor halves = CLEAVE_TRY(Tensor::from_bytes(DType::kF16, before.shape, in));
    Tensor values(before.dtype, before.shape);
    const std::size_t size = dtype_size(before.dtype);
    for_each_chunk(halves.bytes(), DType::kF16,
                   [&](const float* floats, std::size_t count, std::size_t at) {
                     from_floats(before.dtype, floats, count, values.bytes().data() + at * size);
                   });
    return values;
  }
};

}  // namespace

StageResult make_f16(const Spec&, const Json&) { return std::make_unique<F16>(); }

}  // namespace cleave::codec
