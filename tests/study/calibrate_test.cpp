#include "study/calibrate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/folder.h"
#include "base/random_tensor.h"
#include "bundle/support.h"
#include "data/subset.h"
#include "graph/builder.h"
#include "study/pictures.h"
#include "study/sensitivity.h"

namespace cleave::study {
namespace {

using bundle::tiny;

constexpr int kCut = 5;

std::vector<std::vector<Tensor>> samples_for(const graph::Model& model, int count) {
  std::vector<std::vector<Tensor>> samples;
  for (int i = 0; i < count; ++i)
    samples.push_back(random_tensors(model.inputs(), static_cast<std::uint64_t>(100 + i)));
  return samples;
}

CutTrial trial_of(const graph::Model& model, int count) {
  const auto samples = samples_for(model, count);
  auto trial =
      CutTrial::create(model, **model.find_cut(std::to_string(kCut)), test_engine(), samples);
  EXPECT_TRUE(trial) << trial.error().to_string();
  return *std::move(trial);
}

TEST(CutTrial, UnchangedValuesGiveTheUncutAnswer) {
  const graph::Model model = tiny();
  CutTrial trial = trial_of(model, 6);
  const auto results =
      trial.run([](std::size_t, std::vector<Tensor>&) -> Result<double> { return 7.0; });
  ASSERT_TRUE(results) << results.error().to_string();
  const TrialSummary summary = summarize_trial(*results);
  EXPECT_EQ(summary.bytes.value, 7);
  EXPECT_EQ(summary.accuracy.agreement->value, 1);
  EXPECT_LT(summary.accuracy.kl_nats->value, 1e-9);
}

TEST(CutTrial, CoarserCodesAreFurtherOff) {
  const graph::Model model = tiny();
  CutTrial trial = trial_of(model, 6);
  double last = -1;
  for (const char* spec : {"raw", "quant:bits=8", "quant:bits=2"}) {
    const std::vector<codec::Codec> codecs{*codec::Codec::create(spec)};
    const auto results = trial.run(codecs);
    ASSERT_TRUE(results) << results.error().to_string();
    const double kl = summarize_trial(*results).accuracy.kl_nats->value;
    EXPECT_GE(kl, last) << spec;
    last = kl;
  }
  EXPECT_GT(last, 1e-6);
}

/// The head's own output, one that never changes, and one that says all.
graph::Model three_outputs() {
  graph::Builder b(13, 7);
  b.input("x", {1, 8}).node("Sin", {"x"}, {"a"}).output("a");
  b.node("Sub", {"a", "a"}, {"nothing"}).output("nothing");
  b.node("Cos", {"a"}, {"all"}).output("all");
  return graph::Model::parse(b.bytes()).value();
}

TEST(CutTrial, JudgesEveryOutputOfTheTail) {
  const graph::Model model = three_outputs();
  const auto samples = samples_for(model, 4);
  auto trial = CutTrial::create(model, **model.find_cut("a"), test_engine(), samples);
  ASSERT_TRUE(trial) << trial.error().to_string();
  EXPECT_EQ(trial->kind(), OutputKind::kPicture);
  EXPECT_TRUE(trial->judge().joins());
  const auto moved = trial->run([](std::size_t, std::vector<Tensor>& values) -> Result<double> {
    for (float& value : values[0].as<float>()) value += 0.1F;
    return 1.0;
  });
  ASSERT_TRUE(moved) << moved.error().to_string();
  const auto psnr = summarize_trial(*moved).accuracy.psnr_db;
  ASSERT_TRUE(psnr);
  EXPECT_GT(psnr->value, 5);
  EXPECT_LT(psnr->value, 40);
}

TEST(CodecFamily, FindsWhatTryingAllFinds) {
  const graph::Model model = tiny();
  CutTrial fit = trial_of(model, 4);
  CutTrial score = trial_of(model, 160);  // more than are looked at first
  const CodecFamily family{"quant",
                           {"quant:bits=1", "quant:bits=2", "quant:bits=3", "quant:bits=4",
                            "quant:bits=5", "quant:bits=6", "quant:bits=7", "quant:bits=8"}};
  std::vector<double> kls;
  for (const std::string& spec : family.specs) {
    const auto results = score.run(*calibrated_codecs(spec, fit));
    kls.push_back(summarize_trial(*results).accuracy.kl_nats->value);
  }
  ASSERT_TRUE(std::ranges::is_sorted(kls, std::greater()));
  for (std::size_t i = 0; i < kls.size(); ++i) {
    const auto found = try_family(family, fit, score, kl_at_most(kls[i] * 1.01));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->spec, family.specs[i]);
    EXPECT_LE(found->bytes_at_limit, found->summary.bytes.value);
    EXPECT_GT(found->bytes_at_limit, 0.9 * found->summary.bytes.value);
  }
  EXPECT_EQ(try_family(family, fit, score, kl_at_most(kls.back() / 2))->spec, "");
}

/// Errors of the tail's own size in directions that the gram calls heavy move the answer more.
TEST(Sensitivity, HeavyDirectionsMoveTheAnswerMore) {
  const graph::Model model = tiny();
  CutTrial trial = trial_of(model, 8);
  const auto found =
      measure_sensitivity(trial, 0, codec::ChannelAxis::kBeforePlane, {.samples = 8});
  ASSERT_TRUE(found) << found.error().to_string();
  const auto again =
      measure_sensitivity(trial, 0, codec::ChannelAxis::kBeforePlane, {.samples = 8});
  EXPECT_EQ(found->gram, again->gram);
  int heavy = 0;
  int light = 0;
  for (int c = 0; c < found->channels; ++c) {
    const auto weight = [&](int k) { return found->gram[k * found->channels + k]; };
    EXPECT_GE(weight(c), 0);
    if (weight(c) > weight(heavy)) heavy = c;
    if (weight(c) < weight(light)) light = c;
  }
  const auto kl_of = [&](int channel) {
    const auto results = trial.run([&](std::size_t, std::vector<Tensor>& values) -> Result<double> {
      const codec::Planes planes =
          codec::planes_of(values[0].shape(), codec::ChannelAxis::kBeforePlane);
      for (std::int64_t p = 0; p < planes.pixels(); ++p)
        values[0].as<float>()[channel * planes.pixels() + p] += p % 2 == 0 ? 0.05F : -0.05F;
      return 0.0;
    });
    return summarize_trial(*results).accuracy.kl_nats->value;
  };
  EXPECT_GT(kl_of(heavy), kl_of(light));
}

/// Calibrates on the first half of so many pictures and scores on the second.
Result<Calibration> calibrate_tiny(const graph::Model& model, std::size_t count,
                                   CalibrationOptions options) {
  const data::Dataset set = synthetic_pictures(count);
  const auto preprocess = *data::Preprocess::guess(model.inputs().front());
  const data::Halves halves = data::shuffled_halves(count, 1);
  options.compare = false;
  return calibrate_cut(model, **model.find_cut(std::to_string(kCut)), test_engine(),
                       {set, halves.calibration, preprocess, {}},
                       {set, halves.scoring, preprocess, {}}, options);
}

CalibrationOptions kl_limit(double nats) {
  CalibrationOptions options;
  options.limit.kl_nats = nats;
  return options;
}

TEST(Calibrate, KeepsToItsLimitWhereItWasFitted) {
  const auto found = calibrate_tiny(tiny(), 24, kl_limit(1e-3));
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->fitted.summary.bytes.samples, 12U);
  EXPECT_LE(found->fitted.summary.accuracy.kl_nats->value, 1e-3);
  ASSERT_EQ(found->values.size(), 1U);
  EXPECT_TRUE(codec::Codec::create(found->values[0].codec, found->values[0].calibration));
  EXPECT_LT(found->fitted.summary.bytes.value,
            known_bytes(std::span(&found->values[0].value, 1)) / 4);
}

