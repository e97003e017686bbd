#include "codec/stream.h"

#include <vector>

#include "base/checksum.h"
#include "codec/chain.h"
#include "codec/video.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.stream";

// The header.
constexpr std::size_t kFlagsAt = 1;
constexpr std::size_t kIdAt = 2;
constexpr std::size_t kNumberAt = 6;
constexpr std::size_t kPayloadBytesAt = 10;
constexpr std::size_t kChecksumAt = 14;
constexpr std::uint8_t kKeyFlag = 1;

/// What both ends know: the steps up to the picture, and how pictures are coded.
struct Plan {
  Chain chain;
  DType dtype;
  Shape shape;
  std::vector<Step> steps;
  Layout picture;
  VideoSettings video;
};

Result<Plan> plan_of(const Codec& codec, DType dtype, const Shape& shape) {
  Plan plan{CLEAVE_TRY(Chain::create(codec.spec(), codec.calibration())), dtype, shape, {}, {}, {}};
  Layout last;
  plan.steps = CLEAVE_TRY(plan.chain.steps(dtype, shape, last));
  const Spec& stage = plan.chain.stage_specs.back();
  const bool coded =
      last.kind == Kind::kCompressed && plan.steps.back().before.kind == Kind::kImage;
  if (!coded || (stage.name != "h264" && stage.name != "h265")) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "'" + codec.spec() + "' of " + std::string(dtype_name(dtype)) + " " +
                    shape_text(shape) + ", expected floats or u8 as pictures in h264 or h265");
  }
  plan.picture = plan.steps.back().before;
  plan.steps.pop_back();
  plan.video = CLEAVE_TRY(video_settings(stage));
  return plan;
}

std::uint32_t checksum_of(std::span<const std::byte> packet) {
  return crc32c(packet.subspan(kStreamHeaderBytes), crc32c(packet.first(kChecksumAt)));
}

Result<void> check_whole(std::span<const std::byte> packet, const StreamInfo& info) {
  const std::size_t found = packet.size() - kStreamHeaderBytes;
  if (found != info.payload_bytes) {
    return fail(found < info.payload_bytes ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt,
                kPlace,
                "payload has " + std::to_string(found) + " bytes, header promises " +
                    std::to_string(info.payload_bytes));
  }
  if (checksum_of(packet) == load_le<std::uint32_t>(packet, kChecksumAt)) return {};
  return fail(ErrorCode::kCorrupt, kPlace, "checksum does not match, the packet was altered");
}

}  // namespace

Result<StreamInfo> peek_stream(std::span<const std::byte> bytes) {
  if (bytes.size() < kStreamHeaderBytes) {
    return fail(ErrorCode::kNeedMoreBytes, kPlace,
                std::to_string(bytes.size()) + " bytes, expected " +
                    std::to_string(kStreamHeaderBytes) + " or more");
  }
  StreamInfo info;
  info.version = load_le<std::uint8_t>(bytes, 0);
  const auto flags = load_le<std::uint8_t>(bytes, kFlagsAt);
  if (info.version != kStreamVersion || flags > kKeyFlag) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "stream version " + std::to_string(info.version) + " with flags " +
                    std::to_string(flags) + ", expected version " + std::to_string(kStreamVersion) +
                    " and flags 0 or 1");
  }
  info.key = flags == kKeyFlag;
  info.codec_id = load_le<std::uint32_t>(bytes, kIdAt);
  info.number = load_le<std::uint32_t>(bytes, kNumberAt);
  info.payload_bytes = load_le<std::uint32_t>(bytes, kPayloadBytesAt);
  return info;
}

struct StreamEncoder::State {
  Plan plan;
  std::unique_ptr<VideoEncoder> video;
  std::uint32_t number = 0;
  bool key_wanted = true;
};

StreamEncoder::StreamEncoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamEncoder::StreamEncoder(StreamEncoder&&) noexcept = default;
StreamEncoder& StreamEncoder::operator=(StreamEncoder&&) noexcept = default;
StreamEncoder::~StreamEncoder() = default;

