#include <gtest/gtest.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/file.h"
#include "base/random_tensor.h"
#include "bundle/support.h"
#include "codec/packet.h"
#include "data/image.h"
#include "engine/intermediates.h"
#include "engine/type_inference.h"
#include "graph/builder.h"
#include "profile/measure.h"
#include "study/batch_problem.h"
#include "study/codec_costs.h"
#include "study/joined.h"
#include "study/machine.h"
#include "study/problem.h"
#include "study/refine.h"
#include "study/request_cost.h"
#include "study/samples.h"
#include "zoo/zoo.h"

namespace cleave::study {
namespace {

using bundle::Failing;
using bundle::forked;
using bundle::tiny;

std::vector<std::vector<Tensor>> noise(const graph::Model& model) {
  return bundle::request_for(model, "raw").samples;
}

/// Bytes of the cut's packets, each sample encoded directly; the mean.
double direct_bytes(const graph::Model& model, const graph::Cut& cut, std::string_view spec) {
  const auto samples = noise(model);
  double bytes = 0;
  for (const TensorSpec& value : cut.values) {
    std::vector<Tensor> seen;
    for (const auto& inputs : samples)
      seen.push_back(
          engine::intermediate_values(model, test_engine(), {}, inputs).value().at(value.name));
    const Json calibration = codec::Codec::calibrate(spec, seen).value();
    const auto codec = codec::Codec::create(spec, calibration).value();
    for (const Tensor& t : seen)
      bytes += static_cast<double>(codec::encode_bound(codec, t).value().size());
  }
  return bytes / static_cast<double>(samples.size());
}

TEST(CodecCosts, BytesAreThoseOfTheEncodedValues) {
  ManualClock clock;
  const graph::Model model = tiny();
  for (const char* spec : {"raw", "quant:bits=4|zstd:level=3"}) {
    const auto table = measure_codec_costs(model, test_engine(), spec, noise(model), clock);
    ASSERT_TRUE(table) << table.error().to_string();
    for (std::size_t i = 0; i < model.cuts().size(); i += 4) {
      const graph::Cut& cut = model.cuts()[i];
      EXPECT_DOUBLE_EQ(
          cost_of_cut(cut, plan::values_within(*table, kAnyLoss)).value().payload_bytes,
          direct_bytes(model, cut, spec))
          << spec << " at cut " << cut.index;
    }
  }
}

TEST(CodecCosts, CountsEveryValueOfACut) {
  ManualClock clock;
  const graph::Model model = forked();
  const auto table = measure_codec_costs(model, test_engine(), "raw", noise(model), clock).value();
  std::size_t widest = 0;
  for (const graph::Cut& cut : model.cuts()) {
    widest = std::max(widest, cut.values.size());
    EXPECT_DOUBLE_EQ(cost_of_cut(cut, plan::values_within(table, kAnyLoss)).value().payload_bytes,
                     direct_bytes(model, cut, "raw"));
  }
  EXPECT_GT(widest, 1U);
}

/// Exporters write masks with -inf, which no quantiser takes: nobody can cut there, but elsewhere.
TEST(CodecCosts, CutsThatTheCodecRefusesAreLeftOut) {
  graph::Builder b(13, 7);
  b.input("x", {1, 4}).node("Sin", {"x"}, {"a"}).node("Log", {"zero"}, {"unused"});
  b.node("Sub", {"x", "x"}, {"zero"}).node("Log", {"zero"}, {"mask"});
  b.node("Exp", {"mask"}, {"open"}).node("Add", {"a", "open"}, {"y"}).output("y");
  const graph::Model model = graph::Model::parse(b.bytes()).value();
  ManualClock clock;
  const auto table = measure_codec_costs(model, test_engine(), "quant:bits=8", noise(model), clock);
  ASSERT_TRUE(table) << table.error().to_string();
  int left_out = 0;
  for (const graph::Cut& cut : model.cuts()) {
    const bool masked =
        std::ranges::find(cut.values, "mask", &TensorSpec::name) != cut.values.end();
    EXPECT_EQ(cost_of_cut(cut, plan::values_within(*table, kAnyLoss)).has_value(), !masked)
        << cut.index;
    left_out += masked ? 1 : 0;
  }
  EXPECT_EQ(left_out, 1);
}

TEST(CodecCosts, CoarserCodesLoseMoreAndRawNothing) {
  ManualClock clock;
  const graph::Model model = tiny();
  double before = -1;
  for (const char* spec : {"raw", "quant:bits=8", "quant:bits=2"}) {
    const auto table = measure_codec_costs(model, test_engine(), spec, noise(model), clock).value();
    EXPECT_EQ(table.codec, spec);
    double worst = 0;
    for (const auto& [name, value] : table.values) worst = std::max(worst, value.loss);
    EXPECT_GT(worst, before) << spec;
    before = worst;
  }
  EXPECT_LT(before, 0.5);
}

TEST(SetCodec, LeavesOutWhatLosesTooMuch) {
  const graph::Model model = tiny();
  plan::CodecChoice choice{"some", {}};
  for (const graph::Cut& cut : model.cuts())
    for (const TensorSpec& value : cut.values) choice.values[value.name] = {{100, 1, 1}, 0.5};
  const std::string spared = model.cuts().front().values.front().name;
  choice.values[spared].loss = 0.1;
  plan::Problem problem;
  problem.codec.assign(model.layers().size() + 1, std::nullopt);
  problem.codec.front() = plan::CodecCost{5, 0, 0};
  ASSERT_TRUE(set_codec(problem, model, choice, 0.2));
  EXPECT_EQ(problem.codec.front()->payload_bytes, 5) << "the input is sent as before";
  for (const graph::Cut& cut : model.cuts()) {
    const bool kept = cut.single() && cut.values.front().name == spared;
    EXPECT_EQ(problem.codec[static_cast<std::size_t>(cut.index)].has_value(), kept) << cut.index;
  }
  EXPECT_EQ(set_codec(problem, model, choice, 0.01).error().code, ErrorCode::kUnsupported);
}

TEST(CodecCosts, Errors) {
  ManualClock clock;
  const graph::Model model = tiny();
  EXPECT_EQ(measure_codec_costs(model, test_engine(), "raw", {}, clock).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(measure_codec_costs(model, test_engine(), "no_codec", noise(model), clock));
  EXPECT_FALSE(measure_codec_costs(model, test_engine(), "raw", {{}}, clock));
}

TEST(PictureCost, IsTheMeanOfThePictures) {
  ManualClock clock;
  const auto preprocess = data::Preprocess::parse("image:size=32").value();
  std::vector<data::Image> pictures{data::Image(32, 32), data::Image(32, 32)};
  for (std::size_t i = 0; i < pictures[1].rgb.size(); ++i)
    pictures[1].rgb[i] = static_cast<std::uint8_t>(i * 2654435761U >> 24);
  for (const char* spec : {"jpeg:q=85", "webp:q=60", "webp:mode=lossless", "png"}) {
    const auto codec = data::PictureCodec::parse(spec).value();
    double bytes = 0;
    for (const data::Image& p : pictures)
      bytes += static_cast<double>(codec.encode(p).value().size());
    EXPECT_DOUBLE_EQ(measure_picture_cost(preprocess, pictures, codec, clock).value().payload_bytes,
                     bytes / 2)
        << spec;
  }
  EXPECT_FALSE(measure_picture_cost(preprocess, {}, data::PictureCodec(), clock));
}

TEST(Samples, NoiseForWantOfFiles) {
  const auto samples = load_samples(forked(), {}, "", 3);
  ASSERT_TRUE(samples) << samples.error().to_string();
  EXPECT_TRUE(samples->random);
  ASSERT_EQ(samples->inputs.size(), 1U);
  EXPECT_EQ(samples->inputs[0].size(), 2U);
}

TEST(Samples, PhotosAndTensorsUpToTheLimit) {
  const TemporaryFolder folder;
  const auto png = data::encode_png(data::Image(20, 10)).value();
  for (const char* name : {"a.png", "b.png"}) ASSERT_TRUE(write_file(folder / name, as_text(png)));
  const graph::Model model = tiny();
  const std::vector paths{folder.path().string()};
  const auto both = load_samples(model, paths, "", 8).value();
  EXPECT_EQ(both.inputs.size(), 2U);
  EXPECT_EQ(both.pictures.at(0).width, 20);
  EXPECT_FALSE(both.random);
  EXPECT_EQ(both.inputs[0][0].shape(), (Shape{1, 3, 64, 64}));
  EXPECT_EQ(load_samples(model, paths, "", 1).value().inputs.size(), 1U);
}

TEST(Samples, FilmsPictureByPicture) {
  const TemporaryFolder folder;
  const std::string head = "YUV4MPEG2 W8 H8 Cmono\n";
  const std::string picture = "FRAME\n" + std::string(64, 'x');
  ASSERT_TRUE(write_file(folder / "film.y4m", head + picture + picture + picture));
  ASSERT_TRUE(write_file(folder / "none.y4m", head));
  const auto png = data::encode_png(data::Image(20, 10)).value();
  ASSERT_TRUE(write_file(folder / "a.png", as_text(png)));
  const graph::Model model = tiny();
  const std::vector paths{(folder / "film.y4m").string(), (folder / "a.png").string()};
  const auto all = load_samples(model, paths, "", 8).value();
  ASSERT_EQ(all.inputs.size(), 4U);
  EXPECT_EQ(all.pictures[2].width, 8);
  EXPECT_EQ(all.pictures[3].width, 20);
  EXPECT_EQ(load_samples(model, paths, "", 2).value().inputs.size(), 2U);
  const std::vector none{(folder / "none.y4m").string()};
  EXPECT_TRUE(load_samples(model, none, "", 8).error().message.contains("none.y4m': no pictures"));
}

TEST(Samples, Errors) {
  const TemporaryFolder folder;
  const auto png = data::encode_png(data::Image(20, 10)).value();
  ASSERT_TRUE(write_file(folder / "a.png", as_text(png)));
  const std::vector paths{(folder / "a.png").string()};
  const std::vector absent{(folder / "absent.png").string()};
  EXPECT_EQ(load_samples(forked(), paths, "", 1).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(load_samples(tiny(), absent, "", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(load_samples(tiny(), paths, "image:size=32", 1).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(load_samples(tiny(), paths, "no spec", 1));
}

TEST(MakeProblem, JoinsProfilesCodecAndInput) {
  ManualClock clock;
  const graph::Model model = tiny();
  ProblemRequest request;
  const std::string network = model.to_bytes().value();
  request.device.model_sha256 = request.cloud.model_sha256 = sha256_hex(as_bytes(network));
  request.codec = "raw";
  request.link = parse_link("4g").value();
  const Samples samples = load_samples(model, {}, "", 1).value();
  const auto problem = make_problem(model, test_engine(), request, samples, clock).value();
  EXPECT_EQ(problem.codec.front()->payload_bytes, 3 * 64 * 64 * 4) << "the input as it is";
  EXPECT_EQ(problem.answer_bytes, 40);
  EXPECT_GT(problem.request_overhead_bytes, 0);
  EXPECT_EQ(problem.link.name, "4g");
  request.cloud.model_sha256 = "another";
  EXPECT_EQ(make_problem(model, test_engine(), request, samples, clock).error().code,
            ErrorCode::kInvalidArgument);
}

const JoinedOptions kEveryCut{.every = 1, .engine = {}, .progress = {}};

TEST(Joined, HalvesOfTinyAndOfSeveralInputs) {
  for (const graph::Model& model : {tiny(), forked()}) {
    const auto report = compare_joined(model, test_engine(), noise(model), kEveryCut);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->cuts, static_cast<int>(model.cuts().size()));
    EXPECT_TRUE(report->faults.empty()) << report->faults[0].message;
    EXPECT_LE(report->difference, kJoinedTolerance);
  }
}

/// Values of sizes that only the run tells, integers that cross, and an input that nothing reads.
TEST(Joined, NetworksThatAreKnownOnlyWhenTheyRun) {
  graph::Builder b(13, 7);
  b.input("x", {4, 6}).input("unread", {3});
  b.node("Relu", {"x"}, {"a"}).node("NonZero", {"a"}, {"where"});
  b.node("Transpose", {"where"}, {"places"}).node("GatherND", {"x", "places"}, {"found"});
  b.node("Sin", {"found"}, {"s"}).node("Cos", {"s"}, {"y"});
  b.output("y");
  const auto infer = engine::type_inference(test_engine());
  const graph::Model model = graph::Model::parse(b.bytes(), {.shapes = {}, .infer = infer}).value();
  const auto report = compare_joined(model, test_engine(), noise(model), kEveryCut);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_GE(report->cuts, 4);
  for (const JoinedFault& fault : report->faults) ADD_FAILURE() << fault.cut << fault.message;
}

TEST(Joined, TakesEveryNth) {
  const graph::Model model = tiny();
  std::vector<int> told;
  JoinedOptions options = kEveryCut;
  options.every = 5;
  options.progress = [&](int done, int total) { told.push_back(total - done); };
  const auto report = compare_joined(model, test_engine(), noise(model), options).value();
  EXPECT_EQ(report.cuts, static_cast<int>((model.cuts().size() + 4) / 5));
  EXPECT_EQ(static_cast<int>(told.size()), report.cuts);
  EXPECT_EQ(told.back(), 0);
  options.every = 0;
  EXPECT_FALSE(compare_joined(model, test_engine(), noise(model), options));
  EXPECT_FALSE(compare_joined(model, test_engine(), {}, kEveryCut));
}

TEST(Joined, WrongHalvesAreFaults) {
  const graph::Model model = tiny();
  for (const Failing how : {Failing::kAnswers, Failing::kCompile}) {
    const auto engine = bundle::failing_engine(how, 1);
    const auto report = compare_joined(model, *engine, noise(model), kEveryCut);
    ASSERT_TRUE(report);
    EXPECT_GE(report->faults.size(), model.cuts().size());
    EXPECT_EQ(report->difference > kJoinedTolerance, how == Failing::kAnswers);
  }
  const auto broken = bundle::failing_engine(Failing::kCompile, 0);
  EXPECT_FALSE(compare_joined(model, *broken, noise(model), kEveryCut)) << "no whole network";
}

TEST(Joined, BundlesAreHeldToTheirCheckVectors) {
  const TemporaryFolder folder;
  const graph::Model model = tiny();
  ASSERT_TRUE(bundle::write_bundle(model, test_engine(), bundle::request_for(model, "f16", {2, 3}),
                                   folder / "b"));
  const auto bundle = bundle::Bundle::load(folder / "b").value();
  const auto sound = compare_joined(bundle, test_engine(), kEveryCut).value();
  EXPECT_EQ(sound.cuts, 2);
  EXPECT_TRUE(sound.faults.empty());
  const auto engine = bundle::failing_engine(Failing::kAnswers, 0);
  EXPECT_FALSE(compare_joined(bundle, *engine, kEveryCut).value().faults.empty());
  const std::string tail = bundle.manifest().cuts[1].tail.file;
  ASSERT_TRUE(write_file(folder / "b" / tail, "damaged"));
  const auto damaged = compare_joined(bundle, test_engine(), kEveryCut).value();
  ASSERT_EQ(damaged.faults.size(), 1U);
  EXPECT_EQ(damaged.faults[0].cut, "3");
}

TEST(Machine, MissesWhatIsNotThere) {
  ManualClock clock;
  const auto grade_of = [&](engine::Engine& engine, std::string_view what) {
    for (const Finding& f : examine_machine(engine, clock)) {
      EXPECT_FALSE(f.text.empty()) << f.what;
      if (f.what == what) return grade_name(f.grade);
    }
    return std::string_view("not looked at");
  };
  EXPECT_EQ(grade_of(test_engine(), "engine, f32"), "ok");
  EXPECT_EQ(grade_of(test_engine(), "zstd"), "ok");
  const auto broken = bundle::failing_engine(Failing::kCompile, 0);
  EXPECT_EQ(grade_of(*broken, "engine, f32"), "missing");
  EXPECT_EQ(grade_of(*broken, "engine, bf16"), "note");
}

TEST(Confirm, WhatWasMeasuredTooGoodIsPutRight) {
  const graph::Model model = graph::Model::parse(zoo::build("tiny", 1).value()).value();
  profile::MeasureOptions options;
  options.inputs = random_tensors(model.inputs(), 1);
  options.layers = false;
  options.rounds = 3;
  options.idle_ms = 0;
  SteadyClock clock;
  plan::Problem problem;
  problem.device = problem.cloud = profile::measure(model, test_engine(), options, clock).value();
  problem.codec.assign(model.layers().size() + 1, plan::CodecCost{1, 0, 0});
  // A head that seems to take the whole network's work off the server for nothing.
  const auto lucky = static_cast<std::size_t>(model.cuts().back().index);
  problem.device.head[lucky]->median_ms = 0;
  problem.cloud.tail[lucky]->median_ms = 0;
  const auto confirmed =
      confirm_best_splits(model, test_engine(), problem, link_presets(), options, clock);
  ASSERT_TRUE(confirmed) << confirmed.error().to_string();
  EXPECT_TRUE(*confirmed);
  EXPECT_GT(problem.device.head[lucky]->median_ms, 0);
  EXPECT_GT(problem.cloud.tail[lucky]->median_ms, 0);

  options.budget_s = 0;
  EXPECT_FALSE(
      confirm_best_splits(model, test_engine(), problem, link_presets(), options, clock).value());
}

TEST(Request, TakesTimeByItself) {
  SteadyClock clock;
  const auto ms = measure_request_ms(clock);
  ASSERT_TRUE(ms) << ms.error().to_string();
  EXPECT_GT(*ms, 0);
}

TEST(Batches, MultiplyWhatCrosses) {
  const std::string bytes = zoo::build("tiny", 1).value();
  const graph::Model one_model = graph::Model::parse(bytes).value();
  const graph::Model batched =
      graph::Model::parse(bytes, {.shapes = graph::batch_shapes(one_model, 3), .infer = {}})
          .value();
  EXPECT_EQ(batched.inputs().front().shape.front(), 3);
  plan::Problem one;
  one.codec = {plan::CodecCost{100, 2, 3}, std::nullopt};
  one.value_codec["x"] = {10, 1, 1};
  one.answer_bytes = 40;
  profile::Profile profile;
  profile.model_sha256 = sha256_hex(as_bytes(batched.to_bytes().value()));
  const auto problem = batch_problem(one, batched, profile, profile, 3);
  ASSERT_TRUE(problem) << problem.error().to_string();
  EXPECT_EQ(problem->codec.front()->payload_bytes, 300);
  EXPECT_EQ(problem->codec.front()->encode_ms, 6);
  EXPECT_EQ(problem->codec.front()->decode_ms, 9);
  EXPECT_EQ(problem->value_codec.at("x").payload_bytes, 30);
  EXPECT_EQ(problem->answer_bytes, 120);
  const auto wrong = batch_problem(one, one_model, profile, profile, 1);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace cleave::study
