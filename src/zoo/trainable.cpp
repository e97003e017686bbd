#include "zoo/architectures.h"

#include <initializer_list>
#include <utility>

// Small residual networks that are there to be trained, with their batch normalisations.

namespace cleave::zoo {
namespace {

/// A convolution and its batch normalisation, which takes the place of a bias.
Value normalised(GraphBuilder& g, const std::string& conv, const std::string& norm, const Value& x,
                 ConvSpec spec) {
  spec.bias = false;
  return g.batch_norm(norm, g.conv(conv, x, spec));
}

Value shortcut(GraphBuilder& g, const std::string& name, const Value& x, int channels, int stride) {
  if (stride == 1 && x.shape[1] == channels) return x;
  return normalised(g, name + ".downsample.0", name + ".downsample.1", x,
                    {.channels = channels, .stride = stride, .gain = kLinearGain});
}

Value block(GraphBuilder& g, const std::string& name, const Value& x, int channels, int stride) {
  Value y = normalised(g, name + ".conv1", name + ".bn1", x,
                       {.channels = channels, .kernel = 3, .stride = stride, .padding = 1});
  y = g.relu(name + ".relu1", y);
  y = normalised(g, name + ".conv2", name + ".bn2", y,
                 {.channels = channels, .kernel = 3, .padding = 1, .gain = kLinearGain / 4});
  y = g.add(name + ".add", y, shortcut(g, name, x, channels, stride));
  return g.relu(name + ".relu2", y);
}

struct BlockSpec {
  const char* name;
  int channels;
  int stride = 1;
};

/// A convolution of 16 channels, the blocks, and the classifier.
void residual(GraphBuilder& g, Shape input, int first_stride,
              std::initializer_list<BlockSpec> blocks, int classes) {
  Value x = normalised(g, "conv1", "bn1", g.input("input", std::move(input)),
                       {.channels = 16, .kernel = 3, .stride = first_stride, .padding = 1});
  x = g.relu("relu", x);
  for (const BlockSpec& b : blocks) x = block(g, b.name, x, b.channels, b.stride);
  x = g.flatten("flatten", g.global_average_pool("avgpool", x));
  g.output("logits", g.gemm("fc", x, classes, kLinearGain));
}

}  // namespace

void fashion(GraphBuilder& g) {
  residual(g, {1, 1, 28, 28}, 1,
           {{"layer1.0", 16},
            {"layer2.0", 64, 2},
            {"layer2.1", 64},
            {"layer2.2", 64},
            {"layer3.0", 96, 2},
            {"layer3.1", 96}},
           10);
}

void flowers(GraphBuilder& g) {
  residual(g, {1, 3, 128, 128}, 2,
           {{"layer1.0", 32, 2},
            {"layer2.0", 64, 2},
            {"layer2.1", 64},
            {"layer3.0", 96, 2},
            {"layer3.1", 96}},
           3);
}

}  // namespace cleave::zoo
