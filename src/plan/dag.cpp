#include "plan/dag.h"

#include <cmath>
#include <string>
#include <unordered_set>

#include "plan/strict_json.h"

namespace cleave::plan {
namespace {

Result<void> check_cost(double cost, const std::string& what) {
  if (std::isfinite(cost) && cost >= 0) return {};
  return bad_problem(what + " is " + shown(cost) + ", expected a finite number of 0 or more");
}

Result<void> check_nodes(const std::vector<DagNode>& nodes) {
  if (nodes.empty() || nodes.size() > kMaxDagNodes) {
    return bad_problem(std::to_string(nodes.size()) + " nodes, expected 1 to " +
                       std::to_string(kMaxDagNodes));
  }
  std::unordered_set<std::int64_t> ids;
  for (const DagNode& node : nodes) {
    const std::string name = "node " + std::to_string(node.id);
    if (!ids.insert(node.id).second) return bad_problem(name + " is listed twice, expected once");
    CLEAVE_CHECK(check_cost(node.device_ms, "device_ms of " + name));
    CLEAVE_CHECK(check_cost(node.cloud_ms, "cloud_ms of " + name));
  }
  return {};
}

Result<void> check_values(const DagProblem& problem) {
  for (const DagValue& value : problem.values) {
    const std::string name = "the value from node " + std::to_string(problem.nodes[value.from].id);
    CLEAVE_CHECK(check_cost(value.upload_ms, "upload_ms of " + name));
    CLEAVE_CHECK(check_cost(value.download_ms, "download_ms of " + name));
    std::unordered_set<std::size_t> readers;
    for (const std::size_t reader : value.to) {
      if (!readers.insert(reader).second) {
        return bad_problem(name + " names node " + std::to_string(problem.nodes[reader].id) +
                           " twice, expected each reader once");
      }
    }
  }
  return {};
}

/// Takes away nodes that wait for no other until none is left.
Result<void> check_acyclic(const DagProblem& problem) {
  std::vector<std::vector<std::size_t>> readers(problem.nodes.size());
  std::vector<int> waits(problem.nodes.size(), 0);
  for (const DagValue& value : problem.values) {
    for (const std::size_t reader : value.to) {
      readers[value.from].push_back(reader);
      ++waits[reader];
    }
  }
  std::vector<std::size_t> ready;
  for (std::size_t node = 0; node < waits.size(); ++node)
    if (waits[node] == 0) ready.push_back(node);
  std::size_t done = 0;
  for (; done < ready.size(); ++done) {
    for (const std::size_t reader : readers[ready[done]])
      if (--waits[reader] == 0) ready.push_back(reader);
  }
  if (done == waits.size()) return {};
  for (std::size_t node = 0; node < waits.size(); ++node) {
    if (waits[node] > 0) {
      return bad_problem("node " + std::to_string(problem.nodes[node].id) +
                         " is on a cycle or behind one, expected none");
    }
  }
  return {};
}

}  // namespace

Result<void> check(const DagProblem& problem) {
  CLEAVE_CHECK(check_nodes(problem.nodes));
  CLEAVE_CHECK(check_values(problem));
  return check_acyclic(problem);
}

std::optional<double> cost_of(const DagProblem& problem, const std::vector<Side>& sides) {
  double cost = 0;
  for (std::size_t i = 0; i < problem.nodes.size(); ++i) {
    const DagNode& node = problem.nodes[i];
    if (node.pin && *node.pin != sides[i]) return std::nullopt;
    cost += sides[i] == Side::kDevice ? node.device_ms : node.cloud_ms;
  }
  for (const DagValue& value : problem.values) {
    bool crosses = false;
    for (const std::size_t reader : value.to) {
      if (sides[reader] == sides[value.from]) continue;
      crosses = true;
      if (problem.monotone && sides[reader] == Side::kDevice && !problem.nodes[reader].pin)
        return std::nullopt;
    }
    if (crosses) cost += sides[value.from] == Side::kDevice ? value.upload_ms : value.download_ms;
  }
  return cost;
}

}  // namespace cleave::plan
