#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

/// A convolution and two of one pixel, which are a small perceptron at every place. `index` counts
/// the blocks from 1; `features` are what the last gives.
Value mlpconv(GraphBuilder& g, int index, const Value& x, const ConvSpec& spec, int features) {
  const std::string conv = "conv" + std::to_string(index);
  Value y = g.relu(conv + ".relu", g.conv(conv, x, spec));
  for (int i : {1, 2}) {
    const std::string name = "cccp" + std::to_string(2 * (index - 1) + i);
    y = g.conv(name, y, {.channels = i == 1 ? spec.channels : features});
    y = g.relu(name + ".relu", y);
  }
  return y;
}

}  // namespace

void nin(GraphBuilder& g) {
  constexpr PoolSpec kPool{.kernel = 3, .stride = 2, .ceil = true};
  Value x = g.input("input", {1, 3, 224, 224});
  x = mlpconv(g, 1, x, {.channels = 96, .kernel = 11, .stride = 4}, 96);
  x = g.max_pool("pool1", x, kPool);
  x = mlpconv(g, 2, x, {.channels = 256, .kernel = 5, .padding = 2}, 256);
  x = g.max_pool("pool2", x, kPool);
  x = mlpconv(g, 3, x, {.channels = 384, .kernel = 3, .padding = 1}, 384);
  x = g.max_pool("pool3", x, kPool);
  x = mlpconv(g, 4, x, {.channels = 1024, .kernel = 3, .padding = 1}, 1000);
  g.output("logits", g.flatten("flatten", g.global_average_pool("pool4", x)));
}

}  // namespace cleave::zoo
