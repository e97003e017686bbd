#include <turbojpeg.h>

#include <memory>

#include "codec/picture.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.jpeg";
constexpr std::int64_t kMaxSide = 65500;  // libjpeg's
/// The accurate integer transform gives the same bits on every machine, the fast one does not.
constexpr int kFlags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;

struct Destroy {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, Destroy>;

std::unexpected<Error> library_error(ErrorCode code, const Handle& handle) {
  return fail(code, kPlace, std::string("TurboJPEG says: ") + tjGetErrorStr2(handle.get()));
}

/// A grey picture of 8 bits as JPEG.
class Jpeg final : public Stage {
 public:
  explicit Jpeg(int quality) : quality_(quality) {}

  std::string_view name() const override { return "jpeg"; }

  Result<bool> plan(Layout& layout) const override {
    if (!CLEAVE_TRY(takes_picture(name(), layout, kMaxSide))) return false;
    layout = {Kind::kCompressed, DType::kU8, {bound(layout.shape)}, layout.side_bytes};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    const Handle handle(tjInitCompress());
    if (!handle) return fail(ErrorCode::kInternal, kPlace, "TurboJPEG does not start");
    Tensor file(DType::kU8, {bound(before.shape)});
    auto* out = reinterpret_cast<unsigned char*>(file.bytes().data());
    auto size = static_cast<unsigned long>(file.byte_size());
    const int failed =
        tjCompress2(handle.get(), reinterpret_cast<const unsigned char*>(in.data()),
                    static_cast<int>(before.shape[1]), 0, static_cast<int>(before.shape[0]),
                    TJPF_GRAY, &out, &size, TJSAMP_GRAY, quality_, TJFLAG_NOREALLOC | kFlags);
    if (failed != 0) return library_error(ErrorCode::kInternal, handle);
    return Tensor::from_bytes(DType::kU8, {static_cast<std::int64_t>(size)},
                              file.bytes().first(size));
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    // The library reads up to the end marker and ignores what follows.
    if (in.size() < 2 || in[in.size() - 2] != std::byte{0xff} || in.back() != std::byte{0xd9}) {
      return fail(ErrorCode::kCorrupt, kPlace, "the picture does not end in its end marker");
    }
    const Handle handle(tjInitDecompress());
    if (!handle) return fail(ErrorCode::kInternal, kPlace, "TurboJPEG does not start");
    const auto* file = reinterpret_cast<const unsigned char*>(in.data());
    int width = 0;
    int height = 0;
    int sampling = 0;
    int colours = 0;
    if (tjDecompressHeader3(handle.get(), file, in.size(), &width, &height, &sampling, &colours) !=
        0) {
      return library_error(ErrorCode::kCorrupt, handle);
    }
    if (Shape{height, width} != before.shape || sampling != TJSAMP_GRAY) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "a picture of " + shape_text({height, width}) +
                      (sampling == TJSAMP_GRAY ? "" : " in colour") + ", expected " +
                      shape_text(before.shape) + " in grey");
    }
    Tensor picture(DType::kU8, before.shape);
    if (tjDecompress2(handle.get(), file, in.size(),
                      reinterpret_cast<unsigned char*>(picture.bytes().data()), width, 0, height,
                      TJPF_GRAY, kFlags) != 0) {
      return library_error(ErrorCode::kCorrupt, handle);
    }
    return picture;
  }

 private:
  static std::int64_t bound(const Shape& shape) {
    return static_cast<std::int64_t>(
        tjBufSize(static_cast<int>(shape[1]), static_cast<int>(shape[0]), TJSAMP_GRAY));
  }

  int quality_;
};

}  // namespace

StageResult make_jpeg(const Spec& spec, const Json&) {
  return std::make_unique<Jpeg>(CLEAVE_TRY(spec.integer("q", 85, 1, 100)));
}

}  // namespace cleave::codec
