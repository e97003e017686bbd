// Profiles from any bytes: one that is accepted goes round, and every group of it has a cost or
// none.
#include "profile/profile.h"

#include <cstdint>
#include <cstdlib>

#include "profile/group_costs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!json) return 0;
  const auto profile = profile::from_json(*json);
  if (!profile) {
    if (profile.error().message.empty()) std::abort();
    return 0;
  }
  const Json written = profile::to_json(*profile);
  const auto again = profile::from_json(written);
  if (!again || profile::to_json(*again) != written) std::abort();
  const profile::GroupCosts costs(*profile);
  const int layers = static_cast<int>(profile->layers());
  for (int first = 1; first <= layers && first < 20; ++first)
    for (int last = first; last <= layers && last < 20; ++last) costs.of(first, last);
  return 0;
}
