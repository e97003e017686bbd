#include "train/trainer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <torch/utils.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <set>

#include "base/file.h"
#include "base/folder.h"
#include "base/random.h"
#include "data/subset.h"
#include "graph/builder.h"
#include "train/train_network.h"

namespace cleave::train {
namespace {

/// Pictures of 8×8 whose colour tells the class: red, green or blue on noise.
data::Dataset colours(std::size_t count) {
  data::Dataset::Parts parts;
  parts.size = count;
  parts.classes = {"red", "green", "blue"};
  for (std::size_t i = 0; i < count; ++i) parts.labels.push_back(static_cast<int>(i % 3));
  parts.picture = [](std::size_t i) -> Result<data::Image> {
    Random random(i);
    data::Image image(8, 8);
    for (std::size_t p = 0; p < image.rgb.size(); ++p)
      image.rgb[p] = static_cast<std::uint8_t>(random.below(160) + (p % 3 == i % 3 ? 60 : 0));
    return image;
  };
  return data::Dataset(std::move(parts));
}

data::Preprocess preprocess() { return data::Preprocess::parse("image:size=8").value(); }

PictureStore store(std::size_t count) {
  const data::Dataset set = colours(count);
  return PictureStore::load(set, data::shuffled(count, 1), preprocess()).value();
}

void fill(onnx::TensorProto& tensor, std::uint64_t seed, double deviation) {
  Random random(seed);
  for (float& value : *tensor.mutable_float_data())
    value = static_cast<float>(deviation * random.normal());
}

/// Conv+ReLU, Conv+ReLU, mean over the plane, three logits.
graph::Model small_network(bool softmax = false) {
  graph::Builder builder;
  builder.input("x", {1, 3, 8, 8})
      .weight("w1", {8, 3, 3, 3})
      .weight("w2", {8, 8, 3, 3})
      .weight("w3", {3, 8})
      .weight("b3", {3});
  auto* weights = builder.graph().mutable_initializer();
  fill(*weights->Mutable(0), 1, 0.3);
  fill(*weights->Mutable(1), 2, 0.2);
  fill(*weights->Mutable(2), 3, 0.3);
  builder.node("Conv", {"x", "w1"}, {"c1"}, {graph::ints("pads", {1, 1, 1, 1})})
      .node("Relu", {"c1"}, {"r1"})
      .node("Conv", {"r1", "w2"}, {"c2"}, {graph::ints("pads", {1, 1, 1, 1})})
      .node("Relu", {"c2"}, {"r2"})
      .node("GlobalAveragePool", {"r2"}, {"g"})
      .node("Flatten", {"g"}, {"f"})
      .node("Gemm", {"f", "w3", "b3"}, {softmax ? "l" : "y"}, {graph::integer("transB", 1)});
  if (softmax) builder.node("Softmax", {"l"}, {"y"});
  return graph::Model::parse(builder.output("y").bytes()).value();
}

TrainOptions quick() {
  TrainOptions options;
  options.epochs = 4;
  options.batch = 32;
  options.learning_rate = 0.1;
  options.augmentation = {.crop = 1, .flip = true};
  return options;
}

std::vector<torch::Tensor> weights_of(const OnnxModule& module) {
  std::vector<torch::Tensor> copies;
  for (const torch::Tensor& parameter : module.parameters()) copies.push_back(parameter.clone());
  for (const torch::Tensor& buffer : module.buffers()) copies.push_back(buffer.clone());
  return copies;
}

bool equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return x.equal(y); });
}

TEST(BatchLoader, GivesEveryPictureOnceAndTheSameForOneSeed) {
  const PictureStore pictures = store(50);
  const auto order = data::shuffled(50, 3);
  const auto read = [&](std::uint64_t seed) {
    BatchLoader loader(pictures, order, 16, {.crop = 2, .flip = true}, seed, false);
    std::vector<torch::Tensor> batches;
    while (const auto batch = loader.next()) batches.push_back(batch->pictures);
    return batches;
  };
  const auto batches = read(5);
  ASSERT_EQ(batches.size(), 4U);
  EXPECT_EQ(batches[3].size(0), 2);
  EXPECT_TRUE(equal(batches, read(5)));
  EXPECT_FALSE(equal(batches, read(6)));
}

