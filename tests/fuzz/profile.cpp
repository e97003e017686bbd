// Profiles from any bytes: every group of one that is accepted has a cost or none.
#include "profile/profile.h"

#include <algorithm>

#include "profile/group_costs.h"
#include "round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto profile =
      read_and_write(data, size, profile::from_json,
                     [](const profile::Profile& p) { return profile::to_json(p); });
  if (!profile) return 0;
  const profile::GroupCosts costs(*profile);
  const int layers = std::min(static_cast<int>(profile->layers()), 20);
  for (int first = 1; first <= layers; ++first)
    for (int last = first; last <= layers; ++last) costs.of(first, last);
  return 0;
}