TEST(Calibrate, SaysWhatItCannotMeasure) {
  EXPECT_EQ(calibrate_tiny(tiny(), 15, kl_limit(1e-3)).error().message,
            "7 pictures, expected 8 or more on either side");
  CalibrationOptions psnr;
  psnr.limit.psnr_db = 30;
  EXPECT_EQ(calibrate_tiny(tiny(), 16, psnr).error().code, ErrorCode::kInvalidArgument);
}

TEST(Calibrate, ABundleTakesWhatWasFound) {
  const graph::Model model = tiny();
  const auto found = calibrate_tiny(model, 16, kl_limit(1e-2));
  ASSERT_TRUE(found) << found.error().to_string();
  const TemporaryFolder folder;
  bundle::WriteRequest request = bundle::request_for(model, "raw", {kCut});
  request.cuts[0].calibrated = found->values;
  ASSERT_TRUE(bundle::write_bundle(model, test_engine(), request, folder / "b"));
  const auto written = bundle::Bundle::load(folder / "b");
  ASSERT_TRUE(written);
  const bundle::CrossingValue& crossing = written->default_cut().crossing.front();
  EXPECT_TRUE(crossing.codec.starts_with("cleave:")) << crossing.codec;
  EXPECT_EQ(crossing.calibration, found->values[0].calibration);
}

}  // namespace
}  // namespace cleave::study
