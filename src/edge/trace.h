#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "edge/run_report.h"

namespace cleave::edge {

/// Every stage of every frame on one time line, in the Chrome trace format (which Perfetto and
/// chrome://tracing open): three processes, device, link and server, a thread for each stage, and
/// further threads of the same stage where frames overlap in it. Times are from the first event, on
/// the device's clock; where the way up ends and the way down begins is estimated, see
/// place_round_trip().
std::string make_trace(std::span<const FrameRecord> records);

}  // namespace cleave::edge