TEST(BatchLoader, WithoutAugmentationPicturesAreThoseOfThePreprocessing) {
  const PictureStore pictures = store(10);
  BatchLoader loader(pictures, {4, 7}, 2, {}, 1, true);
  const Batch batch = loader.next().value();
  const Tensor expected = preprocess().apply(pictures.image(7));
  EXPECT_TRUE(batch.pictures[1].flatten().equal(torch::from_blob(
      const_cast<float*>(expected.as<float>().data()), {expected.elements()}, torch::kFloat)));
  EXPECT_EQ(batch.labels[1].item<int>(), pictures.label(7));
}

TEST(Trainer, LearnsColours) {
  for (const bool softmax : {false, true}) {
    const auto module = OnnxModule::create(small_network(softmax)).value();
    Trainer trainer(module, nullptr, nullptr, quick());
    double last = 0;
    ASSERT_TRUE(trainer.run(store(600), store(90), [&](const EpochReport& report) {
      last = report.accuracy;
      return Result<void>();
    }));
    EXPECT_GT(last, 0.9) << "three colours, one in three by chance";
  }
}

TEST(Trainer, InBfloat16LearnsToo) {
  for (const bool softmax : {false, true}) {
    const auto module = OnnxModule::create(small_network(softmax)).value();
    TrainOptions options = quick();
    options.bf16 = true;
    Trainer trainer(module, nullptr, nullptr, options);
    EpochReport last;
    ASSERT_TRUE(trainer.run(store(600), store(90), [&](const EpochReport& report) {
      last = report;
      return Result<void>();
    }));
    EXPECT_GT(last.accuracy, 0.9);
    // Cross entropy of probabilities taken for logits does not fall below that of (1, 0, 0): 0.55.
    EXPECT_LT(last.loss, 0.5);
  }
}

TEST(Trainer, TheLearningRateFallsInStepsOrAlongACosine) {
  TrainOptions options = quick();
  options.epochs = 4;
  std::vector<double> rates;
  for (const Schedule schedule : {Schedule::kStep, Schedule::kCosine}) {
    options.schedule = schedule;
    const auto module = OnnxModule::create(small_network()).value();
    ASSERT_TRUE(Trainer(module, nullptr, nullptr, options)
                    .run(store(64), store(9), [&](const EpochReport& report) {
                      rates.push_back(report.learning_rate);
                      return Result<void>();
                    }));
  }
  ASSERT_EQ(rates.size(), 8U);
  // Of each epoch's second and last step, 8 in all.
  EXPECT_DOUBLE_EQ(rates[0], 0.1);
  EXPECT_DOUBLE_EQ(rates[1], 0.1);
  EXPECT_DOUBLE_EQ(rates[2], 0.01);
  EXPECT_DOUBLE_EQ(rates[3], 0.001);
  EXPECT_NEAR(rates[4], 0.1 * 0.5 * (1 + std::cos(std::numbers::pi / 8)), 1e-12);
  EXPECT_NEAR(rates[7], 0.1 * 0.5 * (1 + std::cos(std::numbers::pi * 7 / 8)), 1e-12);
}

TEST(Trainer, PatienceEndsARunThatGetsNoBetter) {
  TrainOptions options = quick();
  options.epochs = 50;
  options.learning_rate = 1e-9;
  options.patience = 2;
  const auto module = OnnxModule::create(small_network()).value();
  int epochs = 0;
  ASSERT_TRUE(
      Trainer(module, nullptr, nullptr, options).run(store(64), store(30), [&](const EpochReport&) {
        ++epochs;
        return Result<void>();
      }));
  EXPECT_EQ(epochs, 3) << "the first is better than none, two are no better";
}

