#include "data/picture_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "codec/libav.h"
#include "data/yuv.h"

namespace cleave::data {
namespace {

using codec::AvPointer;
using codec::libav_error;

constexpr std::string_view kPlace = "data.video";

/// How the samples of a pixel format lie.
struct PixelFormat {
  int format;
  bool has_chroma;
  int shift_x;
  int shift_y;
};
// The J formats are of full range, which a frame says as well.
constexpr std::array kFormats{
    PixelFormat{AV_PIX_FMT_YUV420P, true, 1, 1}, PixelFormat{AV_PIX_FMT_YUVJ420P, true, 1, 1},
    PixelFormat{AV_PIX_FMT_YUV422P, true, 1, 0}, PixelFormat{AV_PIX_FMT_YUVJ422P, true, 1, 0},
    PixelFormat{AV_PIX_FMT_YUV444P, true, 0, 0}, PixelFormat{AV_PIX_FMT_YUVJ444P, true, 0, 0},
    PixelFormat{AV_PIX_FMT_GRAY8, false, 0, 0},
};

Result<Image> to_image(const AVFrame& frame) {
  const auto* const format = std::ranges::find(kFormats, frame.format, &PixelFormat::format);
  if (format == kFormats.end()) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "samples that are not of 8 bits in 4:2:0, 4:2:2, 4:4:4 or grey");
  }
  YuvPicture picture{.width = frame.width, .height = frame.height};
  picture.luma = {frame.data[0], frame.linesize[0]};
  if (format->has_chroma) {
    picture.cb = {frame.data[1], frame.linesize[1]};
    picture.cr = {frame.data[2], frame.linesize[2]};
  }
  picture.chroma_shift_x = format->shift_x;
  picture.chroma_shift_y = format->shift_y;
  picture.full_range = frame.color_range == AVCOL_RANGE_JPEG;
  if (frame.colorspace == AVCOL_SPC_BT709) picture.matrix = YuvMatrix::kBt709;
  return to_rgb(picture);
}

class LibavPictures final : public PictureDecoder {
 public:
  explicit LibavPictures(const Settings& settings)
      : settings_(settings),
        budget_(settings.max_frames, 0, 0),
        packet_(av_packet_alloc()),
        frame_(av_frame_alloc()) {}

  Result<void> open() {
    context_ = CLEAVE_TRY(codec::new_decoder(settings_.format));
    if (!packet_ || !frame_) return fail(ErrorCode::kInternal, kPlace, "no memory for a decoder");
    context_->max_pixels = settings_.max_pixels;
    // Only a decoder that would fill in missing blocks says that some were missing.
    context_->error_concealment = FF_EC_DEBLOCK;
    budget_.guard(*context_);
    if (!settings_.config.empty()) {
      const std::size_t size = settings_.config.size();
      context_->extradata =
          static_cast<std::uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
      if (context_->extradata == nullptr)
        return fail(ErrorCode::kResourceExhausted, kPlace, "no memory for a configuration");
      std::memcpy(context_->extradata, settings_.config.data(), size);
      context_->extradata_size = static_cast<int>(size);
    }
    const int status = avcodec_open2(context_.get(), context_->codec, nullptr);
    if (status < 0)
      return libav_error(ErrorCode::kCorrupt, "a configuration that cannot be read", status,
                         kPlace);
    return {};
  }

  Result<void> send(std::span<const std::byte> coded) override {
    // To a decoder no bytes mean the end.
    if (coded.empty()) return fail(ErrorCode::kCorrupt, kPlace, "a picture without bytes");
    CLEAVE_CHECK(codec::fill_packet(coded, *packet_));
    auto sent = check_size();
    if (sent) sent = give(packet_.get());
    av_packet_unref(packet_.get());
    return sent;
  }

  Result<void> finish() override { return give(nullptr); }

  Result<std::optional<Image>> receive() override {
    const int status = avcodec_receive_frame(context_.get(), frame_.get());
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return std::optional<Image>();
    if (status < 0)
      return libav_error(ErrorCode::kCorrupt, "the picture cannot be decoded", status, kPlace);
    const bool whole =
        frame_->decode_error_flags == 0 && (frame_->flags & AV_FRAME_FLAG_CORRUPT) == 0;
    Result<Image> image = fail(ErrorCode::kCorrupt, kPlace, "a picture that is damaged");
    if (whole) image = to_image(*frame_);
    av_frame_unref(frame_.get());
    if (!image) return std::unexpected(std::move(image).error());
    return std::optional(*std::move(image));
  }

 private:
  Result<void> give(const AVPacket* packet) {
    const int status = avcodec_send_packet(context_.get(), packet);
    if (status < 0)
      return libav_error(ErrorCode::kCorrupt, "the picture cannot be decoded", status, kPlace);
    return {};
  }

  /// A decoder would first make its tables for whatever size the units claim.
  Result<void> check_size() {
    if (!settings_.config.empty()) return {};
    const codec::CodedSize size = CLEAVE_TRY(codec::coded_size(*context_, *packet_));
    if (size.width >= 1 && size.height >= 1 && size.height <= settings_.max_pixels / size.width)
      return {};
    return fail(ErrorCode::kResourceExhausted, kPlace,
                "a picture of " + std::to_string(size.width) + "x" + std::to_string(size.height) +
                    " pixels, expected at least one and at most " +
                    std::to_string(settings_.max_pixels) + " in all");
  }

  Settings settings_;
  codec::FrameBudget budget_;
  AvPointer<AVPacket> packet_;
  AvPointer<AVFrame> frame_;
  // Last, so that it goes first: it gives back frames.
  AvPointer<AVCodecContext> context_;
};

}  // namespace

Result<std::unique_ptr<PictureDecoder>> make_picture_decoder(
    const PictureDecoder::Settings& settings) {
  auto decoder = std::make_unique<LibavPictures>(settings);
  CLEAVE_CHECK(decoder->open());
  return decoder;
}

}  // namespace cleave::data
