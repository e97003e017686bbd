// Calibration files from any bytes: the codecs of one that is accepted decode any payload.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/calibrated_value.h"
#include "codec/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  constexpr std::size_t kLimit = 1 << 20;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = parse_json(text, "fuzz");
  if (!json) return 0;
  const auto values = codec::calibrated_values_from_json(*json);
  if (!values) {
    if (values.error().message.empty()) std::abort();
    return 0;
  }
  for (const codec::CalibratedValue& value : *values) {
    const auto codec = codec::Codec::create(value.codec, value.calibration);
    if (!codec) std::abort();
    const auto payload = std::as_bytes(std::span(text).first(std::min<std::size_t>(size, 64)));
    const auto tensor = codec->decode(payload, value.value.dtype, value.value.shape, kLimit);
    if (tensor ? tensor->byte_size() > kLimit : tensor.error().message.empty()) std::abort();
  }
  return 0;
}
