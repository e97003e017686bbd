#include "reproduce/gpu.h"

#include <algorithm>
#include <numeric>

namespace cleave::reproduce {
namespace {

profile::Cost estimate(double ms) { return {ms, ms, ms, 0}; }

}  // namespace

std::vector<double> peak_ms(const graph::Model& model, const Gpu& gpu) {
  std::vector<double> list;
  for (const graph::Layer& layer : model.layers()) {
    const double moved = static_cast<double>(layer.parameter_bytes) + known_bytes(layer.inputs) +
                         known_bytes(layer.outputs);
    list.push_back(
        std::max(static_cast<double>(layer.macs) / gpu.macs_per_ms, moved / gpu.bytes_per_ms));
  }
  return list;
}

double share_of(const graph::Model& model, const Gpu& gpu, double whole_ms) {
  const std::vector<double> ms = peak_ms(model, gpu);
  return std::accumulate(ms.begin(), ms.end(), 0.0) / whole_ms;
}

double reached_share(const graph::Model& alexnet) {
  return share_of(alexnet, kTeslaK40c, kAlexNetOnServerMs);
}

profile::Profile modelled_profile(const graph::Model& model, const Gpu& gpu, double share) {
  profile::Profile p;
  p.model_name = model.name();
  p.machine = gpu.name;
  p.engine = "modelled";
  const std::size_t layers = model.layers().size();
  p.head.resize(layers + 1);
  p.tail.resize(layers + 1);
  p.head[0] = p.tail[layers] = profile::Cost{0, 0, 0, 1};
  const std::vector<double> ms = peak_ms(model, gpu);
  for (std::size_t i = 0; i < layers; ++i) {
    p.layer_names.push_back(model.layers()[i].name);
    p.layer.emplace_back(estimate(ms[i] / share));
    p.head[i + 1] = estimate(p.head[i]->median_ms + ms[i] / share);
  }
  p.whole_ms = p.head[layers]->median_ms;
  for (std::size_t i = 0; i < layers; ++i) p.tail[i] = estimate(p.whole_ms - p.head[i]->median_ms);
  return p;
}

}  // namespace cleave::reproduce
