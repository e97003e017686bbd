#include "study/codec_sweep.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/file.h"
#include "base/folder.h"
#include "bundle/support.h"
#include "data/subset.h"
#include "study/calibration_files.h"
#include "study/pictures.h"
#include "study/split_request.h"

namespace cleave::study {
namespace {

class Sweep : public testing::Test {
 protected:
  Sweep() {
    options_.families.clear();
    options_.cleave = options_.uncalibrated = options_.pictures = false;
  }

  EvalData part(std::size_t first) const {
    return {set_, {first, first + 1, first + 2, first + 3}, preprocess_, {}};
  }

  Result<CutSweep> sweep(const std::string& cut) {
    return sweep_cut(model_, **model_.find_cut(cut), test_engine(), part(0), part(4), options_,
                     clock_);
  }

  const graph::Model model_ = bundle::tiny();
  const data::Dataset set_ = synthetic_pictures(8);
  const data::Preprocess preprocess_ = *data::Preprocess::guess(model_.inputs().front());
  SweepOptions options_;
  SteadyClock clock_;
};

TEST_F(Sweep, PointsAreWhatCodecsDo) {
  options_.families = {{"quant a", {"quant:bits=2|zstd", "quant:bits=8|zstd"}},
                       {"quant b", {"quant:bits=8"}}};
  const auto found = sweep("5");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_TRUE(found->refused.empty());
  ASSERT_EQ(found->points.size(), 3U);
  const auto kl = [&](int i) { return found->points[i].summary.accuracy.kl_nats->value; };
  EXPECT_GT(kl(0), kl(1));
  EXPECT_EQ(found->points[2].summary.bytes.value, 32 * 16 * 16 + 8 + 14);
  EXPECT_EQ(standard_error(found->points[2].summary.bytes), 0);
  EXPECT_EQ(found->points[0].summary.bytes.samples, 4U);
  EXPECT_GT(found->points[0].encode_ms, 0);
  EXPECT_EQ(found->uncut.agreement->value, 1);
  // Of one kind: eight bits with zstd beat those without.
  EXPECT_EQ(rates_of(found->points, "quant").size(), 3U);
  EXPECT_EQ(front_of(found->points, "quant").size(), 2U);
}

TEST_F(Sweep, WhatRefusesIsNamedOnce) {
  options_.families = {{"bad", {"zstd|quant:bits=8", "raw"}}, {"good", {"raw"}}};
  const auto found = sweep("14");
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->refused.size(), 1U);
  EXPECT_TRUE(found->refused.front().starts_with("bad: ")) << found->refused.front();
  ASSERT_EQ(found->points.size(), 1U);
  EXPECT_EQ(found->points.front().family, "good");
  EXPECT_EQ(found->points.front().summary.accuracy.agreement->value, 1);
}

TEST_F(Sweep, FinerStepsAreNearer) {
  options_.uncalibrated = true;
  const auto found = sweep("5");
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_GT(found->points.size(), 4U);
  const auto& first = found->points.front().summary;
  const auto& last = found->points.back().summary;
  EXPECT_LT(first.bytes.value, last.bytes.value);
  EXPECT_GT(first.accuracy.kl_nats->value, last.accuracy.kl_nats->value);
}

TEST_F(Sweep, PicturesGoThroughTheWholeNetwork) {
  EXPECT_TRUE(sweep_pictures(model_, test_engine(), part(4), options_, clock_)->empty());
  options_.pictures = true;
  const auto points = sweep_pictures(model_, test_engine(), part(4), options_, clock_);
  ASSERT_TRUE(points) << points.error().to_string();
  for (const std::string_view kind : {kJpegPicture, kWebpPicture}) {
    const auto rates = rates_of(*points, kind);
    ASSERT_GT(rates.size(), 4U);
    EXPECT_LT(rates.front().bytes, rates.back().bytes);
    EXPECT_LT(rates.front().quality, rates.back().quality);
  }
}

TEST(CutsToSweep, TakesTheFirstOfEverySize) {
  const graph::Model model = bundle::tiny();
  const CutsToSweep choice = cuts_to_sweep(model);
  std::vector<std::string> ids;
  for (const graph::Cut* cut : choice.cuts) ids.push_back(cut->id());
  EXPECT_EQ(ids, (std::vector<std::string>{"1", "5", "13"}));
  EXPECT_EQ(choice.several_values, 6U);
  EXPECT_EQ(choice.cuts.size() + choice.several_values + choice.not_smaller + choice.not_coded,
            model.cuts().size());
}

/// A calibration of one value, coded by `raw`.
Json calibration(const std::string& value, const Shape& shape) {
  const std::vector<codec::CalibratedValue> values{{{value, DType::kF32, shape}, "raw", {}}};
  Json json{{"format", codec::kCalibrationFormat}, {"values", codec::to_json(values)}};
  json["values"][0]["calibration"] = Json::object();
  return json;
}

TEST(CalibrationFiles, BelongToTheNetwork) {
  const graph::Model model = bundle::tiny();
  const TemporaryFolder folder;
  const auto load = [&](const Json& json) {
    EXPECT_TRUE(write_file(folder / "c.json", json.dump()));
    return load_calibrations(model, std::vector<std::string>{(folder / "c.json").string()});
  };
  const Json good = calibration("pool1", {1, 32, 16, 16});
  ASSERT_TRUE(load(good)) << load(good).error().to_string();
  EXPECT_EQ(load(good)->front().value.name, "pool1");
  Json other = good;
  other["model_sha256"] = std::string(64, 'a');
  EXPECT_TRUE(load(other).error().message.contains("another network"));
  EXPECT_TRUE(load(calibration("relu_66", {1, 2})).error().message.contains("crosses no cut"));
  EXPECT_TRUE(load(calibration("pool1", {1, 32, 8, 8})).error().message.contains("1x32x16x16"));
  ASSERT_TRUE(load(good));
  ASSERT_TRUE(write_file(folder / "device.json", "{\"format\": \"cleave-profile/1\"}"));
  const std::vector<std::string> twice{folder.path().string(), (folder / "c.json").string()};
  EXPECT_EQ(load_calibrations(model, std::span(twice).first(1))->size(), 1U);
  EXPECT_TRUE(load_calibrations(model, twice).error().message.contains("expected one of them"));
}

TEST(SplitOfPlan, IsTheScheduleOrTheBestSplit) {
  const graph::Model model = bundle::tiny();
  const std::string bytes = *model.to_bytes();
  Json plan{{"format", "cleave-plan/1"},
            {"model_sha256", sha256_hex(as_bytes(bytes))},
            {"codec", "raw"},
            {"calibrated", calibration("pool1", {1, 32, 16, 16})["values"]},
            {"ranking",
             {{{"strategy", "device-only"}, {"cut", 15}}, {{"strategy", "split"}, {"cut", 9}}}},
            {"schedule",
             {{"steps",
               {{{"where", "device"}, {"first", 1}, {"last", 5}},
                {{"to", "cloud"}},
                {{"where", "cloud"}, {"first", 6}, {"last", 15}}}}}}};
  const auto split = split_of_plan(plan, model);
  ASSERT_TRUE(split) << split.error().to_string();
  EXPECT_EQ(split->cut, "5");
  EXPECT_TRUE(split->best);
  EXPECT_EQ(split->codec, "raw");
  ASSERT_EQ(split->calibrated.size(), 1U);
  plan["schedule"]["steps"][0]["where"] = "cloud";
  const auto beside = split_of_plan(plan, model);
  EXPECT_EQ(beside->cut, "9");
  EXPECT_FALSE(beside->best);
  plan["ranking"].erase(1);
  EXPECT_EQ(split_of_plan(plan, model).error().code, ErrorCode::kNotFound);
  plan["model_sha256"] = std::string(64, 'b');
  EXPECT_TRUE(split_of_plan(plan, model).error().message.contains("another network"));
  EXPECT_EQ(split_of_plan(Json::array(), model).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace cleave::study
