#include <array>
#include <vector>

#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

constexpr float kSlope = 0.2F;
/// He et al. 2015, equation 15: what a leaky rectifier wants.
constexpr double kLeakyGain = kReluGain / (1 + double{kSlope} * kSlope);
constexpr std::array kChannels{64, 128, 256, 512, 512, 512, 512, 512};
constexpr int kColours = 3;

ConvSpec resampling(int channels, double gain) {
  return {.channels = channels, .kernel = 4, .stride = 2, .padding = 1, .gain = gain};
}

}  // namespace

void pix2pix(GraphBuilder& g) {
  Value x =
      g.conv("e1", g.input("input", {1, kColours, 256, 256}), resampling(kChannels[0], kReluGain));
  std::vector<Value> skips;
  for (std::size_t i = 1; i < kChannels.size(); ++i) {
    skips.push_back(x);
    const std::string name = "e" + std::to_string(i + 1);
    x = g.conv(name, g.leaky_relu(name + ".relu", x, kSlope), resampling(kChannels[i], kLeakyGain));
  }
  int layer = 1;
  for (; !skips.empty(); skips.pop_back()) {
    const std::string name = "d" + std::to_string(layer++);
    const auto channels = static_cast<int>(skips.back().shape[1]);
    x = g.conv_transpose(name, g.relu(name + ".relu", x), resampling(channels, kReluGain));
    x = g.concat(name + ".skip", {x, skips.back()});
  }
  x = g.conv_transpose("d8", g.relu("d8.relu", x), resampling(kColours, kLinearGain));
  g.output("image", g.tanh("tanh", x));
}

}  // namespace cleave::zoo
