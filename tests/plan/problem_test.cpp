// Problems as files.
#include <gtest/gtest.h>

#include "base/file.h"
#include "plan/dag_json.h"
#include "plan/min_cut.h"
#include "plan/schedule_json.h"

namespace cleave::plan {
namespace {

/// Three layers; the middle one is dear on the device. Grouping layers 1 and 2 on the device saves
/// 1 ms.
Json chain() {
  return parse_json(R"({
    "format": "cleave-problem/1", "layers": 3, "objective": "latency",
    "device_ms": [[1,1,2],[2,2,9],[3,3,1],[1,2,10]], "device_mj": [[3,3,4],[1,1,1],[1,2,6],[2,2,8]],
    "cloud_ms": [[1,1,1],[2,2,2],[3,3,1],[2,3,2.5]],
    "upload_ms": [7,1,5,5], "download_ms": [5,5,2,3], "upload_mj": [9,3,9,9], "download_mj": [9,9,2,1]})",
                    "test")
      .value();
}

Solved solved(const Json& json) { return solve(schedule_problem_from_json(json).value()).value(); }

std::string refused(const Json& json) {
  const auto problem = schedule_problem_from_json(json);
  if (problem) return "";
  EXPECT_EQ(problem.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(problem.error().message.find('\n'), std::string::npos);
  return problem.error().message;
}

TEST(Problem, AChainByHand) {
  // Device 2, up 1, cloud 2, down 2, device 1: the value comes back.
  const Json reply = to_json(solved(chain()), Objective::kLatency);
  EXPECT_EQ(reply["status"], "optimal");
  EXPECT_EQ(reply["cost"], 8);
  EXPECT_EQ(reply["latency_ms"], 8);
  EXPECT_EQ(reply["energy_mj"], 1 + 3 + 2 + 4);
  EXPECT_EQ(reply["groups"], parse_json(R"([{"first":1,"last":1,"where":"device"},
                                            {"first":2,"last":2,"where":"cloud"},
                                            {"first":3,"last":3,"where":"device"}])",
                                        "test")
                                 .value());
  EXPECT_EQ(reply["solver"], "shortest-path");
}

TEST(Problem, LimitsTurnTheChainRound) {
  const auto within = [](const Json& constraints) {
    Json json = chain();
    json["constraints"] = constraints;
    return to_json(solved(json), Objective::kLatency);
  };
  // Device 2, up 1, cloud 2-3 as one group 2.5, down 3: slower, but the radio and the cloud do
  // more.
  const Json thrifty = within({{"battery_mj", 5}});
  EXPECT_EQ(thrifty["cost"], 8.5);
  EXPECT_EQ(thrifty["energy_mj"], 5);
  EXPECT_EQ(thrifty["groups"].size(), 2U);
  EXPECT_EQ(thrifty["solver"], "pareto-labels");
  EXPECT_EQ(within({{"battery_mj", 5}, {"deadline_ms", 8.4}})["status"], "infeasible");
  EXPECT_EQ(within({{"cloud_ms", 0}})["cost"], 11);
  const Json none = within({{"cloud_ms", 0}, {"deadline_ms", 10.9}});
  EXPECT_EQ(none["status"], "infeasible");
  EXPECT_TRUE(none["cost"].is_null());
  EXPECT_TRUE(none["groups"].empty());
}

TEST(Problem, EnergyCountsDeviceGroupsAndBothDirections) {
  Json json = chain();
  json["objective"] = "energy";
  EXPECT_EQ(to_json(solved(json), Objective::kEnergy)["cost"], 5);
}

TEST(Problem, NoGroupsAreInfeasibleNotWrong) {
  Json json = chain();
  json["device_ms"] = json["device_mj"] = json["cloud_ms"] = Json::array();
  EXPECT_EQ(solved(json).solution.status, Status::kInfeasible);
}

