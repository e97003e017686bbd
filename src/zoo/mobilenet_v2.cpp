#include "zoo/architectures.h"

namespace cleave::zoo {
namespace {

constexpr float kClip = 6;

/// Table 2 of the paper: expansion t, channels c, repeats n, stride s of the first.
struct Group {
  int expansion;
  int channels;
  int repeats;
  int stride;
};
constexpr Group kGroups[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

Value inverted_residual(GraphBuilder& g, const std::string& name, const Value& x,
                        const Group& group, int stride) {
  const auto hidden = static_cast<int>(x.shape[1]) * group.expansion;
  int part = 0;
  const auto next = [&] { return name + ".conv." + std::to_string(part++); };
  Value y = x;
  if (group.expansion != 1) {
    const std::string expand = next();
    y = g.clipped_relu(expand + ".2", g.conv(expand + ".0", y, {.channels = hidden}), kClip);
  }
  const std::string depthwise = next();
  y = g.conv(depthwise + ".0", y,
             {.channels = hidden, .kernel = 3, .stride = stride, .padding = 1, .groups = hidden});
  y = g.clipped_relu(depthwise + ".2", y, kClip);
  y = g.conv(next(), y, {.channels = group.channels, .gain = kLinearGain});
  if (stride != 1 || x.shape[1] != group.channels) return y;
  return g.add(name + ".add", x, y);
}

}  // namespace

void mobilenet_v2(GraphBuilder& g) {
  Value x = g.input("input", {1, 3, 224, 224});
  x = g.conv("features.0.0", x, {.channels = 32, .kernel = 3, .stride = 2, .padding = 1});
  x = g.clipped_relu("features.0.2", x, kClip);
  int block = 1;
  for (const Group& group : kGroups) {
    for (int i = 0; i < group.repeats; ++i) {
      x = inverted_residual(g, "features." + std::to_string(block++), x, group,
                            i == 0 ? group.stride : 1);
    }
  }
  x = g.clipped_relu("features.18.2", g.conv("features.18.0", x, {.channels = 1280}), kClip);
  x = g.flatten("flatten", g.global_average_pool("avgpool", x));
  g.output("logits", g.gemm("classifier.1", x, 1000, kLinearGain));
}

}  // namespace cleave::zoo
