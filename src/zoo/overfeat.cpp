#include "zoo/architectures.h"

namespace cleave::zoo {

void overfeat(GraphBuilder& g) {
  Value x = g.input("input", {1, 3, 231, 231});
  x = g.relu("relu1", g.conv("conv1", x, {.channels = 96, .kernel = 11, .stride = 4}));
  x = g.max_pool("pool1", x, {});
  x = g.relu("relu2", g.conv("conv2", x, {.channels = 256, .kernel = 5}));
  x = g.max_pool("pool2", x, {});
  x = g.relu("relu3", g.conv("conv3", x, {.channels = 512, .kernel = 3, .padding = 1}));
  x = g.relu("relu4", g.conv("conv4", x, {.channels = 1024, .kernel = 3, .padding = 1}));
  x = g.relu("relu5", g.conv("conv5", x, {.channels = 1024, .kernel = 3, .padding = 1}));
  x = g.flatten("flatten", g.max_pool("pool5", x, {}));
  x = g.relu("relu6", g.gemm("fc6", x, 3072, kReluGain));
  x = g.relu("relu7", g.gemm("fc7", x, 4096, kReluGain));
  g.output("logits", g.gemm("fc8", x, 1000, kLinearGain));
}

}  // namespace cleave::zoo
