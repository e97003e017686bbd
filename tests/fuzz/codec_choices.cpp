// Tables of codecs from any bytes.
#include "plan/codec_choices.h"

#include "round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  read_and_write(data, size, plan::codec_choices_from_json,
                 [](const std::vector<plan::CodecChoice>& c) { return plan::to_json(c); });
  return 0;
}
