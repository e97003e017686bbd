#include "profile/profile.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"
#include "profile/interpolate.h"

namespace cleave::profile {
namespace {

Profile two_layers() {
  Profile p;
  p.model_name = "net";
  p.model_sha256 = std::string(64, 'a');
  p.machine = "a machine, 2 cores";
  p.engine = "an engine 1";
  p.threads = 2;
  p.precision = "f32";
  p.hint = "latency";
  p.slowdown = 3.5;
  p.whole_ms = 9;
  p.layer_names = {"first", "second"};
  p.head = {Cost{0, 0, 0, 1}, Cost{4, 3.5, 4.5, 0}, Cost{9, 8, 10, 9}};
  p.tail = {Cost{9, 8, 10, 9}, std::nullopt, Cost{0, 0, 0, 1}};
  p.layer = {Cost{4.25, 4, 5, 9}, Cost{5, 5, 6, 9}};
  return p;
}

TEST(ProfileFile, GoesRound) {
  const Json json = to_json(two_layers());
  const auto read = from_json(json);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(to_json(*read), json);
  EXPECT_EQ(read->slowdown, 3.5);
  EXPECT_TRUE(read->head[1]->interpolated());
  EXPECT_FALSE(read->tail[1]);
  EXPECT_EQ(read->layer[0]->p75_ms, 5);
}

TEST(ProfileFile, MemoryIsOptional) {
  Profile p = two_layers();
  EXPECT_FALSE(knows_memory(p));
  EXPECT_EQ(to_json(p).dump().find("memory_bytes"), std::string::npos);
  for (auto* costs : {&p.head, &p.tail})
    for (auto& cost : *costs)
      if (cost) cost->memory_bytes = 1'000'000;
  p.groups = {{1, 2, Cost{3, 3, 3, 9, 5'000'000'000}}};
  const Profile read = from_json(to_json(p)).value();
  EXPECT_EQ(to_json(read), to_json(p));
  EXPECT_TRUE(knows_memory(read)) << "no cost, no memory: a tail that is no cut";
  EXPECT_EQ(read.head[1]->memory_bytes, 1'000'000);
  EXPECT_EQ(read.groups[0].cost.memory_bytes, 5'000'000'000);
  EXPECT_FALSE(read.layer[0]->memory_bytes);
  p.head[1]->memory_bytes.reset();
  EXPECT_FALSE(knows_memory(p));
}

TEST(ProfileFile, IsLoadedFromDisk) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "p.json", to_json(two_layers()).dump()));
  EXPECT_EQ(load(folder / "p.json").value().layer_names[1], "second");
  EXPECT_EQ(load(folder / "absent.json").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_file(folder / "bad.json", "{"));
  EXPECT_EQ(load(folder / "bad.json").error().code, ErrorCode::kCorrupt);
}

TEST(ProfileFile, EveryMemberIsNeeded) {
  const Json whole = to_json(two_layers());
  for (const auto& [key, value] : whole.items()) {
    Json without = whole;
    without.erase(key);
    const auto read = from_json(without);
    ASSERT_FALSE(read) << key;
    EXPECT_NE(read.error().message.find(key), std::string::npos) << read.error().message;
    Json mistyped = whole;
    mistyped[key] = Json::object();
    EXPECT_FALSE(from_json(mistyped)) << key;
  }
}

TEST(ProfileFile, RefusesContradictions) {
  const auto code_with = [](const char* pointer, const Json& value) {
    Json json = to_json(two_layers());
    json[Json::json_pointer(pointer)] = value;
    const auto read = from_json(json);
    return read ? std::optional<ErrorCode>() : read.error().code;
  };
  EXPECT_EQ(code_with("/format", "cleave-profile/2"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code_with("/head/1/median_ms", -1), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/head/1", 3), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/head/3", nullptr), ErrorCode::kCorrupt) << "a row too many";
  EXPECT_EQ(code_with("/layers", Json::array()), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/tail/0/samples", "many"), ErrorCode::kCorrupt);
  for (const Json& bad : {Json(-1), Json(1.5), Json(1e30), Json("much"), Json(nullptr), Json(true)})
    EXPECT_EQ(code_with("/head/1/memory_bytes", bad), ErrorCode::kCorrupt) << bad;
  EXPECT_FALSE(from_json(Json(3)));
  EXPECT_FALSE(from_json(Json::array()));
}

TEST(SumOfLayers, NeedsAllOfThem) {
  Profile p = two_layers();
  EXPECT_DOUBLE_EQ(sum_of_layers_ms(p).value(), 9.25);
  p.layer[1]->samples = 0;
  EXPECT_FALSE(sum_of_layers_ms(p));
  p.layer[1].reset();
  EXPECT_FALSE(sum_of_layers_ms(p));
  p.layer.clear();
  EXPECT_FALSE(sum_of_layers_ms(p));
}

// Work 10, 30, 60, 0: at boundaries 0 10 40 100 100.
TEST(Interpolate, IsLinearInTheWorkDone) {
  std::vector<std::optional<Cost>> costs{Cost{0, 0, 0, 1}, std::nullopt, std::nullopt, std::nullopt,
                                         Cost{20, 10, 40, 9}};
  interpolate(costs, {10, 30, 60, 0}, {1, 2, 3});
  EXPECT_DOUBLE_EQ(costs[1]->median_ms, 2);
  EXPECT_DOUBLE_EQ(costs[1]->p25_ms, 1);
  EXPECT_DOUBLE_EQ(costs[2]->median_ms, 8);
  EXPECT_DOUBLE_EQ(costs[2]->p75_ms, 16);
  EXPECT_DOUBLE_EQ(costs[3]->median_ms, 20);
  EXPECT_TRUE(costs[2]->interpolated());
}

TEST(Interpolate, RestsOnMeasuredNeighboursAndCutsAlone) {
  std::vector<std::optional<Cost>> costs{Cost{0, 0, 0, 1}, std::nullopt, Cost{6, 6, 6, 9},
                                         std::nullopt, Cost{20, 20, 20, 9}};
  interpolate(costs, {10, 30, 60, 60}, {2, 3});
  EXPECT_FALSE(costs[1]) << "no cut";
  EXPECT_DOUBLE_EQ(costs[2]->median_ms, 6);
  EXPECT_EQ(costs[2]->samples, 9) << "what was measured stays";
  EXPECT_DOUBLE_EQ(costs[3]->median_ms, 13);
  std::vector<std::optional<Cost>> no_work{Cost{0, 0, 0, 1}, std::nullopt, Cost{6, 6, 6, 9}};
  interpolate(no_work, {0, 0}, {1});
  EXPECT_DOUBLE_EQ(no_work[1]->median_ms, 3);
}

}  // namespace
}  // namespace cleave::profile
