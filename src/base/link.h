#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cleave {

/// A radio's power as a linear function of throughput: P = alpha · rate + beta (thesis eq. 2.21).
/// Powers in mW, rates in Mbit/s. After the last transfer it may stay on for a tail; the thesis
/// counts none, so that there is none unless it is asked for.
struct RadioPower {
  double alpha_up_mw_per_mbps = 0;
  double alpha_down_mw_per_mbps = 0;
  double beta_mw = 0;
  double tail_ms = 0;
  double tail_mw = 0;

  double up_mw(double rate_mbps) const { return alpha_up_mw_per_mbps * rate_mbps + beta_mw; }
  double down_mw(double rate_mbps) const { return alpha_down_mw_per_mbps * rate_mbps + beta_mw; }
  double tail_mj() const { return tail_ms * tail_mw / 1000; }
};

/// A link between device and cloud. Rates in Mbit/s (10^6 bits), round trip in ms, half of it each
/// way.
struct Link {
  std::string name = "custom";
  double up_mbps = 0;
  double down_mbps = 0;
  double rtt_ms = 0;
  RadioPower radio;

  /// Time on the wire for so many bytes, without the round trip.
  double up_ms(double bytes) const { return bytes * 8.0 / (up_mbps * 1000.0); }
  double down_ms(double bytes) const { return bytes * 8.0 / (down_mbps * 1000.0); }
};

/// The presets 3g, 4g and wifi: rates and radio power from thesis table 2.3; the round trips
/// (100, 50 and 5 ms) are ours.
const std::array<Link, 3>& link_presets();

/// Reads a preset's name, a preset with changes ("4g:rtt=80"), or
/// "link:up=5.85,down=13.76,rtt=50[,radio=4g]" (Mbit/s, ms). `radio` takes a preset's radio power;
/// without it transfers cost no energy. Any of them may end in "tail_ms=…,tail_mw=…", how long the
/// radio stays on after a transfer, and at what power. Errors: kInvalidArgument.
Result<Link> parse_link(std::string_view text);

}  // namespace cleave
