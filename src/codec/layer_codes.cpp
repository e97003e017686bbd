#include "codec/layer_codes.h"

#include <algorithm>
#include <optional>
#include <string>

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.cleave";
constexpr std::size_t kLengthBytes = 4;

/// Takes the next code off `in`, unless it is not whole.
std::optional<std::span<const std::byte>> take(std::span<const std::byte>& in) {
  if (in.size() < kLengthBytes) return std::nullopt;
  const std::size_t size = load_le<std::uint32_t>(in, 0);
  if (size > in.size() - kLengthBytes) return std::nullopt;
  const auto code = in.subspan(kLengthBytes, size);
  in = in.subspan(kLengthBytes + size);
  return code;
}

}  // namespace

void LayerWriter::add(std::span<const Bytes> codes) {
  for (std::size_t layer = 0; layer < codes.size(); ++layer) {
    Bytes& out = layers_[layer];
    if (!frame_.single()) append_le(out, static_cast<std::uint32_t>(codes[layer].size()));
    out.insert(out.end(), codes[layer].begin(), codes[layer].end());
  }
}

void LayerWriter::finish(Bytes& out) const {
  for (const Bytes& layer : layers_) out.insert(out.end(), layer.begin(), layer.end());
}

Result<LayerReader> LayerReader::open(std::span<const std::byte> in, LayerFrame frame) {
  LayerReader reader(frame);
  if (frame.single()) {
    reader.rest_[0] = in;
    reader.whole_[0] = 1;
    reader.ends_[0] = in.size();
    return reader;
  }
  const std::size_t all = in.size();
  for (int layer = 0; layer < frame.layers; ++layer) {
    reader.rest_[layer] = in;
    while (reader.whole_[layer] < frame.images && take(in)) ++reader.whole_[layer];
    if (reader.whole_[layer] == frame.images) {
      reader.ends_[layer] = all - in.size();
      continue;
    }
    if (frame.layers > 1) return reader;
    return fail(
        ErrorCode::kNeedMoreBytes, kPlace,
        std::to_string(reader.whole_[layer]) + " images, expected " + std::to_string(frame.images));
  }
  if (!in.empty())
    return fail(ErrorCode::kCorrupt, kPlace,
                std::to_string(in.size()) + " bytes behind the last code, expected none");
  return reader;
}

std::span<const std::span<const std::byte>> LayerReader::next() {
  if (frame_.single()) return std::span(rest_).first(1);
  std::size_t layers = 0;
  while (layers < static_cast<std::size_t>(frame_.layers) && image_ < whole_[layers]) {
    codes_[layers] = *take(rest_[layers]);
    ++layers;
  }
  ++image_;
  return std::span(codes_).first(layers);
}

std::size_t LayerReader::whole_layers(std::size_t most) const {
  std::size_t bytes = 0;
  for (const std::size_t end : ends_)
    if (end <= most) bytes = std::max(bytes, end);
  return bytes;
}

}  // namespace cleave::codec
