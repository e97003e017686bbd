// Tables of codecs from any bytes: one that is accepted goes round.
#include "plan/codec_choices.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!json) return 0;
  const auto choices = plan::codec_choices_from_json(*json);
  if (!choices) {
    if (choices.error().message.empty()) std::abort();
    return 0;
  }
  const Json written = plan::to_json(*choices);
  const auto again = plan::codec_choices_from_json(written);
  if (!again || plan::to_json(*again) != written) std::abort();
  return 0;
}
