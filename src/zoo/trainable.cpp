#include "zoo/architectures.h"

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

/// The classifier.
void answer(GraphBuilder& g, const Value& x, int classes) {
  const Value features = g.flatten("flatten", g.global_average_pool("avgpool", x));
  g.output("logits", g.gemm("fc", features, classes, kLinearGain));
}

}  // namespace

void fashion(GraphBuilder& g) {
  Value x = g.input("input", {1, 1, 28, 28});
  x = g.relu("relu", normalised(g, "conv1", "bn1", x, {.channels = 16, .kernel = 3, .padding = 1}));
  x = block(g, "layer1.0", x, 16, 1);
  x = block(g, "layer2.0", x, 64, 2);
  x = block(g, "layer2.1", x, 64, 1);
  x = block(g, "layer2.2", x, 64, 1);
  x = block(g, "layer3.0", x, 96, 2);
  x = block(g, "layer3.1", x, 96, 1);
  answer(g, x, 10);
}

void flowers(GraphBuilder& g) {
  Value x = g.input("input", {1, 3, 128, 128});
  x = g.relu("relu", normalised(g, "conv1", "bn1", x,
                                {.channels = 16, .kernel = 3, .stride = 2, .padding = 1}));
  x = block(g, "layer1.0", x, 32, 2);
  x = block(g, "layer2.0", x, 64, 2);
  x = block(g, "layer2.1", x, 64, 1);
  x = block(g, "layer3.0", x, 96, 2);
  x = block(g, "layer3.1", x, 96, 1);
  answer(g, x, 3);
}

}  // namespace cleave::zoo
