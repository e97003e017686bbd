#include <algorithm>
#include <cstring>

#include "codec/libav.h"
#include "codec/nal_units.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.video";
/// Ours: the frame at hand, the one it refers to, and what a decoder holds on to between them.
constexpr int kMaxFrames = 4;
/// More than what decoders add to a side for their own kernels.
constexpr int kRounding = 128;

AVCodecID id_of(VideoFormat format) {
  return format == VideoFormat::kH264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC;
}

/// One decoder of libavcodec for pictures of one size.
class LibavDecoder final : public VideoDecoder {
 public:
  LibavDecoder(VideoFormat format, const Shape& shape)
      : format_(format),
        shape_(shape),
        height_(coded_side(shape[0])),
        width_(coded_side(shape[1])),
        budget_(kMaxFrames, height_, width_),
        packet_(av_packet_alloc()),
        frame_(av_frame_alloc()) {}

  Result<void> open() {
    context_ = CLEAVE_TRY(new_decoder(format_));
    if (!packet_ || !frame_) return fail(ErrorCode::kInternal, kPlace, "no memory for a decoder");
    context_->flags |= AV_CODEC_FLAG_LOW_DELAY;
    context_->max_pixels = std::int64_t{height_ + kRounding} * (width_ + kRounding);
    budget_.guard(*context_);
    const int status = avcodec_open2(context_.get(), context_->codec, nullptr);
    if (status < 0) return libav_error(ErrorCode::kInternal, "no decoder", status);
    return {};
  }

  Result<Tensor> decode(std::span<const std::byte> units, bool key) override {
    if (!is_picture(format_, split_units(format_, units), key)) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  std::string("units that are not one ") + (key ? "key frame" : "frame"));
    }
    CLEAVE_CHECK(fill_packet(units, *packet_));
    Result<Tensor> picture = decode_packet(key);
    av_packet_unref(packet_.get());
    av_frame_unref(frame_.get());
    return picture;
  }

 private:
  Result<Tensor> decode_packet(bool key) {
    // A decoder would first make its tables for whatever size the stream claims.
    if (key) CLEAVE_CHECK(check_size());
    int status = avcodec_send_packet(context_.get(), packet_.get());
    if (status == 0) status = avcodec_receive_frame(context_.get(), frame_.get());
    if (status < 0)
      return libav_error(ErrorCode::kCorrupt, "the picture cannot be decoded", status);
    const bool luma_first = frame_->format == AV_PIX_FMT_GRAY8 ||
                            frame_->format == AV_PIX_FMT_YUV420P ||
                            frame_->format == AV_PIX_FMT_YUVJ420P;
    const bool whole =
        frame_->decode_error_flags == 0 && (frame_->flags & AV_FRAME_FLAG_CORRUPT) == 0;
    if (!luma_first || !whole || frame_->height != height_ || frame_->width != width_)
      return fail(ErrorCode::kCorrupt, kPlace, "a frame that is damaged or not grey");
    return copy();
  }

  Tensor copy() const {
    Tensor picture(DType::kU8, shape_);
    const auto width = static_cast<std::size_t>(shape_[1]);
    for (std::int64_t y = 0; y < shape_[0]; ++y) {
      std::memcpy(picture.bytes().data() + static_cast<std::size_t>(y) * width,
                  frame_->data[0] + y * frame_->linesize[0], width);
    }
    return picture;
  }

  /// Compares the size in the packet's parameter sets with the one expected.
  Result<void> check_size() {
    const CodedSize size = CLEAVE_TRY(coded_size(*context_, *packet_));
    if (size.height == height_ && size.width == width_) return {};
    return fail(ErrorCode::kCorrupt, kPlace,
                "a picture of " + shape_text({size.height, size.width}) + ", expected " +
                    shape_text({height_, width_}) + " for " + shape_text(shape_));
  }

  VideoFormat format_;
  Shape shape_;
  int height_;
  int width_;
  FrameBudget budget_;
  AvPointer<AVPacket> packet_;
  AvPointer<AVFrame> frame_;
  // Last, so that it goes first: it gives back frames.
  AvPointer<AVCodecContext> context_;
};

}  // namespace

Result<AvPointer<AVCodecContext>> new_decoder(VideoFormat format) {
  silence_libav();
  const AVCodec* codec = avcodec_find_decoder(id_of(format));
  if (codec == nullptr)
    return fail(ErrorCode::kUnsupported, kPlace, "libavcodec is here without this decoder");
  AvPointer<AVCodecContext> context(avcodec_alloc_context3(codec));
  if (!context) return fail(ErrorCode::kInternal, kPlace, "no memory for a decoder");
  context->thread_count = 1;
  context->thread_type = FF_THREAD_SLICE;
  context->err_recognition = AV_EF_EXPLODE;
  context->error_concealment = 0;
  return context;
}

void FrameBudget::guard(AVCodecContext& decoder) {
  decoder.opaque = this;
  decoder.get_buffer2 = take;
}

void FrameBudget::give_back(void* budget, std::uint8_t*) {
  --static_cast<FrameBudget*>(budget)->held_;
}

int FrameBudget::take(AVCodecContext* decoder, AVFrame* frame, int flags) {
  auto* self = static_cast<FrameBudget*>(decoder->opaque);
  const bool fits = (self->height_ == 0 || frame->height == self->height_) &&
                    (self->width_ == 0 || frame->width == self->width_);
  if (!fits || self->held_ >= self->max_frames_) return AVERROR_INVALIDDATA;
  AVBufferRef* counted = av_buffer_create(&self->anchor_, sizeof self->anchor_, give_back, self, 0);
  if (counted == nullptr) return AVERROR(ENOMEM);
  ++self->held_;
  frame->opaque_ref = counted;  // goes when the last reference to the frame goes
  return avcodec_default_get_buffer2(decoder, frame, flags);
}

Result<void> fill_packet(std::span<const std::byte> bytes, AVPacket& packet) {
  const int status = av_new_packet(&packet, static_cast<int>(bytes.size()));
  if (status < 0) return libav_error(ErrorCode::kResourceExhausted, "no packet", status);
  std::memcpy(packet.data, bytes.data(), bytes.size());
  return {};
}

Result<CodedSize> coded_size(AVCodecContext& decoder, const AVPacket& packet) {
  const AvPointer<AVCodecParserContext> parser(av_parser_init(decoder.codec_id));
  if (!parser) return fail(ErrorCode::kUnsupported, kPlace, "libavcodec is here without parsers");
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  std::uint8_t* out = nullptr;
  int size = 0;
  av_parser_parse2(parser.get(), &decoder, &out, &size, packet.data, packet.size, AV_NOPTS_VALUE,
                   AV_NOPTS_VALUE, 0);
  return CodedSize{parser->coded_height, parser->coded_width};
}

Result<std::unique_ptr<VideoDecoder>> make_video_decoder(VideoFormat format, const Shape& shape) {
  auto decoder = std::make_unique<LibavDecoder>(format, shape);
  CLEAVE_CHECK(decoder->open());
  return decoder;
}

}  // namespace cleave::codec
