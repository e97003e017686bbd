// Any text as trained points: it is refused, or gives points that can be shown.
#include "reproduce/trained_points.h"

#include <cstdint>
#include <cstdlib>

#include "reproduce/trained_claims.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto points = reproduce::parse_trained_points({reinterpret_cast<const char*>(data), size});
  if (!points) return 0;
  if (points->size() > reproduce::kMaxTrainedPoints || points->size() > size) std::abort();
  for (const reproduce::TrainedPoint& p : *points)
    if (!(p.loss_points() >= -100 && p.loss_points() <= 100 && p.payload_bytes > 0 &&
          (p.unit == "bottleneck" || p.stride == 1)))
      std::abort();
  for (const reproduce::TrainedUnit& unit :
       {reproduce::kTrainedButterfly, reproduce::kTrainedBottleneck}) {
    if (unit.claims(*points, {}).empty()) std::abort();
    for (const reproduce::Panel& panel : unit.figure(*points).panels)
      for (const reproduce::Series& series : panel.series)
        if (series.at.size() != series.values.size()) std::abort();
  }
  return 0;
}
