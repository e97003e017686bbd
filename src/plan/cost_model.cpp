#include "plan/cost_model.h"

namespace cleave::plan {

std::string_view strategy_name(Strategy strategy) {
  switch (strategy) {
    case Strategy::kDevice:
      return "device-only";
    case Strategy::kCloud:
      return "cloud-only";
    case Strategy::kSplit:
      return "split";
  }
  return "split";
}

Json to_json(const Terms& terms) {
  return Json{{"head_ms", terms.head_ms}, {"encode_ms", terms.encode_ms},
              {"up_ms", terms.up_ms},     {"decode_ms", terms.decode_ms},
              {"tail_ms", terms.tail_ms}, {"down_ms", terms.down_ms}};
}

double sending_cost(const Problem& problem, const CodecCost& cost, Objective objective) {
  const double encode_ms = cost.encode_ms * problem.device.slowdown;
  switch (objective) {
    case Objective::kLatency:
      return encode_ms + problem.link.up_ms(cost.payload_bytes) +
             cost.decode_ms * problem.cloud.slowdown;
    case Objective::kEnergy:
      return compute_energy_mj(problem.energy, encode_ms) +
             radio_energy_mj(problem.link, cost.payload_bytes, 0);
    case Objective::kBytes:
      return cost.payload_bytes;
  }
  return cost.payload_bytes;
}

std::optional<Candidate> evaluate(const Problem& problem, std::size_t cut) {
  const std::size_t n = problem.device.layers();
  if (cut > n || !problem.device.head[cut]) return std::nullopt;
  const profile::Cost& head = *problem.device.head[cut];
  Candidate c;
  c.cut = cut;
  c.terms.head_ms = head.median_ms;
  c.device_memory_bytes = static_cast<double>(head.memory_bytes.value_or(0));
  c.interpolated = cut > 0 && head.interpolated();
  if (cut == n) {
    c.strategy = Strategy::kDevice;
    c.latency_ms = c.terms.total_ms();
    c.energy_mj = device_energy_mj(problem.energy, problem.link, c.terms.head_ms, 0, 0);
    return c;
  }
  if (!problem.cloud.tail[cut] || !problem.codec[cut]) return std::nullopt;
  const profile::Cost& tail = *problem.cloud.tail[cut];
  const CodecCost& codec = *problem.codec[cut];
  const Link& link = problem.link;
  c.strategy = cut == 0 ? Strategy::kCloud : Strategy::kSplit;
  c.cloud_memory_bytes = static_cast<double>(tail.memory_bytes.value_or(0));
  c.interpolated = c.interpolated || tail.interpolated();
  c.bytes_up = codec.payload_bytes + problem.request_overhead_bytes;
  c.bytes_down = problem.answer_bytes + problem.answer_overhead_bytes;
  // The device encodes as much slower as it computes; the server is this fast.
  c.terms.encode_ms = codec.encode_ms * problem.device.slowdown;
  c.terms.decode_ms = codec.decode_ms * problem.cloud.slowdown;
  c.terms.up_ms = link.up_ms(c.bytes_up) + wait_ms(problem);
  c.terms.down_ms = link.down_ms(c.bytes_down) + wait_ms(problem);
  c.terms.tail_ms = tail.median_ms;
  c.latency_ms = c.terms.total_ms();
  c.energy_mj = device_energy_mj(problem.energy, link, c.terms.head_ms + c.terms.encode_ms,
                                 c.bytes_up, c.bytes_down);
  return c;
}

}  // namespace cleave::plan
