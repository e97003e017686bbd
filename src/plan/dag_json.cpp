#include "plan/dag_json.h"

#include <unordered_map>

#include "plan/strict_json.h"

namespace cleave::plan {
namespace {

Result<std::optional<Side>> pin_from_json(const Json& node) {
  if (!node.contains("pin")) return std::nullopt;
  const Json& pin = node.at("pin");
  for (const Side side : {Side::kDevice, Side::kCloud})
    if (pin.is_string() && pin.get_ref<const std::string&>() == side_name(side)) return side;
  return bad_problem("pin is " + shown(pin) + ", expected \"device\" or \"cloud\"");
}

Result<DagNode> node_from_json(const Json& json) {
  CLEAVE_CHECK(expect_keys(json, "a node", {"id", "device_ms", "cloud_ms"}, {"pin"}));
  DagNode node;
  node.id = CLEAVE_TRY(whole_number<std::int64_t>(json.at("id"), "an id"));
  node.device_ms = CLEAVE_TRY(number(json.at("device_ms"), "device_ms"));
  node.cloud_ms = CLEAVE_TRY(number(json.at("cloud_ms"), "cloud_ms"));
  node.pin = CLEAVE_TRY(pin_from_json(json));
  return node;
}

/// Nodes by id.
using Positions = std::unordered_map<std::int64_t, std::size_t>;

Result<std::size_t> position_of(const Json& id, const Positions& positions) {
  const auto number = CLEAVE_TRY(whole_number<std::int64_t>(id, "an id"));
  const auto found = positions.find(number);
  if (found != positions.end()) return found->second;
  return bad_problem("a value names node " + shown(id) + ", expected the id of a node");
}

Result<DagValue> value_from_json(const Json& json, const Positions& positions) {
  CLEAVE_CHECK(expect_keys(json, "a value", {"from", "to", "upload_ms", "download_ms"}, {}));
  DagValue value;
  value.from = CLEAVE_TRY(position_of(json.at("from"), positions));
  for (const Json& reader : *CLEAVE_TRY(array(json.at("to"), "to")))
    value.to.push_back(CLEAVE_TRY(position_of(reader, positions)));
  value.upload_ms = CLEAVE_TRY(number(json.at("upload_ms"), "upload_ms"));
  value.download_ms = CLEAVE_TRY(number(json.at("download_ms"), "download_ms"));
  return value;
}

}  // namespace

Result<DagProblem> dag_problem_from_json(const Json& json) {
  CLEAVE_CHECK(expect_keys(json, "the problem", {"format", "nodes", "values", "monotone"}, {}));
  CLEAVE_CHECK(expect_format(json, "cleave-dag/1"));
  if (!json.at("monotone").is_boolean())
    return bad_problem("monotone is " + shown(json.at("monotone")) + ", expected true or false");
  DagProblem problem;
  problem.monotone = json.at("monotone").get<bool>();
  Positions positions;
  for (const Json& node : *CLEAVE_TRY(array(json.at("nodes"), "nodes"))) {
    problem.nodes.push_back(CLEAVE_TRY(node_from_json(node)));
    positions.emplace(problem.nodes.back().id, positions.size());
  }
  for (const Json& value : *CLEAVE_TRY(array(json.at("values"), "values")))
    problem.values.push_back(CLEAVE_TRY(value_from_json(value, positions)));
  CLEAVE_CHECK(check(problem));
  return problem;
}

Json to_json(const DagProblem& problem, const DagSolution& solution) {
  Json device = Json::array();
  Json cloud = Json::array();
  for (std::size_t i = 0; i < problem.nodes.size(); ++i)
    (solution.sides[i] == Side::kDevice ? device : cloud).push_back(problem.nodes[i].id);
  return Json{{"status", "optimal"},
              {"cost", solution.cost_ms},
              {"device", std::move(device)},
              {"cloud", std::move(cloud)},
              {"solver", "min-cut"}};
}

}  // namespace cleave::plan
