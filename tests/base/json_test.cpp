#include "base/json.h"

#include <gtest/gtest.h>

namespace cleave {
namespace {

std::string nested(int levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(ParseJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(parse_json(R"({"z":1,"a":[2,null]})", "test").value().dump(),
            R"({"z":1,"a":[2,null]})");
}

TEST(ParseJson, RefusesTooDeepNesting) {
  EXPECT_TRUE(parse_json(nested(64), "test"));
  EXPECT_EQ(parse_json(nested(65), "test").error().code, ErrorCode::kCorrupt);
  // Deep enough to exhaust the stack of a parser that recursed.
  EXPECT_FALSE(parse_json(nested(1'000'000), "test"));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '['), "test"));
}

/// Keys are kept in order, in a list: millions of them in one object would take hours to read.
TEST(ParseJson, RefusesObjectsOfVeryManyMembers) {
  const auto object = [](int members) {
    std::string text = "{";
    for (int i = 0; i < members; ++i)
      text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":[{\"a:b\":1}]";
    return text + "}";
  };
  EXPECT_TRUE(parse_json(object(512), "test"));
  EXPECT_EQ(parse_json(object(513), "test").error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(parse_json(object(1'000'000), "test"));
}

TEST(DumpJson, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(dump_json(Json{{"name", "a\xff"}}), "{\"name\":\"a\xEF\xBF\xBD\"}");
}

TEST(ParseJson, BracketsInTextsDoNotCount) {
  const std::string text = "\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"";
  EXPECT_TRUE(parse_json(text, "test"));
}

TEST(ParseJson, ErrorsNameThePlaceAndTheByte) {
  const Error error = parse_json("{\"a\": ?}", "here").error();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_EQ(error.place, "here");
  EXPECT_NE(error.message.find("byte 7"), std::string::npos) << error.message;
  for (const char* text : {"", "{", "[1,]", "{} {}", "nul", "\"\xff\"", "1e999999"})
    EXPECT_FALSE(parse_json(text, "test")) << text;
}

TEST(JsonGet, TellsMissingFromMistyped) {
  const Json json = parse_json(R"({"n":3,"s":"x","l":[1,2]})", "test").value();
  EXPECT_EQ(json_get<int>(json, "n", "test").value(), 3);
  EXPECT_EQ(json_get<std::vector<int>>(json, "l", "test").value(), (std::vector{1, 2}));
  EXPECT_EQ(json_get<int>(json, "absent", "test").error().message, "member 'absent' is missing");
  const Error mistyped = json_get<int>(json, "s", "test").error();
  EXPECT_EQ(mistyped.code, ErrorCode::kCorrupt);
  EXPECT_NE(mistyped.message.find("'s' is string"), std::string::npos) << mistyped.message;
  EXPECT_FALSE(json_get<std::vector<std::string>>(json, "l", "test"));
  EXPECT_FALSE(json_get<int>(json["l"], "n", "test"));
}

TEST(JsonGet, NumbersKeepTheirValue) {
  const Json json =
      parse_json(R"({"half":0.5,"yes":true,"big":5000000000,"huge":18446744073709551615,"n":-1})",
                 "test")
          .value();
  EXPECT_FALSE(json_get<int>(json, "half", "test"));
  EXPECT_FALSE(json_get<int>(json, "yes", "test"));
  EXPECT_FALSE(json_get<double>(json, "yes", "test"));
  EXPECT_FALSE(json_get<bool>(json, "n", "test"));
  EXPECT_FALSE(json_get<int>(json, "big", "test"));
  EXPECT_EQ(json_get<std::int64_t>(json, "big", "test").value(), 5'000'000'000);
  EXPECT_FALSE(json_get<std::int64_t>(json, "huge", "test"));
  EXPECT_FALSE(json_get<std::uint64_t>(json, "n", "test"));
  EXPECT_EQ(json_get<double>(json, "n", "test").value(), -1);
  EXPECT_TRUE(json_get<bool>(json, "yes", "test").value());
}

TEST(JsonGetOr, FallsBackForAbsenceOnly) {
  const Json json{{"n", 3}, {"s", "x"}};
  EXPECT_EQ(json_get_or(json, "n", 7, "test").value(), 3);
  EXPECT_EQ(json_get_or(json, "absent", 7, "test").value(), 7);
  EXPECT_FALSE(json_get_or(json, "s", 7, "test"));
  EXPECT_FALSE(json_get_or(Json(3), "n", 7, "test"));
}

}  // namespace
}  // namespace cleave
