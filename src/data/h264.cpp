// Single pictures as key frames of H.264, for sending.
#include <algorithm>
#include <array>
#include <string>

#include "base/bytes.h"
#include "codec/libav.h"
#include "codec/nal_units.h"
#include "data/formats.h"
#include "data/picture_decoder.h"
#include "data/yuv.h"

namespace cleave::data {
namespace {

using codec::AvPointer;
using codec::VideoFormat;

constexpr std::string_view kFormat = "H.264";
/// The picture, and one more for the second half of one in fields.
constexpr int kMaxFrames = 2;

/// Writes the picture as planes of full range; chroma samples are means over their pixels.
void fill(const Image& image, int shift, AVFrame& frame) {
  const int block = 1 << shift;
  for (int top = 0; top < image.height; top += block) {
    for (int left = 0; left < image.width; left += block) {
      Yuv sum{0, 0, 0};
      for (int y = top; y < top + block; ++y) {
        for (int x = left; x < left + block; ++x) {
          const Yuv yuv = to_yuv(image.pixel(x, y));
          frame.data[0][std::ptrdiff_t{y} * frame.linesize[0] + x] = to_sample(yuv.luma);
          sum.cb += yuv.cb;
          sum.cr += yuv.cr;
        }
      }
      const auto pixels = static_cast<float>(block * block);
      const std::ptrdiff_t y = top >> shift;
      frame.data[1][y * frame.linesize[1] + (left >> shift)] = to_sample(sum.cb / pixels);
      frame.data[2][y * frame.linesize[2] + (left >> shift)] = to_sample(sum.cr / pixels);
    }
  }
}

/// The units of one key frame, without the stream's end.
Result<std::span<const std::byte>> without_end(std::span<const std::byte> bytes) {
  const auto end = codec::end_unit(VideoFormat::kH264);
  if (bytes.size() < end.size() || !std::ranges::equal(bytes.last(end.size()), end))
    return undecodable(kFormat, "unexpected end of data, without the end of its stream");
  const auto units = bytes.first(bytes.size() - end.size());
  if (codec::is_picture(VideoFormat::kH264, codec::split_units(VideoFormat::kH264, units), true))
    return units;
  return undecodable(kFormat, "units that are not those of one key frame");
}

}  // namespace

bool is_h264(std::span<const std::byte> bytes) {
  constexpr std::array kStart{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
  constexpr auto kSequenceParameters = std::byte{7};
  return bytes.size() > kStart.size() && std::ranges::equal(bytes.first(kStart.size()), kStart) &&
         (bytes[kStart.size()] & std::byte{0x9f}) == kSequenceParameters;
}

Result<Image> decode_h264(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  const auto units = CLEAVE_TRY(without_end(bytes));
  const auto decoder = CLEAVE_TRY(make_picture_decoder({.format = VideoFormat::kH264,
                                                        .config = {},
                                                        .max_pixels = max_pixels,
                                                        .max_frames = kMaxFrames}));
  CLEAVE_CHECK(decoder->send(units));
  CLEAVE_CHECK(decoder->finish());
  auto image = CLEAVE_TRY(decoder->receive());
  if (!image || CLEAVE_TRY(decoder->receive()))
    return undecodable(kFormat, "units that do not make one picture");
  return *std::move(image);
}

Result<std::vector<std::byte>> encode_h264(const Image& image, int qp, const std::string& preset) {
  if (std::max(image.width, image.height) > codec::kMaxVideoSide) {
    return fail(ErrorCode::kUnsupported, "data.encode",
                "H.264 of " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                    " pixels, expected sides up to " + std::to_string(codec::kMaxVideoSide));
  }
  const bool halves = image.width % 2 == 0 && image.height % 2 == 0;
  const auto encoder = CLEAVE_TRY(
      codec::open_encoder({.format = VideoFormat::kH264, .qp = qp, .preset = preset}, image.width,
                          image.height, halves ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV444P));
  const auto frame = CLEAVE_TRY(codec::make_frame(*encoder));
  const AvPointer<AVPacket> packet(av_packet_alloc());
  if (!packet) return fail(ErrorCode::kInternal, "data.encode", "no memory for a packet");
  fill(image, halves ? 1 : 0, *frame);
  CLEAVE_CHECK(codec::encode_frame(*encoder, *frame, true, *packet));
  const std::span stream(packet->data, static_cast<std::size_t>(packet->size));
  Bytes coded;
  for (const codec::Unit& unit : codec::split_units(VideoFormat::kH264, std::as_bytes(stream))) {
    if (unit.role != codec::UnitRole::kOther) codec::append_unit(unit, coded);
  }
  const auto end = codec::end_unit(VideoFormat::kH264);
  coded.insert(coded.end(), end.begin(), end.end());
  return coded;
}

}  // namespace cleave::data
