#include "edge/choice.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "base/random.h"

namespace cleave::edge {
namespace {

using plan::Side;

/// Cuts after layers 2 and 5 of seven.
bundle::Manifest two_cuts() {
  bundle::Manifest manifest;
  manifest.name = "halves";
  manifest.model_sha256 = "abc";
  manifest.costs = bundle::WholeCosts{30, 1, 3, {1000, 0.1, 0.1}};
  for (const char* id : {"5", "2"}) {
    bundle::CutEntry cut;
    cut.id = id;
    cut.costs = bundle::CutCosts{10, 2, {500, 0.1, 0.1}};
    manifest.cuts.push_back(cut);
  }
  return manifest;
}

plan::TableEntry split_at(int layer) {
  return {"split after " + std::to_string(layer),
          {{1, layer, Side::kDevice}, {layer + 1, 7, Side::kCloud}}};
}

/// A table of twelve points that chooses each of the schedules.
plan::PlanTable table_of(std::vector<plan::TableEntry> schedules) {
  plan::PlanTable table;
  table.model_sha256 = "abc";
  table.layers = 7;
  table.up_mbps = {1, 1000, 4};
  table.load = {1, 9, 3};
  table.schedules = std::move(schedules);
  table.choices.resize(12);
  for (std::size_t i = 0; i < table.choices.size(); ++i)
    table.choices[i] = static_cast<std::uint16_t>(i % table.schedules.size());
  return table;
}

// Every way of two_cuts(), stretches of two groups among them.
const std::vector<plan::TableEntry> kRunnable{
    {"device-only", {{1, 7, Side::kDevice}}},
    {"cloud-only", {{1, 3, Side::kCloud}, {4, 7, Side::kCloud}}},
    split_at(2),
    {"split after 5", {{1, 2, Side::kDevice}, {3, 5, Side::kDevice}, {6, 7, Side::kCloud}}},
    {"none", {}}};
// 0 is cloud-only, 1 the cut at 5, 2 that at 2, 3 device-only, also where nothing keeps the limits.
constexpr std::array<std::size_t, 5> kWays{3, 0, 2, 1, 3};

std::string refusal(const plan::PlanTable& table, const bundle::Manifest& manifest) {
  const auto choice = look_up(table, manifest);
  if (choice) return "";
  EXPECT_EQ(choice.error().code, ErrorCode::kInvalidArgument);
  return choice.error().message;
}

TEST(LookUp, TakesTheWayOfTheNearestPoint) {
  const bundle::Manifest manifest = two_cuts();
  const plan::PlanTable table = table_of(kRunnable);
  const auto choice = look_up(table, manifest);
  ASSERT_TRUE(choice) << choice.error().to_string();
  Random random(1);
  for (std::size_t l = 0; l < table.load.points; ++l) {
    for (std::size_t r = 0; r < table.up_mbps.points; ++r) {
      Conditions now;
      now.link.up_mbps = table.up_mbps.at(r) * random.uniform(0.8, 1.25);
      now.load = table.load.at(l) * random.uniform(0.8, 1.25);
      const auto way = (*choice)->way({}, now);
      ASSERT_TRUE(way);
      EXPECT_EQ(*way, kWays[table.choices[l * table.up_mbps.points + r]]) << l << ' ' << r;
    }
  }
}

TEST(LookUp, RefusesATableOfSomethingElse) {
  const bundle::Manifest manifest = two_cuts();
  const auto refused = [&](const std::function<void(plan::PlanTable&, bundle::Manifest&)>& spoil) {
    plan::PlanTable table = table_of(kRunnable);
    bundle::Manifest spoilt = manifest;
    spoil(table, spoilt);
    return refusal(table, spoilt);
  };
  EXPECT_EQ(refused([](auto&, auto&) {}), "");
  EXPECT_NE(refused([](auto& t, auto&) { t.model_sha256 = "def"; }).find("SHA-256"), -1UL);
  EXPECT_NE(refused([](auto& t, auto&) { t.training = true; }).find("training"), -1UL);
  EXPECT_NE(refused([](auto&, auto& m) { m.costs.reset(); }).find("no costs"), -1UL);
  EXPECT_NE(refused([](auto&, auto& m) { m.cuts[1].costs.reset(); }).find("no costs"), -1UL);
}

TEST(LookUp, SaysWhatTheBundleLacksAndHowToAddIt) {
  const plan::PlanTable table = table_of({split_at(6), split_at(2), split_at(3)});
  const std::string message = refusal(table, two_cuts());
  EXPECT_NE(message.find("'split after 6', 'split after 3', which bundle 'halves' lacks"), -1UL)
      << message;
  EXPECT_NE(message.find("--at 5 --at 2 --at 3 --at 6"), -1UL) << message;
}

TEST(LookUp, RefusesWhatNoBundleCanRun) {
  const plan::TableEntry comes_back{"comes back",
                                    {{1, 2, Side::kDevice}, {3, 5, Side::kCloud}, {6, 7, {}}}};
  const plan::TableEntry goes_down{"goes down", {{1, 2, Side::kCloud}, {3, 7, Side::kDevice}}};
  for (const plan::TableEntry& entry : {comes_back, goes_down})
    EXPECT_NE(refusal(table_of({entry}), two_cuts()).find("no bundle can run"), -1UL);
}

TEST(LookUp, AsksNothingOfSchedulesThatNoPointChooses) {
  plan::PlanTable table = table_of({kRunnable.front()});
  table.schedules.push_back(split_at(3));
  EXPECT_EQ(refusal(table, two_cuts()), "");
}

}  // namespace
}  // namespace cleave::edge
