#include <webp/decode.h>
#include <webp/encode.h>

#include <cstring>
#include <vector>

#include "base/file.h"
#include "codec/picture.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.webp";
constexpr std::int64_t kMaxSide = WEBP_MAX_DIMENSION;
/// "RIFF", the length of what follows, "WEBP", then the one chunk's name and length.
constexpr std::size_t kHeaderBytes = 20;
constexpr std::uint8_t kNoColour = 128;

/// Where libwebp writes; more than there is room for is an error.
struct Output {
  std::span<std::byte> room;
  std::size_t used = 0;

  static int append(const std::uint8_t* data, std::size_t size, const WebPPicture* picture) {
    auto& self = *static_cast<Output*>(picture->custom_ptr);
    if (size > self.room.size() - self.used) return 0;
    std::memcpy(self.room.data() + self.used, data, size);
    self.used += size;
    return 1;
  }
};

class Picture {
 public:
  Picture(const Shape& shape, bool lossless, Output& out) : good_(WebPPictureInit(&picture)) {
    picture.use_argb = lossless;
    picture.height = static_cast<int>(shape[0]);
    picture.width = static_cast<int>(shape[1]);
    picture.writer = Output::append;
    picture.custom_ptr = &out;
    good_ = good_ && WebPPictureAlloc(&picture);
  }
  ~Picture() { WebPPictureFree(&picture); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  bool good() const { return good_; }

  /// The picture is the luma plane itself: from RGB, libwebp would squeeze it into 16..235.
  void fill_luma(const std::uint8_t* in) {
    const auto width = static_cast<std::size_t>(picture.width);
    const auto chroma = static_cast<std::size_t>((picture.height + 1) / 2) *
                        static_cast<std::size_t>(picture.uv_stride);
    for (int y = 0; y < picture.height; ++y)
      std::memcpy(picture.y + static_cast<std::size_t>(y) * picture.y_stride, in + y * width,
                  width);
    std::memset(picture.u, kNoColour, chroma);
    std::memset(picture.v, kNoColour, chroma);
  }

  void fill_grey(const std::uint8_t* in) {
    for (int y = 0; y < picture.height; ++y) {
      std::uint32_t* row = picture.argb + static_cast<std::size_t>(y) * picture.argb_stride;
      for (int x = 0; x < picture.width; ++x) row[x] = 0xff000000 | (*in++ * 0x010101u);
    }
  }

  WebPPicture picture;

 private:
  bool good_;
};

std::unexpected<Error> undecodable(VP8StatusCode status) {
  const bool ends = status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED;
  return fail(ends ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt, kPlace,
              "libwebp cannot decode the picture (status " + std::to_string(status) + ")");
}

/// A grey picture of 8 bits as WebP.
class WebP final : public Stage {
 public:
  WebP(bool lossless, int quality, int effort)
      : lossless_(lossless), quality_(quality), effort_(effort) {}

  std::string_view name() const override { return "webp"; }

