#include <algorithm>
#include <array>

#include "codec/libav.h"
#include "codec/nal_units.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace cleave::codec {
namespace {

struct Library {
  const char* encoder;
  const char* options_key;
  const char* options;
};

// Every frame has the quantisation asked for, whatever its kind. What flatters the eye is off:
// networks look at differences. Nothing may look ahead, and one thread makes the same bytes always.
// x265 3.5 never gives back some 2 KB of each encoder.
constexpr std::array<Library, 2> kLibraries{{
    {"libx264", "x264-params",
     "ipratio=1:scenecut=0:bframes=0:rc-lookahead=0:sync-lookahead=0:mbtree=0:force-cfr=1"},
    {"libx265", "x265-params",
     "ipratio=1:scenecut=0:bframes=0:rc-lookahead=0:cutree=0:open-gop=0:aq-mode=0:info=0:"
     "log-level=none:frame-threads=1:wpp=0:lookahead-slices=0"},
}};

/// One encoder of libavcodec for pictures that follow each other.
class LibavEncoder final : public VideoEncoder {
 public:
  LibavEncoder(VideoFormat format, const Shape& shape, AvPointer<AVCodecContext> context,
               AvPointer<AVFrame> frame)
      : format_(format),
        height_(static_cast<std::size_t>(shape[0])),
        width_(static_cast<std::size_t>(shape[1])),
        context_(std::move(context)),
        frame_(std::move(frame)),
        packet_(av_packet_alloc()) {}

  Result<CodedPicture> encode(std::span<const std::byte> picture, bool as_key) override {
    const int status = av_frame_make_writable(frame_.get());
    if (status < 0) return libav_error(ErrorCode::kInternal, "no frame", status);
    fill(picture);
    CLEAVE_CHECK(encode_frame(*context_, *frame_, as_key, *packet_));
    CodedPicture coded;
    coded.key = (packet_->flags & AV_PKT_FLAG_KEY) != 0;
    const std::span stream(packet_->data, static_cast<std::size_t>(packet_->size));
    // Texts about the encoder and hints to players go.
    for (const Unit& unit : split_units(format_, std::as_bytes(stream))) {
      if (unit.role != UnitRole::kOther) append_unit(unit, coded.units);
    }
    av_packet_unref(packet_.get());
    return coded;
  }

 private:
  /// The picture, its last column and row repeated up to whole blocks.
  void fill(std::span<const std::byte> picture) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(picture.data());
    for (std::size_t y = 0; y < static_cast<std::size_t>(frame_->height); ++y) {
      const std::uint8_t* row = from + std::min(y, height_ - 1) * width_;
      std::uint8_t* to = frame_->data[0] + y * static_cast<std::size_t>(frame_->linesize[0]);
      std::copy_n(row, width_, to);
      std::fill(to + width_, to + frame_->width, row[width_ - 1]);
    }
  }

  VideoFormat format_;
  std::size_t height_;
  std::size_t width_;
  AvPointer<AVCodecContext> context_;
  AvPointer<AVFrame> frame_;
  AvPointer<AVPacket> packet_;
};

}  // namespace

Result<AvPointer<AVCodecContext>> open_encoder(const VideoSettings& settings, int width, int height,
                                               AVPixelFormat pixels) {
  silence_libav();
  const Library& library = kLibraries[static_cast<std::size_t>(settings.format)];
  const AVCodec* codec = avcodec_find_encoder_by_name(library.encoder);
  if (codec == nullptr) {
    return fail(ErrorCode::kUnsupported, "codec.video",
                std::string("libavcodec is here without ") + library.encoder);
  }
  AvPointer<AVCodecContext> context(avcodec_alloc_context3(codec));
  if (!context) return fail(ErrorCode::kInternal, "codec.video", "no memory for an encoder");
  context->height = height;
  context->width = width;
  context->pix_fmt = pixels;
  context->color_range = AVCOL_RANGE_JPEG;
  context->time_base = {1, 25};  // no clock runs here, but a stream must name one
  context->gop_size = settings.gop;
  context->keyint_min = settings.gop;
  context->max_b_frames = 0;
  context->refs = 1;
  context->thread_count = 1;
  const std::array<std::pair<const char*, std::string>, 5> options{
      {{"preset", settings.preset},
       {"tune", "psnr"},
       {"qp", std::to_string(settings.qp)},
       {"forced-idr", "1"},
       {library.options_key, library.options}}};
  for (const auto& [key, value] : options) {
    const int status = av_opt_set(context->priv_data, key, value.c_str(), 0);
    if (status < 0) return libav_error(ErrorCode::kInternal, std::string("option ") + key, status);
  }
  const int status = avcodec_open2(context.get(), codec, nullptr);
  if (status < 0) return libav_error(ErrorCode::kInternal, "no encoder", status);
  return context;
}

Result<void> encode_frame(AVCodecContext& encoder, AVFrame& frame, bool as_key, AVPacket& packet) {
  frame.pict_type = as_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  int status = avcodec_send_frame(&encoder, &frame);
  ++frame.pts;
  if (status == 0) status = avcodec_receive_packet(&encoder, &packet);
  if (status < 0) return libav_error(ErrorCode::kInternal, "no picture was made", status);
  return {};
}

Result<AvPointer<AVFrame>> make_frame(const AVCodecContext& encoder) {
  AvPointer<AVFrame> frame(av_frame_alloc());
  if (!frame) return fail(ErrorCode::kInternal, "codec.video", "no memory for a frame");
  frame->format = encoder.pix_fmt;
  frame->height = encoder.height;
  frame->width = encoder.width;
  frame->color_range = encoder.color_range;
  frame->pts = 0;
  const int status = av_frame_get_buffer(frame.get(), 0);
  if (status < 0) return libav_error(ErrorCode::kInternal, "no frame", status);
  return frame;
}

Result<std::unique_ptr<VideoEncoder>> make_video_encoder(const VideoSettings& settings,
                                                         const Shape& shape) {
  auto context = CLEAVE_TRY(
      open_encoder(settings, coded_side(shape[1]), coded_side(shape[0]), AV_PIX_FMT_GRAY8));
  auto frame = CLEAVE_TRY(make_frame(*context));
  return std::make_unique<LibavEncoder>(settings.format, shape, std::move(context),
                                        std::move(frame));
}

}  // namespace cleave::codec