TEST(Trainer, AnInterruptedRunEndsWithTheSameWeights) {
  const TemporaryFolder folder;
  const PictureStore training = store(200);
  const PictureStore validation = store(30);
  for (const Optimizer optimizer : {Optimizer::kSgd, Optimizer::kAdamW}) {
    TrainOptions options = quick();
    options.optimizer = optimizer;
    options.learning_rate = 0.01;
    const auto whole = OnnxModule::create(small_network()).value();
    ASSERT_TRUE(Trainer(whole, nullptr, nullptr, options).run(training, validation, {}));
    options.checkpoint = folder.path() / std::to_string(static_cast<int>(optimizer));
    // What stops a run early here is its teller.
    const auto first = OnnxModule::create(small_network()).value();
    const auto stopped =
        Trainer(first, nullptr, nullptr, options)
            .run(training, validation, [](const EpochReport& report) -> Result<void> {
              if (report.epoch < 2) return {};
              return fail(ErrorCode::kDeadlineExceeded, "test", "no time");
            });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::kDeadlineExceeded);
    const auto second = OnnxModule::create(small_network()).value();
    int epochs = 0;
    ASSERT_TRUE(Trainer(second, nullptr, nullptr, options)
                    .run(training, validation, [&](const EpochReport&) {
                      ++epochs;
                      return Result<void>();
                    }));
    EXPECT_EQ(epochs, 2);
    EXPECT_TRUE(equal(weights_of(*whole), weights_of(*second)));
  }
}

/// While it lives, no file of this process grows beyond so many bytes, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(Trainer, AFullDiskLeavesTheOldCheckpoint) {
  const TemporaryFolder folder;
  TrainOptions options = quick();
  options.checkpoint = folder.path() / "state";
  const auto module = OnnxModule::create(small_network()).value();
  std::string old;
  std::optional<FullDisk> full;
  const auto failed =
      Trainer(module, nullptr, nullptr, options).run(store(64), store(9), [&](const EpochReport&) {
        old = read_file(options.checkpoint).value();
        full.emplace(1000);
        return Result<void>();
      });
  full.reset();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_EQ(read_file(options.checkpoint).value(), old) << "that of the first epoch";
}

TEST(Trainer, ACheckpointOfSomethingElseIsRefused) {
  const TemporaryFolder folder;
  TrainOptions options = quick();
  options.checkpoint = folder.path() / "state";
  std::ofstream(options.checkpoint) << "no checkpoint";
  const auto module = OnnxModule::create(small_network()).value();
  const auto refused = Trainer(module, nullptr, nullptr, options).run(store(64), store(9), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
}

TEST(Trainer, TheCheckpointOfAnotherRunIsRefused) {
  const TemporaryFolder folder;
  TrainOptions options = quick();
  options.epochs = 1;
  options.checkpoint = folder.path() / "state";
  const auto module = OnnxModule::create(small_network()).value();
  ASSERT_TRUE(Trainer(module, nullptr, nullptr, options).run(store(64), store(9), {}));
  options.seed = 2;
  const auto other = Trainer(module, nullptr, nullptr, options).run(store(64), store(9), {});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(other.error().message.find("seed 1, "), std::string::npos) << other.error().message;
  EXPECT_NE(other.error().message.find("seed 2, "), std::string::npos) << other.error().message;
}

TEST(Trainer, TheLastStepOfAnEpochMayDivergeToo) {
  const auto module = OnnxModule::create(small_network()).value();
  TrainOptions options = quick();
  options.learning_rate = 1e30;
  options.weight_decay = 1e10;
  options.epochs = 1;
  options.batch = 64;
  const auto diverged = Trainer(module, nullptr, nullptr, options).run(store(64), store(9), {});
  ASSERT_FALSE(diverged);
  EXPECT_NE(diverged.error().message.find("at step 1"), std::string::npos)
      << diverged.error().message;
}

TEST(Trainer, ADivergingRunSaysStepAndLoss) {
  const auto module = OnnxModule::create(small_network()).value();
  TrainOptions options = quick();
  options.learning_rate = 1e20;
  const auto diverged = Trainer(module, nullptr, nullptr, options).run(store(200), store(9), {});
  ASSERT_FALSE(diverged);
  EXPECT_NE(diverged.error().message.find("diverges: the loss is "), std::string::npos)
      << diverged.error().message;
  EXPECT_NE(diverged.error().message.find("at step "), std::string::npos);
}

TEST(Trainer, LabelsBeyondTheAnswersAreNamed) {
  graph::Builder builder;
  builder.input("x", {1, 3, 8, 8}).weight("w", {2, 3, 8, 8});
  builder.node("Conv", {"x", "w"}, {"y"}).output("y");
  const auto module = OnnxModule::create(graph::Model::parse(builder.bytes()).value()).value();
  const auto wrong = Trainer(module, nullptr, nullptr, quick()).run(store(64), store(9), {});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("label 2 of a network with 2 answers"), std::string::npos)
      << wrong.error().message;
}

