// Tables of plans from any bytes: one that is accepted can be looked up anywhere, and goes round.
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "plan/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!json) return 0;
  const auto table = plan::table_from_json(*json);
  if (!table) {
    if (table.error().message.empty()) std::abort();
    return 0;
  }
  for (const double value :
       {0.0, 1e-300, 0.7, 3.0, 1e300, -1.0, std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    if (table->lookup(value, value).groups.size() > size) std::abort();
  }
  const Json written = plan::to_json(*table);
  const auto again = plan::table_from_json(written);
  if (!again || plan::to_json(*again) != written) std::abort();
  return 0;
}
