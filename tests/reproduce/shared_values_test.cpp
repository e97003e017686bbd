#include "reproduce/shared_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/folder.h"
#include "base/random.h"
#include "engine/openvino_engine.h"

namespace cleave::reproduce {
namespace {

TEST(SharedValues, MomentsAreThoseOfKnownNumbers) {
  // Half of a symmetric pair: variance 1, kurtosis 1.
  const std::array<float, 4> pair{-1, 1, -1, 1};
  const Spread s = spread_of(pair);
  EXPECT_EQ(s.mean, 0);
  EXPECT_EQ(s.deviation, 1);
  EXPECT_EQ(s.skewness, 0);
  EXPECT_EQ(s.excess_kurtosis, -2);
  EXPECT_EQ(s.within_3_sigma_percent, 100);
  // One of two hundred lies far out, to the right; it alone is beyond 2 and beyond 3 deviations.
  std::vector<float> far(200, 0);
  far[7] = 100;
  const Spread skewed = spread_of(far);
  EXPECT_GT(skewed.skewness, 10);
  EXPECT_GT(skewed.excess_kurtosis, 100);
  EXPECT_EQ(skewed.within_3_sigma_percent, 99.5);
  EXPECT_EQ(skewed.within_2_percent, 99.5);
  EXPECT_EQ(skewed.zeros_percent, 99.5);
  const std::array<float, 3> constant{5, 5, 5};
  EXPECT_EQ(spread_of(constant).skewness, 0);
}

TEST(SharedValues, ANormalVariableIsFoundNormalAndARectifiedOneIsNot) {
  Random random(1);
  std::vector<float> normal(20000);
  for (float& value : normal) value = static_cast<float>(random.normal());
  const Spread s = spread_of(normal);
  EXPECT_NEAR(s.within_3_sigma_percent, 99.73, 0.15);
  EXPECT_NEAR(s.within_2_percent, 95.45, 0.5);
  EXPECT_NEAR(s.skewness, 0, 0.1);
  EXPECT_NEAR(s.excess_kurtosis, 0, 0.2);
  for (float& value : normal) value = std::max(value, 0.0F);
  const Spread rectified = spread_of(normal);
  EXPECT_NEAR(rectified.zeros_percent, 50, 2);
  EXPECT_GT(rectified.skewness, 1);
}

TEST(SharedValues, TrainedNetworksAreLookedAt) {
  const char* folder = std::getenv("CLEAVE_DATA");
  if (folder == nullptr) GTEST_SKIP() << "CLEAVE_DATA not found";
  const auto engine = engine::make_openvino_engine();
  const ValueStudy study = study_values(folder, *engine).value();
  ASSERT_EQ(study.rows.size(), study.figure.panels.size());
  for (std::size_t i = 0; i < study.rows.size(); ++i) {
    const Spread& s = study.rows[i].spread;
    EXPECT_GT(s.within_3_sigma_percent, 95) << study.rows[i].place;
    EXPECT_EQ(s.zeros_percent > 10, study.rows[i].place.starts_with("rectifier"));
    // Bins hold what lies within five deviations: about all, of the values and of the curve.
    for (const Series& series : study.figure.panels[i].series) {
      double sum = 0;
      for (const double percent : series.values) sum += percent;
      EXPECT_GT(sum, 98) << series.title;
      EXPECT_LT(sum, 100.01) << series.title;
    }
  }
}

TEST(SharedValues, WithoutPhotosSaysSo) {
  const TemporaryFolder folder;
  const auto engine = engine::make_openvino_engine();
  const auto study = study_values(folder.path(), *engine);
  ASSERT_FALSE(study);
  EXPECT_EQ(study.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cleave::reproduce