Result<StreamEncoder> StreamEncoder::create(const Codec& codec, DType dtype, const Shape& shape) {
  auto state = std::make_unique<State>(State{CLEAVE_TRY(plan_of(codec, dtype, shape)), nullptr});
  state->video = CLEAVE_TRY(make_video_encoder(state->plan.video, state->plan.picture.shape));
  return StreamEncoder(std::move(state));
}

void StreamEncoder::request_key_frame() { state_->key_wanted = true; }

Result<Bytes> StreamEncoder::encode(const Tensor& tensor) {
  const Plan& plan = state_->plan;
  if (tensor.dtype() != plan.dtype || tensor.shape() != plan.shape) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                std::string(dtype_name(tensor.dtype())) + " of shape " +
                    shape_text(tensor.shape()) + " in a stream of " +
                    std::string(dtype_name(plan.dtype)) + " " + shape_text(plan.shape));
  }
  Bytes packet(kStreamHeaderBytes);
  const Tensor picture = CLEAVE_TRY(run(plan.steps, tensor.bytes(), packet));
  const auto coded = state_->video->encode(picture.bytes(), state_->key_wanted);
  state_->key_wanted = !coded;
  if (!coded) return std::unexpected(coded.error());
  packet.insert(packet.end(), coded->units.begin(), coded->units.end());
  store_le<std::uint8_t>(packet, 0, kStreamVersion);
  store_le<std::uint8_t>(packet, kFlagsAt, coded->key ? kKeyFlag : 0);
  store_le(packet, kIdAt, plan.chain.id);
  store_le(packet, kNumberAt, state_->number++);
  store_le(packet, kPayloadBytesAt, static_cast<std::uint32_t>(packet.size() - kStreamHeaderBytes));
  store_le(packet, kChecksumAt, checksum_of(packet));
  return packet;
}

struct StreamDecoder::State {
  Plan plan;
  /// Null while a key frame is needed.
  std::unique_ptr<VideoDecoder> video;
  std::uint32_t next = 0;

  /// Whether the packet can be decoded now, and is whole.
  Result<StreamInfo> accept(std::span<const std::byte> packet) {
    const StreamInfo info = CLEAVE_TRY(peek_stream(packet));
    CLEAVE_CHECK(check_whole(packet, info));
    if (info.codec_id != plan.chain.id) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "packet of codec " + std::to_string(info.codec_id) + ", expected " +
                      std::to_string(plan.chain.id) + " ('" + plan.chain.spec + "')");
    }
    if (!info.key && (!video || info.number != next)) {
      return fail(ErrorCode::kOutOfSync, kPlace,
                  "packet " + std::to_string(info.number) + ", expected " +
                      (video ? std::to_string(next) + " or " : "") + "a key frame");
    }
    if (info.payload_bytes < plan.picture.side_bytes)
      return fail(ErrorCode::kCorrupt, kPlace, "a payload without its side information");
    return info;
  }

  Result<Tensor> decode(std::span<const std::byte> packet) {
    const StreamInfo info = CLEAVE_TRY(accept(packet));
    if (!video) video = CLEAVE_TRY(make_video_decoder(plan.video.format, plan.picture.shape));
    const auto payload = packet.subspan(kStreamHeaderBytes);
    const std::size_t side_bytes = plan.picture.side_bytes;
    const auto picture = video->decode(payload.subspan(side_bytes), info.key);
    if (!picture) {
      video.reset();
      return std::unexpected(picture.error());
    }
    next = info.number + 1;
    return run_back(plan.steps, picture->bytes(), payload.first(side_bytes));
  }
};

StreamDecoder::StreamDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;
StreamDecoder::~StreamDecoder() = default;

Result<StreamDecoder> StreamDecoder::create(const Codec& codec, DType dtype, const Shape& shape,
                                            std::size_t max_tensor_bytes) {
  CLEAVE_CHECK(check_tensor_size(dtype, shape, max_tensor_bytes));
  return StreamDecoder(
      std::make_unique<State>(State{CLEAVE_TRY(plan_of(codec, dtype, shape)), nullptr}));
}

Result<Tensor> StreamDecoder::decode(std::span<const std::byte> packet) {
  return state_->decode(packet);
}

}  // namespace cleave::codec
