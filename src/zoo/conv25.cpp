#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

constexpr int kConvolutions = 25;
constexpr int kChannels = 64;

}  // namespace

void conv25(GraphBuilder& g) {
  Value x = g.input("input", {1, kChannels, 56, 56});
  for (int i = 1; i <= kConvolutions; ++i) {
    x = g.conv("conv" + std::to_string(i), x,
               {.channels = kChannels, .kernel = 3, .padding = 1, .gain = kLinearGain});
  }
  g.output("features", x);
}

}  // namespace cleave::zoo
