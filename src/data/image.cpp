#include "data/image.h"

#include <png.h>
#include <turbojpeg.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "data/formats.h"

namespace cleave::data {
namespace {

constexpr std::string_view kDecode = "data.decode";
constexpr std::string_view kEncode = "data.encode";
constexpr std::uint64_t kMaxPictureFileBytes = std::uint64_t{256} << 20;
constexpr std::array<std::uint8_t, 3> kJpegMagic{0xFF, 0xD8, 0xFF};
constexpr std::array<std::uint8_t, 8> kPngMagic{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

struct TurboDelete {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboHandle = std::unique_ptr<void, TurboDelete>;

template <std::size_t kSize>
bool starts_with(std::span<const std::byte> bytes, const std::array<std::uint8_t, kSize>& magic) {
  return bytes.size() >= kSize && std::memcmp(bytes.data(), magic.data(), kSize) == 0;
}

const unsigned char* as_uchar(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::unexpected<Error> none_of_them(std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    return fail(ErrorCode::kNotThisFormat, kDecode,
                "found no bytes, expected a JPEG, a PNG, a WebP or H.264");
  }
  std::string found;
  for (std::byte b : bytes.first(std::min<std::size_t>(bytes.size(), 4))) {
    char text[4];
    std::snprintf(text, sizeof text, " %02x", static_cast<unsigned>(b));
    found += text;
  }
  return fail(
      ErrorCode::kNotThisFormat, kDecode,
      "found " + std::to_string(bytes.size()) + " bytes that start with" + found +
          ", expected a JPEG (ff d8 ff), a PNG (89 50 4e 47), a WebP (52 49 46 46) or H.264 (00 00 "
          "00 01)");
}

/// Bytes between two markers harm nothing and are common; every other warning means a patched-up
/// picture.
bool is_harmless(std::string_view warning) {
  return warning.find("extraneous bytes") != std::string_view::npos;
}

Result<void> decompress(tjhandle handle, std::span<const std::byte> bytes, Image& image,
                        int pixel_format, std::uint8_t* out) {
  // Without a limit on scans, a few bytes of progressive JPEG can ask for hours of work.
  const int flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS;
  const int status = tjDecompress2(handle, as_uchar(bytes), bytes.size(), out, image.width, 0,
                                   image.height, pixel_format, flags);
  if (status == 0) return {};
  const std::string reason = tjGetErrorStr2(handle);
  if (tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(reason)) return {};
  return undecodable("JPEG", reason);
}

/// Ink as Adobe's programs store it, inverted: 255 is none.
void cmyk_to_rgb(std::span<const std::uint8_t> cmyk, Image& image) {
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.rgb[3 * i + c] =
          static_cast<std::uint8_t>((cmyk[4 * i + c] * cmyk[4 * i + 3] + 127) / 255);
    }
  }
}

Result<Image> decode_jpeg(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  const TurboHandle handle(tjInitDecompress());
  if (!handle) return fail(ErrorCode::kInternal, kDecode, "TurboJPEG does not start");
  int width = 0, height = 0, subsampling = 0, colorspace = 0;
  if (tjDecompressHeader3(handle.get(), as_uchar(bytes), bytes.size(), &width, &height,
                          &subsampling, &colorspace) != 0) {
    return undecodable("JPEG", tjGetErrorStr2(handle.get()));
  }
  CLEAVE_CHECK(check_size("JPEG", width, height, max_pixels));
  Image image(width, height);
  if (colorspace != TJCS_CMYK && colorspace != TJCS_YCCK) {
    CLEAVE_CHECK(decompress(handle.get(), bytes, image, TJPF_RGB, image.rgb.data()));
    return image;
  }
  std::vector<std::uint8_t> cmyk(std::size_t{4} * width * height);
  CLEAVE_CHECK(decompress(handle.get(), bytes, image, TJPF_CMYK, cmyk.data()));
  cmyk_to_rgb(cmyk, image);
  return image;
}

/// libpng's simplified interface; whatever it allocated is released at the end of the scope.
struct PngImage {
  png_image image{};
  PngImage() { image.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
};

Result<Image> decode_png(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  PngImage png;
  if (!png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size())) {
    return undecodable("PNG", png.image.message);
  }
  CLEAVE_CHECK(check_size("PNG", png.image.width, png.image.height, max_pixels));
  // 16-bit samples without a stated gamma are taken as sRGB, like 8-bit ones.
  png.image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  png.image.format = PNG_FORMAT_RGB;
  Image image(static_cast<int>(png.image.width), static_cast<int>(png.image.height));
  const png_color white{255, 255, 255};
  if (!png_image_finish_read(&png.image, &white, image.rgb.data(), 0, nullptr)) {
    return undecodable("PNG", png.image.message);
  }
  return image;
}

}  // namespace

std::unexpected<Error> undecodable(std::string_view format, std::string_view reason) {
  const bool cut_short = reason.find("Premature end") != std::string_view::npos ||
                         reason.find("end of data") != std::string_view::npos;
  return fail(cut_short ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt, kDecode,
              std::string(format) + " cannot be decoded: " + std::string(reason));
}

Result<void> check_size(std::string_view format, std::int64_t width, std::int64_t height,
                        std::int64_t max_pixels) {
  if (width >= 1 && height >= 1 && height <= max_pixels / width) return {};
  return fail(ErrorCode::kResourceExhausted, kDecode,
              std::string(format) + " has " + std::to_string(width) + "x" + std::to_string(height) +
                  " pixels, expected at least one and at most " + std::to_string(max_pixels) +
                  " in all");
}

Result<Image> decode_image(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  if (starts_with(bytes, kJpegMagic)) return decode_jpeg(bytes, max_pixels);
  if (starts_with(bytes, kPngMagic)) return decode_png(bytes, max_pixels);
  if (is_webp(bytes)) return decode_webp(bytes, max_pixels);
  if (is_h264(bytes)) return decode_h264(bytes, max_pixels);
  return none_of_them(bytes);
}

Result<Image> load_image(const std::filesystem::path& path) {
  const std::string content = CLEAVE_TRY(read_file(path, kMaxPictureFileBytes));
  return about("'" + path.string() + "'", decode_image(as_bytes(content)));
}

Result<std::vector<std::byte>> encode_jpeg(const Image& image, int quality) {
  if (quality < 1 || quality > 100) {
    return fail(ErrorCode::kInvalidArgument, kEncode,
                "JPEG quality is " + std::to_string(quality) + ", expected 1 to 100");
  }
  const TurboHandle handle(tjInitCompress());
  if (!handle) return fail(ErrorCode::kInternal, kEncode, "TurboJPEG does not start");
  unsigned long size = tjBufSize(image.width, image.height, TJSAMP_420);
  std::vector<std::byte> jpeg(size);
  auto* out = reinterpret_cast<unsigned char*>(jpeg.data());
  if (tjCompress2(handle.get(), image.rgb.data(), image.width, 0, image.height, TJPF_RGB, &out,
                  &size, TJSAMP_420, quality, TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC) != 0) {
    return fail(ErrorCode::kInternal, kEncode,
                std::string("JPEG: ") + tjGetErrorStr2(handle.get()));
  }
  jpeg.resize(size);
  return jpeg;
}

Result<std::vector<std::byte>> encode_png(const Image& image) {
  PngImage png;
  png.image.width = static_cast<png_uint_32>(image.width);
  png.image.height = static_cast<png_uint_32>(image.height);
  png.image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png.image);
  std::vector<std::byte> bytes(size);
  if (!png_image_write_to_memory(&png.image, bytes.data(), &size, 0, image.rgb.data(), 0,
                                 nullptr)) {
    return fail(ErrorCode::kInternal, kEncode, std::string("PNG: ") + png.image.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace cleave::data
