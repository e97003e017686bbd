#include "plan/min_cut.h"

#include <cmath>

#include "plan/max_flow.h"

namespace cleave::plan {
namespace {

/// Turns milliseconds into whole numbers, the largest that leave room for their sum.
class Scale {
 public:
  explicit Scale(const DagProblem& problem) {
    double sum = 0;
    for (const DagNode& node : problem.nodes) sum += node.device_ms + node.cloud_ms;
    for (const DagValue& value : problem.values) sum += value.upload_ms + value.download_ms;
    if (sum > 0) per_ms_ = std::ldexp(1, 60) / sum;
  }
  FlowNetwork::Capacity operator()(double ms) const {
    return static_cast<FlowNetwork::Capacity>(std::llround(ms * per_ms_));
  }

 private:
  double per_ms_ = 1;
};

/// The source's side is the device, the sink's the cloud.
class Network {
 public:
  explicit Network(const DagProblem& problem)
      : problem_(problem),
        scale_(problem),
        source_(problem.nodes.size()),
        sink_(source_ + 1),
        next_auxiliary_(sink_ + 1),
        flow_(next_auxiliary_ + 2 * problem.values.size()) {
    for (std::size_t i = 0; i < problem.nodes.size(); ++i) add_node(i);
    for (const DagValue& value : problem.values) add_value(value);
  }

  std::vector<Side> solve() {
    flow_.solve(source_, sink_);
    std::vector<Side> sides;
    for (std::size_t i = 0; i < problem_.nodes.size(); ++i)
      sides.push_back(flow_.in_source_side(i) ? Side::kDevice : Side::kCloud);
    return sides;
  }

 private:
  static constexpr auto kInfinite = FlowNetwork::kInfinite;

  void add_node(std::size_t i) {
    const DagNode& node = problem_.nodes[i];
    const bool device = node.pin != Side::kCloud;
    const bool cloud = node.pin != Side::kDevice;
    flow_.add_arc(source_, i, cloud ? scale_(node.cloud_ms) : kInfinite);
    flow_.add_arc(i, sink_, device ? scale_(node.device_ms) : kInfinite);
  }

  void add_value(const DagValue& value) {
    const std::size_t up = next_auxiliary_++;
    const std::size_t down = next_auxiliary_++;
    flow_.add_arc(value.from, up, scale_(value.upload_ms));
    flow_.add_arc(down, value.from, scale_(value.download_ms));
    for (const std::size_t reader : value.to) {
      flow_.add_arc(up, reader, kInfinite);
      flow_.add_arc(reader, down, kInfinite);
      // A reader on the device with its maker in the cloud would cut this.
      if (problem_.monotone && !problem_.nodes[reader].pin)
        flow_.add_arc(reader, value.from, kInfinite);
    }
  }

  const DagProblem& problem_;
  Scale scale_;
  std::size_t source_;
  std::size_t sink_;
  std::size_t next_auxiliary_;
  FlowNetwork flow_;
};

}  // namespace

DagSolution min_cut(const DagProblem& problem) {
  DagSolution solution{Network(problem).solve(), 0};
  solution.cost_ms = cost_of(problem, solution.sides).value_or(0);
  return solution;
}

}  // namespace cleave::plan
