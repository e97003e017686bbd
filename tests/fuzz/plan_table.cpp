// Tables of plans from any bytes: one that is accepted can be looked up anywhere.
#include <limits>

#include "plan/table.h"
#include "round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto table = read_and_write(data, size, plan::table_from_json,
                                    [](const plan::PlanTable& t) { return plan::to_json(t); });
  if (!table) return 0;
  using Limits = std::numeric_limits<double>;
  for (const double value :
       {0.0, 1e-300, 0.7, 3.0, 1e300, -1.0, Limits::infinity(), Limits::quiet_NaN()}) {
    if (table->lookup(value, value).groups.size() > size) std::abort();
  }
  return 0;
}
