#include "codec/calibrated_value.h"

#include <gtest/gtest.h>

namespace cleave::codec {
namespace {

Json file_of(std::vector<CalibratedValue> values) {
  return {{"format", "cleave-calibration/1"}, {"values", to_json(values)}};
}

const CalibratedValue kOne{
    {"a", DType::kF32, {1, 3, 4, 4}}, "quant:bits=8,range=minmax", Json::object()};

TEST(CalibratedValue, SurvivesJson) {
  CalibratedValue other = kOne;
  other.value.name = "b";
  const auto read = calibrated_values_from_json(file_of({kOne, other}));
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(to_json(*read), to_json(std::vector{kOne, other}));
  EXPECT_EQ(find_calibrated(*read, "b")->value.name, "b");
  EXPECT_EQ(find_calibrated(*read, "").error().message,
            "no value '' in the calibration, it has 'a', 'b'");
  EXPECT_TRUE(find_calibrated(std::span(*read).first(1), ""));
}

TEST(CalibratedValue, RefusesOtherFiles) {
  EXPECT_EQ(calibrated_values_from_json({{"format", "cleave-plan/1"}}).error().code,
            ErrorCode::kNotThisFormat);
  EXPECT_FALSE(calibrated_values_from_json(Json::array()));
  EXPECT_FALSE(calibrated_values_from_json({{"format", "cleave-calibration/1"}, {"values", 3}}));
  EXPECT_FALSE(calibrated_values_from_json(file_of({})));
  CalibratedValue bad = kOne;
  bad.codec = "quant:bits=99";
  const auto error = calibrated_values_from_json(file_of({bad}));
  ASSERT_FALSE(error);
  EXPECT_TRUE(error.error().message.starts_with("value 'a': ")) << error.error().message;
}

}  // namespace
}  // namespace cleave::codec
