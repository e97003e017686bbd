#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/link.h"
#include "plan/energy_model.h"
#include "plan/objective.h"
#include "profile/profile.h"

namespace cleave::plan {

/// What a codec does to the values of one cut: a row of the table by which codecs reach the
/// planner. Times are of the machine that measured them, unslowed.
struct CodecCost {
  double payload_bytes = 0;  ///< all packets of the cut, headers included
  double encode_ms = 0;
  double decode_ms = 0;
};

enum class Strategy { kDevice, kCloud, kSplit };
std::string_view strategy_name(Strategy strategy);

/// Bytes beside the payload on the wire: message fields, HTTP/2 frames and headers, as counted over
/// a gRPC connection that has served a few requests (100 requests of one packet through a link
/// proxy).
inline constexpr double kRequestOverheadBytes = 150;
inline constexpr double kAnswerOverheadBytes = 230;

/// Everything that a ranking needs. With n layers, `codec[k]` belongs to cut k; codec[0] is how the
/// input itself is sent for cloud-only. Entries are missing where there is no cut.
struct Problem {
  profile::Profile device;
  profile::Profile cloud;
  Link link;
  EnergyModel energy;
  std::vector<std::optional<CodecCost>> codec;
  std::string picture;  ///< spec of the picture that codec[0] is; empty: the input is sent plain
  /// What the codec does to each value by name, for schedules that cross more than once; may be
  /// empty.
  std::map<std::string, CodecCost> value_codec;
  double answer_bytes = 0;  ///< the outputs, sent plain
  /// Bytes on the wire for each byte of what is sent plain, in schedules that cross more than once:
  /// below 1 where both ends compute in fewer bits than the network's file.
  double plain_scale = 1;
  /// What a request takes beside its bytes, the round trip and the computing: messages and threads
  /// of both ends. Counted half on the way up and half on the way down, as the round trip.
  double request_ms = 0;
  double request_overhead_bytes = kRequestOverheadBytes;
  double answer_overhead_bytes = kAnswerOverheadBytes;
};

/// The terms of one request, in the order in which they pass. All in ms.
struct Terms {
  double head_ms = 0;
  double encode_ms = 0;
  double up_ms =
      0;  ///< bytes over the rate, half the round trip and half of the request's own time
  double decode_ms = 0;
  double tail_ms = 0;
  double down_ms = 0;  ///< the same

  double total_ms() const { return head_ms + encode_ms + up_ms + decode_ms + tail_ms + down_ms; }
};

/// Each way, beside the bytes.
inline double wait_ms(const Problem& problem) {
  return (problem.link.rtt_ms + problem.request_ms) / 2;
}

/// What sending values up costs by itself: coding at both ends and bytes over the rate, in ms;
/// coding and the radio of the device, in mJ; or bytes. The request comes on top.
double sending_cost(const Problem& problem, const CodecCost& cost, Objective objective);

/// A member for each term, of its name.
Json to_json(const Terms& terms);

/// One way to run the network and what it is predicted to cost.
struct Candidate {
  Strategy strategy = Strategy::kDevice;
  std::size_t cut = 0;  ///< layers in the head: 0 for cloud-only, n for device-only
  Terms terms;
  double latency_ms = 0;
  double energy_mj = 0;  ///< modelled
  double bytes_up = 0;
  double bytes_down = 0;
  double device_memory_bytes = 0;  ///< of the head; 0 where the profile does not know it
  double cloud_memory_bytes = 0;   ///< of the tail; the same
  bool interpolated = false;       ///< rests on a cost that was not measured
};

/// The predicted cost of cut k (0: cloud-only, n: device-only); nothing when a cost is missing.
std::optional<Candidate> evaluate(const Problem& problem, std::size_t cut);

}  // namespace cleave::plan
