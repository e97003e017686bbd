#include "plan/codec_choices.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"

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

}  // namespace
}  // namespace cleave::plan
