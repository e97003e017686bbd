#include "zoo/architectures.h"

namespace cleave::zoo {

void alexnet(GraphBuilder& g) {
  constexpr PoolSpec kPool{.kernel = 3, .stride = 2};
  Value x = g.input("input", {1, 3, 224, 224});
  x = g.relu("features.1",
             g.conv("features.0", x, {.channels = 64, .kernel = 11, .stride = 4, .padding = 2}));
  x = g.max_pool("features.2", x, kPool);
  x = g.relu("features.4", g.conv("features.3", x, {.channels = 192, .kernel = 5, .padding = 2}));
  x = g.max_pool("features.5", x, kPool);
  x = g.relu("features.7", g.conv("features.6", x, {.channels = 384, .kernel = 3, .padding = 1}));
  x = g.relu("features.9", g.conv("features.8", x, {.channels = 256, .kernel = 3, .padding = 1}));
  x = g.relu("features.11", g.conv("features.10", x, {.channels = 256, .kernel = 3, .padding = 1}));
  x = g.flatten("flatten", g.max_pool("features.12", x, kPool));
  x = g.relu("classifier.2", g.gemm("classifier.1", x, 4096, kReluGain));
  x = g.relu("classifier.5", g.gemm("classifier.4", x, 4096, kReluGain));
  g.output("logits", g.gemm("classifier.6", x, 1000, kLinearGain));
}

}  // namespace cleave::zoo