TEST(Trainer, ANetworkWithoutWeightsIsRefused) {
  graph::Builder builder;
  builder.input("x", {1, 3, 8, 8}).node("GlobalAveragePool", {"x"}, {"y"}).output("y");
  const auto module = OnnxModule::create(graph::Model::parse(builder.bytes()).value()).value();
  const auto wrong = Trainer(module, nullptr, nullptr, quick()).run(store(64), store(9), {});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("without weights"), std::string::npos);
}

TEST(TrainNetwork, TheUnitAloneLearnsAroundAFrozenNetwork) {
  const auto module = OnnxModule::create(small_network()).value();
  ASSERT_TRUE(Trainer(module, nullptr, nullptr, quick()).run(store(600), store(90), {}));
  const auto model = graph::Model::parse(module->to_onnx().value()).value();
  const data::Dataset pictures = colours(660);
  TrainOptions options = quick();
  options.distillation = 0.5;
  const TrainRequest request{.model = model,
                             .cut = model.find_cut("r1").value(),
                             .unit = "bottleneck:channels=2,stride=2",
                             .codec = "quant:bits=4",
                             .pictures = pictures,
                             .preprocess = preprocess(),
                             .frozen = Frozen::kNetwork,
                             .options = options};
  const auto trained = train_network(request, {});
  ASSERT_TRUE(trained) << trained.error().to_string();
  EXPECT_EQ(trained->validation, 66U);
  EXPECT_EQ(trained->training, 594U);
  EXPECT_GT(trained->uncut_accuracy, 0.9);
  EXPECT_GT(trained->accuracy, trained->uncut_accuracy - 0.1);
  EXPECT_NEAR(trained->code_bytes, 2 * 4 * 4 / 2, 16) << "4 bits a value and the range";
  // The network's own weights are those it had.
  const auto around = OnnxModule::create(graph::Model::parse(trained->onnx_bytes).value()).value();
  const auto before = module->named_parameters();
  const auto after = around->named_parameters();
  for (const auto& parameter : before)
    EXPECT_TRUE(after[parameter.key()].equal(parameter.value())) << parameter.key();
}

/// What a run with a codec at "r1" comes to.
TrainedNetwork with_codec(const std::string& codec, double rate,
                          const std::filesystem::path& checkpoint = {},
                          std::int64_t stop_after = 0) {
  const graph::Model model = small_network();
  const data::Dataset pictures = colours(660);
  TrainOptions options = quick();
  options.rate = rate;
  options.checkpoint = checkpoint;
  const TrainRequest request{.model = model,
                             .cut = model.find_cut("r1").value(),
                             .unit = "",
                             .codec = codec,
                             .pictures = pictures,
                             .preprocess = preprocess(),
                             .options = options};
  const auto stopped = [&](const EpochReport& report) -> Result<void> {
    if (report.epoch != stop_after) return {};
    return fail(ErrorCode::kDeadlineExceeded, "test", "no time");
  };
  auto trained = train_network(request, stopped);
  EXPECT_EQ(trained.has_value(), stop_after == 0);
  return trained ? *std::move(trained) : TrainedNetwork{};
}

TEST(TrainNetwork, ARateMakesCodesSmaller) {
  const TrainedNetwork plain = with_codec("quant:bits=4|zstd", 0);
  const TrainedNetwork small = with_codec("quant:bits=4|zstd", 5);
  EXPECT_LT(small.code_bytes, 0.8 * plain.code_bytes);
  EXPECT_GT(small.accuracy, plain.accuracy - 0.1);
}

TEST(TrainNetwork, ARunWithACodecIsResumedExactly) {
  for (const auto& [codec, rate] :
       {std::pair("quant:bits=4|zstd", 1.0), std::pair("quant:bits=4,range=sigma3", 0.0)}) {
    const TemporaryFolder folder;
    const TrainedNetwork whole = with_codec(codec, rate);
    static_cast<void>(with_codec(codec, rate, folder / "state", 2));
    const TrainedNetwork resumed = with_codec(codec, rate, folder / "state");
    EXPECT_EQ(whole.onnx_bytes, resumed.onnx_bytes) << codec;
    EXPECT_EQ(whole.calibration, resumed.calibration) << codec;
  }
}

