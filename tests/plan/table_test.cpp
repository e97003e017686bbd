#include "plan/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/file.h"
#include "base/folder.h"
#include "base/random.h"

namespace cleave::plan {
namespace {

PlanTable small() {
  PlanTable t;
  t.model_sha256 = "abc";
  t.layers = 3;
  t.objective = Objective::kEnergy;
  t.up_mbps = {0.5, 8, 3};
  t.load = {1, 4, 2};
  t.down_over_up = 2;
  t.rtt_ms = 20;
  t.schedules = {{"device-only", {{1, 3, Side::kDevice}}},
                 {"split", {{1, 1, Side::kDevice}, {2, 3, Side::kCloud}}},
                 {"none", {}}};
  t.choices = {0, 1, 1, 0, 0, 2};
  return t;
}

TEST(GeometricAxis, NearestIsNearestByRatio) {
  const GeometricAxis axis{0.25, 128, 10};
  EXPECT_DOUBLE_EQ(axis.at(0), 0.25);
  EXPECT_DOUBLE_EQ(axis.at(9), 128);
  EXPECT_DOUBLE_EQ(axis.at(1), 0.5);
  Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::exp(random.uniform(-3, 7));
    std::size_t best = 0;
    for (std::size_t k = 0; k < axis.points; ++k)
      if (std::abs(std::log(value / axis.at(k))) < std::abs(std::log(value / axis.at(best))))
        best = k;
    ASSERT_EQ(axis.nearest(value), best) << value;
  }
  for (const double odd : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_EQ(axis.nearest(odd), 0u);
  EXPECT_EQ(axis.nearest(std::numeric_limits<double>::infinity()), 9u);
  EXPECT_EQ((GeometricAxis{3, 3, 1}.nearest(7)), 0u);
}

TEST(PlanTable, LooksUpTheNearestPoint) {
  const PlanTable t = small();
  EXPECT_EQ(t.lookup(0.1, 1).name, "device-only");
  EXPECT_EQ(t.lookup(2, 1).name, "split");
  EXPECT_EQ(t.lookup(2, 3.9).name, "device-only");
  EXPECT_EQ(t.lookup(100, 100).name, "none");
}

TEST(PlanTable, GoesRoundThroughAFile) {
  const TemporaryFolder folder;
  for (const bool training : {false, true}) {
    PlanTable table = small();
    table.training = training;
    const Json json = to_json(table);
    ASSERT_TRUE(write_file(folder / "t.json", json.dump()));
    const auto read = load_table(folder / "t.json");
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->training, training);
    EXPECT_EQ(to_json(*read), json);
  }
}

TEST(PlanTable, RefusesContradictions) {
  const auto code_with = [](const char* pointer, const Json& value) {
    Json json = to_json(small());
    json[Json::json_pointer(pointer)] = value;
    const auto read = table_from_json(json);
    return read ? std::optional<ErrorCode>() : read.error().code;
  };
  EXPECT_EQ(code_with("/format", "cleave-table/2"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code_with("/choices/0", 3), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/choices", Json::array({0, 1})), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/up_mbps/first", 0), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/up_mbps/points", 0), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/load/points", 1'000'000), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/schedules", Json::array()), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/schedules/1/groups/1/first", 3), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/up_mbps/first", 1e-320), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/layers", 4), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/down_over_up", 0), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/rtt_ms", -1), ErrorCode::kCorrupt);
  EXPECT_EQ(code_with("/schedules/1/groups/1/where", "moon"), ErrorCode::kCorrupt);
  const Json whole = to_json(small());
  for (const auto& [key, value] : whole.items()) {
    Json without = whole;
    without.erase(key);
    EXPECT_FALSE(table_from_json(without)) << key;
  }
}

}  // namespace
}  // namespace cleave::plan
