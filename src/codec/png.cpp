#include <png.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/picture.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.png";
constexpr std::int64_t kMaxSide = 65535;
/// The chunk that ends every PNG: no data, "IEND", its CRC.
constexpr std::array<std::uint8_t, 12> kLastChunk{0,   0,   0,    0,    'I',  'E',
                                                  'N', 'D', 0xae, 0x42, 0x60, 0x82};

/// libpng's simplified interface, which returns its errors instead of jumping.
class PngImage {
 public:
  PngImage() {
    std::memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
  }
  ~PngImage() { png_image_free(&image); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;

  std::unexpected<Error> error(ErrorCode code) const {
    return fail(code, kPlace, std::string("libpng says: ") + image.message);
  }

  png_image image;
};

void describe_picture(png_image& image, const Shape& shape) {
  image.height = static_cast<png_uint_32>(shape[0]);
  image.width = static_cast<png_uint_32>(shape[1]);
  image.format = PNG_FORMAT_GRAY;
}

/// A grey picture of 8 bits as PNG, lossless.
class Png final : public Stage {
 public:
  std::string_view name() const override { return "png"; }

  Result<bool> plan(Layout& layout) const override {
    if (!CLEAVE_TRY(takes_picture(name(), layout, kMaxSide))) return false;
    layout = {Kind::kCompressed, DType::kU8, {bound(layout.shape)}, layout.side_bytes};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    PngImage png;
    describe_picture(png.image, before.shape);
    Tensor file(DType::kU8, {bound(before.shape)});
    png_alloc_size_t size = file.byte_size();
    if (!png_image_write_to_memory(&png.image, file.bytes().data(), &size, 0, in.data(), 0,
                                   nullptr)) {
      return png.error(ErrorCode::kInternal);
    }
    return Tensor::from_bytes(DType::kU8, {static_cast<std::int64_t>(size)},
                              file.bytes().first(size));
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    const bool ends =
        in.size() >= kLastChunk.size() &&
        std::ranges::equal(std::as_bytes(std::span(kLastChunk)), in.last(kLastChunk.size()));
    if (!ends) return fail(ErrorCode::kCorrupt, kPlace, "the picture does not end in IEND");
    PngImage png;
    if (!png_image_begin_read_from_memory(&png.image, in.data(), in.size()))
      return png.error(ErrorCode::kCorrupt);
    const Shape found{png.image.height, png.image.width};
    if (found != before.shape || png.image.format != PNG_FORMAT_GRAY) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "a picture of " + shape_text(found) + " in format " +
                      std::to_string(png.image.format) + ", expected " + shape_text(before.shape) +
                      " in 8-bit grey");
    }
    Tensor picture(DType::kU8, before.shape);
    if (!png_image_finish_read(&png.image, nullptr, picture.bytes().data(), 0, nullptr)) {
      return png.error(ErrorCode::kCorrupt);
    }
    // Warnings are for files that still show something; a tensor must be right.
    if (png.image.warning_or_error != 0) return png.error(ErrorCode::kCorrupt);
    return picture;
  }

 private:
  /// libpng's own bound for what it writes.
  static std::int64_t bound(const Shape& shape) {
    PngImage png;
    describe_picture(png.image, shape);
    return static_cast<std::int64_t>(PNG_IMAGE_PNG_SIZE_MAX(png.image));
  }
};

}  // namespace

StageResult make_png(const Spec&, const Json&) { return std::make_unique<Png>(); }

}  // namespace cleave::codec
