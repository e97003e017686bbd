#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reproduce/figure.h"
#include "reproduce/pair.h"
#include "reproduce/report.h"

// Figure 2 of "Shared Mobile-Cloud Inference for Collaborative Intelligence" (Ulhaq and Bajić).

namespace cleave::reproduce {

/// Paper, section 1: one ResNet-34 on the phone and on the server, the ping, and the fastest
/// upload.
inline constexpr double kPhoneMs = 160;
inline constexpr double kServerMs = 20;
inline constexpr double kPingMs = 5;
inline constexpr double kFastestKBps = 3000;
/// The same: where shared inference becomes faster than client-only, in the text's KB/s, read as
/// 1000 bytes.
inline constexpr double kTheirCrossingKBps = 450;
/// Ours: the 8th sum, whose values figure 3 shows, and the rectifier behind it, in the zoo's names.
inline constexpr std::string_view kEighthAdd = "layer3.0.relu2";

/// A way to run a network, as time that no rate changes and bytes that go up.
struct Way {
  std::string name;
  double fixed_ms = 0;
  double up_bytes = 0;
  double head_ms = 0;  ///< of `fixed_ms`, what the device computes
  bool interpolated = false;

  /// A kB/s is a byte a ms.
  double ms(double kbps) const { return fixed_ms + (up_bytes > 0 ? up_bytes / kbps : 0); }
};

/// The rate in kB/s above which one way is faster than another, 0 where it always is; nothing where
/// it is at no rate, or only below one.
std::optional<double> faster_above(const Way& one, const Way& other);

/// The ways of one pair of machines.
struct Ways {
  std::string pair;
  Way client;
  std::vector<Way> server;  ///< the input as 32-bit floats, as an 8-bit picture, perhaps as JPEG
  std::vector<Way> shared;  ///< one for each cut, by the name of the layer before it
};

/// What sending takes beside the link. Empty: a byte a value, coded in no time.
struct Coding {
  std::map<std::string, plan::CodecCost> values;
  std::optional<plan::CodecCost> jpeg;  ///< of the picture; no curve without it
};

/// The ways in the paper's conditions: values of 8 bits without further compression, a ping, and an
/// answer so short that it takes no time beside that.
Ways ways_of(const Network& network, const Costs& costs, const Coding& coding,
             const std::string& pair);

/// The fastest of the shared ways at a rate.
const Way& best_shared(const Ways& ways, double kbps);

/// Total time over the upload's rate, a panel for each pair; and as CSV, with the cut that is best.
Figure rates_figure(const std::vector<Ways>& pairs);
std::string rates_csv(const std::vector<Ways>& pairs);

/// What section 1 says, beside `modelled` and, where there is one, `measured`.
std::vector<Claim> rate_claims(const Ways& modelled, const Ways* measured);

}  // namespace cleave::reproduce
