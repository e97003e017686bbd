#include "plan/codec_choices.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/random.h"

namespace cleave::plan {
namespace {

std::vector<CodecChoice> two() {
  return {{"raw", {{"a", {{4000, 0.1, 0.2}, 0}}, {"b", {{8000, 0.2, 0.3}, 0}}}},
          {"quant:bits=2", {{"a", {{250, 0.3, 0.2}, 0.3}}, {"b", {{500, 0.4, 0.3}, 0.02}}}}};
}

TEST(CodecChoices, GoRoundThroughAFile) {
  const TemporaryFolder folder;
  const Json json = to_json(two());
  ASSERT_TRUE(write_file(folder / "c.json", json.dump()));
  const auto read = load_codec_choices(folder / "c.json");
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(to_json(*read), json);
}

TEST(CodecChoices, LossLeavesValuesOut) {
  EXPECT_EQ(values_within(two()[1], 1).size(), 2u);
  const auto some = values_within(two()[1], 0.1);
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some.at("b").payload_bytes, 500);
  EXPECT_EQ(values_within(two()[0], 0).size(), 2u) << "a loss of exactly the most is kept";
}

TEST(CodecChoices, WhatIsWrongIsNamed) {
  const auto message_with = [](const char* pointer, const Json& value) {
    Json json = to_json(two());
    json[Json::json_pointer(pointer)] = value;
    const auto read = codec_choices_from_json(json);
    return read ? std::string() : read.error().message;
  };
  const auto names = [](const std::string& message, std::string_view part) {
    return message.find(part) != std::string::npos;
  };
  EXPECT_TRUE(names(message_with("/format", "cleave-codecs/2"), "cleave-codecs/2"));
  EXPECT_TRUE(names(message_with("/codecs", Json::array()), "empty"));
  EXPECT_TRUE(names(message_with("/codecs/0/values/0/bytes", -1), "value 'a' of 'raw'"));
  EXPECT_TRUE(names(message_with("/codecs/0/values/0/loss", "low"), "loss"));
  EXPECT_TRUE(names(message_with("/codecs/0/values/1/name", "a"), "twice"));
  EXPECT_TRUE(names(message_with("/codecs/0/values/0/price", 1), "price"));
  EXPECT_TRUE(names(message_with("/codecs/0/values", 3), "expected a list"));
  EXPECT_FALSE(codec_choices_from_json(Json::array()));
}

TEST(CodecChoices, EachValueIsSentByTheCheaper) {
  Problem problem;
  problem.device.slowdown = 10;
  problem.link = *parse_link("link:up=8,down=8,rtt=0");  // 1000 bytes a ms
  // Raw a: 4 + 1 + 0.2 ms; two bits: 0.25 + 3 + 0.2. Raw b: 10.3; two bits: 4.8.
  const MixedChoice fast = cheaper_values(problem, Objective::kLatency, two()[0], two()[1]);
  EXPECT_EQ(fast.choice.codec, "raw");
  EXPECT_EQ(fast.second, (std::set<std::string>{"a", "b"}));
  problem.device.slowdown = 30;  // 7.2 against 9.45, and 14.3 against 12.8
  const MixedChoice mixed = cheaper_values(problem, Objective::kLatency, two()[0], two()[1]);
  EXPECT_EQ(mixed.second, std::set<std::string>{"b"});
  EXPECT_EQ(mixed.choice.values.at("a").cost.payload_bytes, 4000);
  EXPECT_EQ(cheaper_values(problem, Objective::kBytes, two()[0], two()[1]).second.size(), 2u);
  EXPECT_TRUE(cheaper_values(problem, Objective::kLatency, two()[0], two()[0]).second.empty())
      << "equals stay";
  const CodecChoice none{"none", {}};
  EXPECT_EQ(cheaper_values(problem, Objective::kLatency, none, two()[0]).second.size(), 2u);
}

TEST(CodecChoices, AMixIsNeverDearerThanEither) {
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    Problem problem;
    problem.device.slowdown = random.uniform(1, 20);
    problem.link = *parse_link("4g");
    const auto draw = [&](const char* codec) {
      CodecChoice choice{codec, {}};
      for (const char* name : {"a", "b", "c"})
        choice.values.emplace(
            name,
            CodedValue{{random.uniform(0, 1e5), random.uniform(0, 3), random.uniform(0, 3)}, 0});
      return choice;
    };
    const CodecChoice first = draw("raw");
    const CodecChoice second = draw("b");
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy, Objective::kBytes}) {
      const MixedChoice mixed = cheaper_values(problem, objective, first, second);
      for (const auto& [name, value] : mixed.choice.values) {
        const double cost = sending_cost(problem, value.cost, objective);
        EXPECT_LE(cost, sending_cost(problem, first.values.at(name).cost, objective));
        EXPECT_LE(cost, sending_cost(problem, second.values.at(name).cost, objective));
      }
    }
  }
}

}  // namespace
}  // namespace cleave::plan
