#include <array>

#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

/// Without batch normalisation, a branch as strong as its shortcut would double the variance at
/// every sum.
constexpr double kBranchGain = kLinearGain / 4;
/// A shortcut through a convolution carries the variance on as it is.
constexpr double kShortcutGain = kLinearGain;
/// A bottleneck block gives four times its inner channels.
constexpr int kExpansion = 4;

struct Stage {
  int blocks;
  int channels;
};

Value shortcut(GraphBuilder& g, const std::string& name, const Value& x, int channels, int stride) {
  if (stride == 1 && x.shape[1] == channels) return x;
  return g.conv(name + ".downsample.0", x,
                {.channels = channels, .stride = stride, .gain = kShortcutGain});
}

Value basic_block(GraphBuilder& g, const std::string& name, const Value& x, int channels,
                  int stride) {
  Value y = g.conv(name + ".conv1", x,
                   {.channels = channels, .kernel = 3, .stride = stride, .padding = 1});
  y = g.relu(name + ".relu1", y);
  y = g.conv(name + ".conv2", y,
             {.channels = channels, .kernel = 3, .padding = 1, .gain = kBranchGain});
  y = g.add(name + ".add", y, shortcut(g, name, x, channels, stride));
  return g.relu(name + ".relu2", y);
}

Value bottleneck_block(GraphBuilder& g, const std::string& name, const Value& x, int channels,
                       int stride) {
  Value y = g.conv(name + ".conv1", x, {.channels = channels});
  y = g.relu(name + ".relu1", y);
  y = g.conv(name + ".conv2", y,
             {.channels = channels, .kernel = 3, .stride = stride, .padding = 1});
  y = g.relu(name + ".relu2", y);
  y = g.conv(name + ".conv3", y, {.channels = channels * kExpansion, .gain = kBranchGain});
  y = g.add(name + ".add", y, shortcut(g, name, x, channels * kExpansion, stride));
  return g.relu(name + ".relu3", y);
}

using Block = Value (*)(GraphBuilder&, const std::string&, const Value&, int, int);

void resnet(GraphBuilder& g, Block block, const std::array<Stage, 4>& stages) {
  Value x = g.input("input", {1, 3, 224, 224});
  x = g.conv("conv1", x, {.channels = 64, .kernel = 7, .stride = 2, .padding = 3});
  x = g.relu("relu", x);
  x = g.max_pool("maxpool", x, {.kernel = 3, .stride = 2, .padding = 1});
  for (std::size_t s = 0; s < stages.size(); ++s) {
    for (int b = 0; b < stages[s].blocks; ++b) {
      const std::string name = "layer" + std::to_string(s + 1) + "." + std::to_string(b);
      x = block(g, name, x, stages[s].channels, s > 0 && b == 0 ? 2 : 1);
    }
  }
  x = g.flatten("flatten", g.global_average_pool("avgpool", x));
  g.output("logits", g.gemm("fc", x, 1000, kLinearGain));
}

}  // namespace

void resnet18(GraphBuilder& g) {
  resnet(g, basic_block, {{{2, 64}, {2, 128}, {2, 256}, {2, 512}}});
}
void resnet34(GraphBuilder& g) {
  resnet(g, basic_block, {{{3, 64}, {4, 128}, {6, 256}, {3, 512}}});
}
void resnet50(GraphBuilder& g) {
  resnet(g, bottleneck_block, {{{3, 64}, {4, 128}, {6, 256}, {3, 512}}});
}

}  // namespace cleave::zoo
