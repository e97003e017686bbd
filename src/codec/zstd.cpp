#include <zstd.h>

#include "codec/stages.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.zstd";

std::unexpected<Error> library_error(ErrorCode code, std::size_t result) {
  return fail(code, kPlace, std::string("zstd says: ") + ZSTD_getErrorName(result));
}

/// One zstd frame around the bytes so far. The frame must state its content size, which decoding
/// compares with the size it expects before it decompresses anything.
class Zstd final : public Stage {
 public:
  explicit Zstd(int level) : level_(level) {}

  std::string_view name() const override { return "zstd"; }

  Result<bool> plan(Layout& layout) const override {
    if (layout.kind == Kind::kImage || layout.kind == Kind::kCompressed) {
      return wrong_order(name(), "values, halves, features or packed bytes", layout);
    }
    const auto elements = static_cast<std::size_t>(element_count(layout.shape).value_or(0));
    const std::size_t bound = ZSTD_compressBound(elements * dtype_size(layout.dtype));
    layout = {Kind::kCompressed, DType::kU8, {static_cast<std::int64_t>(bound)}, layout.side_bytes};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout&, Bytes&) const override {
    Tensor frame(DType::kU8, {static_cast<std::int64_t>(ZSTD_compressBound(in.size()))});
    const std::size_t size =
        ZSTD_compress(frame.bytes().data(), frame.byte_size(), in.data(), in.size(), level_);
    if (ZSTD_isError(size)) return library_error(ErrorCode::kInternal, size);
    return Tensor::from_bytes(DType::kU8, {static_cast<std::int64_t>(size)},
                              frame.bytes().first(size));
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    Tensor content(before.dtype, before.shape);
    const std::size_t frame_bytes = ZSTD_findFrameCompressedSize(in.data(), in.size());
    if (ZSTD_isError(frame_bytes)) return library_error(ErrorCode::kCorrupt, frame_bytes);
    const unsigned long long content_bytes = ZSTD_getFrameContentSize(in.data(), in.size());
    if (frame_bytes != in.size() || content_bytes != content.byte_size()) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "a frame of " + std::to_string(frame_bytes) + " bytes that holds " +
                      std::to_string(content_bytes) + ", expected " + std::to_string(in.size()) +
                      " bytes that hold " + std::to_string(content.byte_size()));
    }
    const std::size_t size =
        ZSTD_decompress(content.bytes().data(), content.byte_size(), in.data(), in.size());
    if (ZSTD_isError(size)) return library_error(ErrorCode::kCorrupt, size);
    if (size != content.byte_size()) {
      return fail(ErrorCode::kCorrupt, kPlace, "the frame holds fewer bytes than it says");
    }
    return content;
  }

 private:
  int level_;
};

}  // namespace

StageResult make_zstd(const Spec& spec, const Json&) {
  return std::make_unique<Zstd>(CLEAVE_TRY(spec.integer("level", 3, 1, 19)));
}

}  // namespace cleave::codec
