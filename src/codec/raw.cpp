#include "codec/stages.h"

namespace cleave::codec {
namespace {

/// The values' own memory: little-endian, row-major. There is nothing to do but to say so.
class Raw final : public Stage {
 public:
  std::string_view name() const override { return "raw"; }

  Result<bool> plan(Layout& layout) const override {
    if (layout.kind != Kind::kValues) return wrong_order(name(), "to be the first stage", layout);
    layout.kind = Kind::kPacked;
    return false;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    return Tensor::from_bytes(before.dtype, before.shape, in);
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    return Tensor::from_bytes(before.dtype, before.shape, in);
  }
};

}  // namespace

StageResult make_raw(const Spec&, const Json&) { return std::make_unique<Raw>(); }

}  // namespace cleave::codec
