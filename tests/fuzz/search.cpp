// A search's progress from any bytes.
#include "search/record.h"

#include "round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  read_and_write(data, size, search::progress_from_json,
                 [](const search::Progress& p) { return search::to_json(p); });
  return 0;
}