TEST(TrainNetwork, ACalibratedCodecIsTheOneOfTheBundle) {
  const TrainedNetwork trained = with_codec("cleave", 0);
  EXPECT_TRUE(trained.calibration.contains("cleave")) << trained.calibration.dump().substr(0, 80);
  EXPECT_GT(trained.accuracy, 0.9);
  EXPECT_LT(trained.code_bytes, 8 * 8 * 8) << "less than a byte a value";
}

TEST(Trainer, ARateNeedsACodec) {
  TrainOptions options = quick();
  options.rate = 1;
  const auto module = OnnxModule::create(small_network()).value();
  const auto refused = Trainer(module, nullptr, nullptr, options).run(store(64), store(9), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("a rate without a codec"), std::string::npos);
}

/// A convolution and a norm on each side of "r1"; both convolutions have the same bias.
graph::Model network_with_norms() {
  graph::Builder builder;
  builder.input("x", {1, 3, 8, 8})
      .weight("w1", {8, 3, 3, 3})
      .weight("w2", {8, 8, 3, 3})
      .weight("w3", {3, 8, 1, 1})
      .weight("shared", {8});
  auto* weights = builder.graph().mutable_initializer();
  for (int i = 0; i < 3; ++i) fill(*weights->Mutable(i), static_cast<std::uint64_t>(i) + 1, 0.3);
  for (const char* side : {"1", "2"}) {
    const std::string s = side;
    for (const char* part : {"scale", "bias", "mean", "variance"}) builder.weight(part + s, {8});
    builder.node("Conv", {s == "1" ? "x" : "r1", "w" + s, "shared"}, {"c" + s})
        .node("BatchNormalization", {"c" + s, "scale" + s, "bias" + s, "mean" + s, "variance" + s},
              {"n" + s})
        .node("Relu", {"n" + s}, {"r" + s});
  }
  builder.node("GlobalAveragePool", {"r2"}, {"p"})
      .node("Conv", {"p", "w3"}, {"q"})
      .node("Flatten", {"q"}, {"y"})
      .output("y");
  return graph::Model::parse(builder.bytes()).value();
}

/// Names of the network's own parameters and statistics that training changed.
std::set<std::string> changed(const graph::Model& model, Frozen frozen) {
  const data::Dataset pictures = colours(320);
  const TrainRequest request{.model = model,
                             .cut = model.find_cut("r1").value(),
                             .unit = "butterfly:channels=2",
                             .codec = "",
                             .pictures = pictures,
                             .preprocess = preprocess(),
                             .frozen = frozen,
                             .options = quick()};
  const auto trained = train_network(request, {}).value();
  const auto before = OnnxModule::create(model).value();
  const auto after = OnnxModule::create(graph::Model::parse(trained.onnx_bytes).value()).value();
  std::set<std::string> names;
  for (const auto& item : before->named_parameters())
    if (!after->named_parameters()[item.key()].equal(item.value())) names.insert(item.key());
  for (const auto& item : before->named_buffers())
    if (!after->named_buffers()[item.key()].equal(item.value())) names.insert(item.key());
  return names;
}

TEST(TrainNetwork, WhatIsFrozenStaysWithItsStatistics) {
  const graph::Model model = network_with_norms();
  const std::set<std::string> tail{"w2", "w3", "scale2", "bias2", "mean2", "variance2"};
  EXPECT_EQ(changed(model, Frozen::kNetwork), std::set<std::string>{});
  EXPECT_EQ(changed(model, Frozen::kHead), tail) << "what both sides read is the head's too";
  std::set<std::string> all = tail;
  all.insert({"w1", "scale1", "bias1", "mean1", "variance1", "shared"});
  std::set<std::string> found = changed(model, Frozen::kNothing);
  found.insert("shared");  // a bias before norms has next to no gradient
  EXPECT_EQ(found, all);
}

}  // namespace
}  // namespace cleave::train
