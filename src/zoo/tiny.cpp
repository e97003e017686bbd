#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

Value residual(GraphBuilder& g, const std::string& name, const Value& x) {
  const auto channels = static_cast<int>(x.shape[1]);
  Value y = g.conv(name + ".conv1", x, {.channels = channels, .kernel = 3, .padding = 1});
  y = g.relu(name + ".relu1", y);
  y = g.conv(name + ".conv2", y,
             {.channels = channels, .kernel = 3, .padding = 1, .gain = kLinearGain / 4});
  return g.relu(name + ".relu2", g.add(name + ".add", x, y));
}

}  // namespace

void tiny(GraphBuilder& g) {
  Value x = g.input("input", {1, 3, 64, 64});
  x = g.relu("stem.relu",
             g.conv("stem.conv", x, {.channels = 32, .kernel = 3, .stride = 2, .padding = 1}));
  x = residual(g, "block1", x);
  x = g.max_pool("pool1", x, {});
  const Value narrow = g.relu("fork.relu1", g.conv("fork.conv1", x, {.channels = 64}));
  const Value wide =
      g.relu("fork.relu3", g.conv("fork.conv3", x, {.channels = 64, .kernel = 3, .padding = 1}));
  x = g.max_pool("pool2", g.concat("fork.concat", {narrow, wide}), {});
  x = residual(g, "block2", x);
  x = g.flatten("flatten", g.global_average_pool("avgpool", x));
  g.output("logits", g.gemm("fc", x, 10, kLinearGain));
}

}  // namespace cleave::zoo