TEST(Problem, WhatIsWrongIsNamed) {
  struct Case {
    const char* pointer;
    Json value;
    const char* message;
  };
  const Case cases[] = {
      {"/format", "cleave-problem/2", "format is \"cleave-problem/2\""},
      {"/layers", 1'000'000'000, "1000000000 layers, expected 1 to"},
      {"/layers", 0, "0 layers"},
      {"/layers", 2, "upload has 4 entries, expected 3"},
      {"/layers", 2.5, "layers is 2.5, expected a whole number"},
      {"/layers", "3", "layers is \"3\""},
      {"/objective", "bytes", "objective is bytes"},
      {"/objective", "money", "'money'"},
      {"/objective", 1, "objective is 1"},
      {"/upload_ms", {1, 2}, "upload_mj has 4 entries and upload_ms 2"},
      {"/upload_ms/1", -1, "upload entry 1 costs -1"},
      {"/upload_ms/1", nullptr, "an entry of upload_ms is null"},
      {"/cloud_ms/0", {1, 1}, "[first, last, cost]"},
      {"/cloud_ms/0", {2, 1, 1}, "cloud group [2,1]"},
      {"/cloud_ms/0", {1, 4, 1}, "expected 1 <= first <= last <= 3"},
      {"/cloud_ms/0", {2, 2, 1}, "cloud group [2,2] is listed twice"},
      {"/cloud_ms/0/2", -3, "cloud group [1,1] costs -3"},
      {"/cloud_ms", {{"a", 1}}, "cloud_ms is object, expected a list"},
      {"/device_ms/0", {1, 3, 1}, "device_mj has no group [1,3]"},
      {"/device_mj/0", {1, 1, 4}, "device_mj lists group [1,1] twice"},
      {"/device_mj", Json::array(), "device_mj lists 0 groups and device_ms 4"},
      {"/constraints", {{"deadline", 1}}, "constraints has the unknown key \"deadline\""},
      {"/constraints", {{"deadline_ms", -1}}, "deadline_ms is -1"},
      {"/constraints", {{"battery_mj", "x"}}, "battery_mj is \"x\""},
      {"/constraints", 3, "constraints is number"},
      {"/more\nlines", 3, "unknown key \"more\\nlines\""},
  };
  for (const Case& one : cases) {
    Json json = chain();
    json[Json::json_pointer(one.pointer)] = one.value;
    const std::string message = refused(json);
    EXPECT_NE(message.find(one.message), std::string::npos) << one.pointer << ": " << message;
  }
  const Json whole = chain();
  for (const auto& [key, value] : whole.items()) {
    Json json = whole;
    json.erase(key);
    EXPECT_NE(refused(json).find("has no key '" + key + "'"), std::string::npos) << key;
  }
  EXPECT_NE(refused(Json::array()).find("is array, expected an object"), std::string::npos);
}

Json dag() {
  return parse_json(R"({"format": "cleave-dag/1", "monotone": false,
    "nodes": [{"id": 5, "device_ms": 1, "cloud_ms": 9, "pin": "device"},
              {"id": -2, "device_ms": 8, "cloud_ms": 1},
              {"id": 7, "device_ms": 1, "cloud_ms": 1}],
    "values": [{"from": 5, "to": [-2, 7], "upload_ms": 2, "download_ms": 1},
               {"from": -2, "to": [7], "upload_ms": 1, "download_ms": 3}]})",
                    "test")
      .value();
}

TEST(Dag, ByHand) {
  const DagProblem problem = dag_problem_from_json(dag()).value();
  const Json reply = to_json(problem, min_cut(problem));
  EXPECT_EQ(reply["status"], "optimal");
  EXPECT_EQ(reply["cost"], 1 + 2 + 1 + 1);
  EXPECT_EQ(reply["device"], Json({5}));
  EXPECT_EQ(reply["cloud"], Json({-2, 7}));
  EXPECT_EQ(reply["solver"], "min-cut");
}

TEST(Dag, WhatIsWrongIsNamed) {
  struct Case {
    const char* pointer;
    Json value;
    const char* message;
  };
  const Case cases[] = {
      {"/format", "cleave-problem/1", "expected \"cleave-dag/1\""},
      {"/monotone", 1, "monotone is 1"},
      {"/nodes", Json::array(), "a value names node 5"},
      {"/nodes/0/id", 1.5, "an id is 1.5"},
      {"/nodes/0/pin", "edge", "pin is \"edge\""},
      {"/nodes/0/device_ms", -1, "device_ms of node 5 is -1"},
      {"/nodes/0/name", "x", "a node has the unknown key \"name\""},
      {"/values/0/from", 6, "a value names node 6"},
      {"/values/0/to", {7, 7}, "names node 7 twice"},
      {"/values/0/to", {5}, "cycle"},
      {"/values/0/upload_ms", -1, "upload_ms of the value from node 5 is -1"},
      {"/values/1/to", {5}, "cycle"},
      {"/values", 1, "values is number"},
  };
  for (const Case& one : cases) {
    Json json = dag();
    json[Json::json_pointer(one.pointer)] = one.value;
    const auto problem = dag_problem_from_json(json);
    ASSERT_FALSE(problem) << one.pointer;
    EXPECT_EQ(problem.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(problem.error().message.find(one.message), std::string::npos)
        << one.pointer << ": " << problem.error().message;
  }
}

}  // namespace
}  // namespace cleave::plan
