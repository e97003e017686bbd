#include "edge/ways.h"

namespace cleave::edge {
namespace {

profile::Cost measured(double ms) { return {ms, ms, ms, 1}; }

}  // namespace

std::optional<WayCosts> costs_from_manifest(const bundle::Manifest& manifest, double slowdown,
                                            bool as_picture) {
  if (!manifest.costs) return std::nullopt;
  const bundle::WholeCosts& whole = *manifest.costs;
  // The device was profiled with one emulated slowdown and may run with another.
  const double factor = slowdown / whole.device_slowdown;
  WayCosts costs;
  costs.device_ms = whole.device_ms * factor;
  costs.cloud_ms = whole.cloud_ms;
  costs.input = as_picture ? whole.input : plan::CodecCost{known_bytes(manifest.inputs), 0, 0};
  for (const bundle::CutEntry& cut : manifest.cuts) {
    if (!cut.costs) return std::nullopt;
    costs.cuts.push_back(*cut.costs);
    costs.cuts.back().head_ms *= factor;
  }
  return costs;
}

double recorded_server_ms(const WayCosts& costs, std::size_t way) {
  if (way == 0) return costs.input.decode_ms + costs.cloud_ms;
  if (way > costs.cuts.size()) return 0;
  const bundle::CutCosts& cut = costs.cuts[way - 1];
  return cut.codec.decode_ms + cut.tail_ms;
}

plan::Problem make_problem(const bundle::Manifest& manifest, const WayCosts& costs, double slowdown,
                           const Link& link) {
  plan::Problem problem;
  problem.link = link;
  problem.answer_bytes = known_bytes(manifest.outputs);
  profile::Profile& device = problem.device;
  profile::Profile& cloud = problem.cloud;
  device.slowdown = slowdown;

  device.head.emplace_back(measured(0));
  cloud.tail.emplace_back(measured(costs.cloud_ms));
  problem.codec.emplace_back(costs.input);
  for (std::size_t i = 0; i < costs.cuts.size(); ++i) {
    device.layer_names.push_back("to cut " + manifest.cuts[i].id);
    device.head.emplace_back(measured(costs.cuts[i].head_ms));
    cloud.tail.emplace_back(measured(costs.cuts[i].tail_ms));
    problem.codec.emplace_back(costs.cuts[i].codec);
  }
  device.layer_names.emplace_back("to the end");
  device.head.emplace_back(measured(costs.device_ms));
  cloud.tail.emplace_back(measured(0));
  problem.codec.emplace_back(std::nullopt);
  cloud.layer_names = device.layer_names;
  return problem;
}

}  // namespace cleave::edge
