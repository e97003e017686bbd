#include <array>

#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

/// Convolutions of one width, and a pooling behind them.
struct Stage {
  int convolutions;
  int channels;
};

void vgg(GraphBuilder& g, const std::array<Stage, 5>& stages) {
  Value x = g.input("input", {1, 3, 224, 224});
  int index = 0;
  const auto next = [&] { return "features." + std::to_string(index++); };
  for (const Stage& stage : stages) {
    for (int i = 0; i < stage.convolutions; ++i) {
      x = g.conv(next(), x, {.channels = stage.channels, .kernel = 3, .padding = 1});
      x = g.relu(next(), x);
    }
    x = g.max_pool(next(), x, {});
  }
  x = g.flatten("flatten", x);
  x = g.relu("classifier.1", g.gemm("classifier.0", x, 4096, kReluGain));
  x = g.relu("classifier.4", g.gemm("classifier.3", x, 4096, kReluGain));
  g.output("logits", g.gemm("classifier.6", x, 1000, kLinearGain));
}

}  // namespace

void vgg16(GraphBuilder& g) { vgg(g, {{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}}); }
void vgg19(GraphBuilder& g) { vgg(g, {{{2, 64}, {2, 128}, {4, 256}, {4, 512}, {4, 512}}}); }

}  // namespace cleave::zoo
