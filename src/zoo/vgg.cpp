#include "zoo/architectures.h"

namespace cleave::zoo {

void vgg16(GraphBuilder& g) {
  constexpr int kPool = 0;
  Value x = g.input("input", {1, 3, 224, 224});
  int index = 0;
  const auto next = [&] { return "features." + std::to_string(index++); };
  for (int channels : {64, 64, kPool, 128, 128, kPool, 256, 256, 256, kPool, 512, 512, 512, kPool,
                       512, 512, 512, kPool}) {
    if (channels == kPool) {
      x = g.max_pool(next(), x, {});
    } else {
      x = g.conv(next(), x, {.channels = channels, .kernel = 3, .padding = 1});
      x = g.relu(next(), x);
    }
  }
  x = g.flatten("flatten", x);
  x = g.relu("classifier.1", g.gemm("classifier.0", x, 4096, kReluGain));
  x = g.relu("classifier.4", g.gemm("classifier.3", x, 4096, kReluGain));
  g.output("logits", g.gemm("classifier.6", x, 1000, kLinearGain));
}

}  // namespace cleave::zoo