  Result<bool> plan(Layout& layout) const override {
    if (!CLEAVE_TRY(takes_picture(name(), layout, kMaxSide))) return false;
    layout = {Kind::kCompressed, DType::kU8, {bound(layout.shape)}, layout.side_bytes};
    return true;
  }

  Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                        Bytes&) const override {
    WebPConfig config;
    if (!WebPConfigInit(&config)) return fail(ErrorCode::kInternal, kPlace, "wrong libwebp");
    config.lossless = lossless_;
    config.quality = static_cast<float>(quality_);
    config.method = effort_;
    Tensor file(DType::kU8, {bound(before.shape)});
    Output out{file.bytes()};
    Picture source(before.shape, lossless_, out);
    if (!source.good()) return fail(ErrorCode::kInternal, kPlace, "libwebp does not start");
    const auto* pixels = reinterpret_cast<const std::uint8_t*>(in.data());
    lossless_ ? source.fill_grey(pixels) : source.fill_luma(pixels);
    if (!WebPEncode(&config, &source.picture)) {
      return fail(ErrorCode::kInternal, kPlace,
                  "libwebp cannot encode the picture (error " +
                      std::to_string(source.picture.error_code) + ")");
    }
    return Tensor::from_bytes(DType::kU8, {static_cast<std::int64_t>(out.used)},
                              file.bytes().first(out.used));
  }

  Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                        std::span<const std::byte>) const override {
    CLEAVE_CHECK(check_container(in));
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return fail(ErrorCode::kInternal, kPlace, "wrong libwebp");
    const auto* file = reinterpret_cast<const std::uint8_t*>(in.data());
    const VP8StatusCode status = WebPGetFeatures(file, in.size(), &config.input);
    if (status != VP8_STATUS_OK) return undecodable(status);
    const Shape found{config.input.height, config.input.width};
    if (found != before.shape || config.input.has_alpha) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "a picture of " + shape_text(found) +
                      (config.input.has_alpha ? " with transparency" : "") + ", expected " +
                      shape_text(before.shape) + " in grey");
    }
    config.output.is_external_memory = 1;
    return lossless_ ? decode_grey(in, config, found) : decode_luma(in, config, found);
  }

 private:
  /// Ours: libwebp states no bound. Noise takes little more than a byte per pixel.
  static std::int64_t bound(const Shape& shape) { return 2 * shape[0] * shape[1] + 2048; }

  /// One chunk, of the kind that this stage writes, which ends where the bytes end.
  Result<void> check_container(std::span<const std::byte> in) const {
    if (in.size() < kHeaderBytes) {
      return fail(ErrorCode::kNeedMoreBytes, kPlace,
                  std::to_string(in.size()) + " bytes, expected a picture");
    }
    const std::string_view kind = lossless_ ? "WEBPVP8L" : "WEBPVP8 ";
    if (as_text(in.first(4)) != "RIFF" || as_text(in.subspan(8, kind.size())) != kind)
      return fail(ErrorCode::kCorrupt, kPlace, "no such picture, expected " + std::string(kind));
    const std::uint64_t file_bytes = std::uint64_t{8} + load_le<std::uint32_t>(in, 4);
    const std::uint64_t chunk_bytes = load_le<std::uint32_t>(in, 16);
    if (file_bytes == in.size() && kHeaderBytes + chunk_bytes + chunk_bytes % 2 == in.size())
      return {};
    return fail(in.size() < file_bytes ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt, kPlace,
                "a picture of " + std::to_string(file_bytes) + " bytes with " +
                    std::to_string(chunk_bytes) + " in its chunk, found " +
                    std::to_string(in.size()));
  }

  static Result<Tensor> decode_luma(std::span<const std::byte> in, WebPDecoderConfig& config,
                                    const Shape& shape) {
    Tensor picture(DType::kU8, shape);
    const auto stride = static_cast<int>((shape[1] + 1) / 2);
    std::vector<std::uint8_t> chroma(static_cast<std::size_t>((shape[0] + 1) / 2 * stride));
    config.output.colorspace = MODE_YUV;
    WebPYUVABuffer& planes = config.output.u.YUVA;
    planes.y = reinterpret_cast<std::uint8_t*>(picture.bytes().data());
    planes.y_stride = static_cast<int>(shape[1]);
    planes.y_size = picture.byte_size();
    planes.u = planes.v = chroma.data();  // nobody looks at it
    planes.u_stride = planes.v_stride = stride;
    planes.u_size = planes.v_size = chroma.size();
    CLEAVE_CHECK(run(in, config));
    return picture;
  }

  static Result<Tensor> decode_grey(std::span<const std::byte> in, WebPDecoderConfig& config,
                                    const Shape& shape) {
    Tensor picture(DType::kU8, shape);
    std::vector<std::uint8_t> rgb(3 * picture.byte_size());
    config.output.colorspace = MODE_RGB;
    config.output.u.RGBA = {rgb.data(), static_cast<int>(3 * shape[1]), rgb.size()};
    CLEAVE_CHECK(run(in, config));
    const auto grey = picture.as<std::uint8_t>();
    for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = rgb[3 * i + 1];
    return picture;
  }

  static Result<void> run(std::span<const std::byte> in, WebPDecoderConfig& config) {
    const VP8StatusCode status =
        WebPDecode(reinterpret_cast<const std::uint8_t*>(in.data()), in.size(), &config);
    if (status != VP8_STATUS_OK) return undecodable(status);
    return {};
  }

  bool lossless_;
  int quality_;
  int effort_;
};

}  // namespace

StageResult make_webp(const Spec& spec, const Json&) {
  const int quality = CLEAVE_TRY(spec.integer("q", 75, 0, 100));
  const int effort = CLEAVE_TRY(spec.integer("effort", 4, 0, 6));
  return std::make_unique<WebP>(spec.text("mode") == "lossless", quality, effort);
}

}  // namespace cleave::codec
