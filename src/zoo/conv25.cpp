#include <numbers>

#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

constexpr int kConvolutions = 25;
constexpr int kChannels = 64;
/// The builder scales filters for inputs that come from rectifiers, whose variance is 1 - 1/pi of
/// their second moment. Here none do.
constexpr double kGain = kLinearGain * (1 - std::numbers::inv_pi);

}  // namespace

void conv25(GraphBuilder& g) {
  Value x = g.input("input", {1, kChannels, 56, 56});
  for (int i = 1; i <= kConvolutions; ++i) {
    x = g.conv("conv" + std::to_string(i), x,
               {.channels = kChannels, .kernel = 3, .padding = 1, .gain = kGain});
  }
  g.output("features", x);
}

}  // namespace cleave::zoo
