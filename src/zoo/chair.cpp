#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

/// The chairs that the paper trains on; the vector is 1 at one of them.
constexpr int kChairs = 809;
/// Sine and cosine of azimuth and elevation.
constexpr int kViewpoint = 4;
/// Rotation, translation, zoom, stretching and changes of colour; the number is ours.
constexpr int kTransformation = 12;

Value described(GraphBuilder& g, const std::string& name, int length, double gain) {
  constexpr int kFeatures = 512;
  Value x = g.input(name, {1, length});
  x = g.relu("fc1." + name + ".relu", g.gemm("fc1." + name, x, kFeatures, gain));
  return g.relu("fc2." + name + ".relu", g.gemm("fc2." + name, x, kFeatures, kReluGain));
}

/// The paper's unpooling, a value and three zeros, with the convolution after it is one transposed
/// convolution.
Value up_convolution(GraphBuilder& g, const std::string& name, const Value& x, int channels,
                     double gain) {
  return g.conv_transpose(
      name, x, {.channels = channels, .kernel = 5, .stride = 2, .padding = 2, .gain = gain});
}

}  // namespace

void chair(GraphBuilder& g) {
  // Of a vector with a single 1 a neuron sees one weight.
  const Value style = described(g, "class", kChairs, kReluGain * kChairs);
  const Value viewpoint = described(g, "viewpoint", kViewpoint, kReluGain);
  const Value transformation = described(g, "transformation", kTransformation, kReluGain);
  Value x = g.concat("concat", {style, viewpoint, transformation});
  x = g.relu("fc3.relu", g.gemm("fc3", x, 1024, kReluGain));
  x = g.relu("fc4.relu", g.gemm("fc4", x, 1024, kReluGain));
  x = g.relu("fc5.relu", g.gemm("fc5", x, 256 * 8 * 8, kReluGain));
  x = g.reshape("reshape", x, {1, 256, 8, 8});
  // Widths as in a reimplementation of the paper.
  x = g.relu("uconv1.relu", up_convolution(g, "uconv1", x, 256, kReluGain));
  x = g.relu("uconv2.relu", up_convolution(g, "uconv2", x, 92, kReluGain));
  x = g.relu("uconv3.relu", up_convolution(g, "uconv3", x, 92, kReluGain));
  g.output("image", up_convolution(g, "uconv4", x, 3, kLinearGain));
}

}  // namespace cleave::zoo
