// Any text as a link trace: it is refused, or gives a timeline that moves forward.
#include <cstdint>
#include <cstdlib>

#include "wire/link_shaper.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto trace = wire::parse_link_trace({reinterpret_cast<const char*>(data), size});
  if (!trace) return 0;
  const wire::LinkTimeline timeline(Link{}, *trace);
  Nanos now(0);
  for (int i = 0; i < 100 && now < Nanos::max() / 4; ++i) {
    const wire::LinkState state = timeline.at(now, wire::Direction::kUp);
    if (state.until <= now || state.bytes_per_nano < 0 || state.one_way < Nanos(0)) std::abort();
    now = state.until;
  }
  wire::LinkShaper shaper(timeline, wire::Direction::kDown);
  shaper.push(Nanos(0), 1500);
  const auto event = shaper.next_event(Nanos(0));
  if (!event || *event < Nanos(0)) std::abort();
  return 0;
}
