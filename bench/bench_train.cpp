// What a step of training costs through OnnxModule, over the same network written by hand against
// libtorch, with the same settings: one step of each in turn, the median of the ratios. And what
// share of an epoch the loop waits for pictures.
#include <fmt/format.h>
#include <torch/nn/functional.h>
#include <torch/nn/modules.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <chrono>

#include "base/random.h"
#include "base/stats.h"
#include "data/dataset.h"
#include "report.h"
#include "train/autocast.h"
#include "train/loss.h"
#include "train/onnx_module.h"
#include "train/threads.h"
#include "train/trainer.h"

namespace cleave::bench {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kBatch = 128;

/// Two convolutions around which the input goes by; where it halves, every second pixel of it with
/// channels of zeros (ResNet, He et al. 2015, section 4.2, option A).
struct BlockImpl : nn::Module {
  BlockImpl(std::int64_t in, std::int64_t out)
      : first(nn::Conv2dOptions(in, out, 3).stride(in == out ? 1 : 2).padding(1).bias(false)),
        second(nn::Conv2dOptions(out, out, 3).padding(1).bias(false)),
        first_norm(out),
        second_norm(out),
        added(out - in) {
    register_module("first", first);
    register_module("second", second);
    register_module("first_norm", first_norm);
    register_module("second_norm", second_norm);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = second_norm(second(torch::relu(first_norm(first(x)))));
    if (added == 0) return torch::relu(y + x);
    const torch::Tensor half = x.slice(2, 0, INT64_MAX, 2).slice(3, 0, INT64_MAX, 2);
    return torch::relu(y +
                       torch::constant_pad_nd(half, {0, 0, 0, 0, added / 2, added - added / 2}));
  }

  nn::Conv2d first, second;
  nn::BatchNorm2d first_norm, second_norm;
  std::int64_t added;
};
TORCH_MODULE(Block);

struct ResNet20 : nn::Module {
  ResNet20() {
    blocks->push_back(nn::Conv2d(nn::Conv2dOptions(3, 16, 3).padding(1).bias(false)));
    blocks->push_back(nn::BatchNorm2d(16));
    blocks->push_back(nn::ReLU());
    std::int64_t channels = 16;
    for (const std::int64_t next : {16, 16, 16, 32, 32, 32, 64, 64, 64}) {
      blocks->push_back(Block(channels, next));
      channels = next;
    }
    register_module("blocks", blocks);
    register_module("head", head);
  }

  torch::Tensor forward(const torch::Tensor& x) { return head(blocks->forward(x).mean({2, 3})); }

  nn::Sequential blocks;
  nn::Linear head{64, 10};
};

/// A network, its optimizer, and the layout and precision that it trains in.
class Stepper {
 public:
  using Forward = std::function<torch::Tensor(const torch::Tensor&)>;
  Stepper(const std::vector<torch::Tensor>& parameters, Forward forward, bool bf16)
      : forward_(std::move(forward)),
        optimizer_(parameters, torch::optim::SGDOptions(0.01).momentum(0.9).nesterov(true)),
        bf16_(bf16) {}

  double step_ms(const torch::Tensor& x, const torch::Tensor& labels) {
    const auto begin = std::chrono::steady_clock::now();
    optimizer_.zero_grad();
    torch::Tensor loss;
    {
      const train::Autocast autocast(bf16_);
      loss = train::classification_loss(forward_(x), labels, {}, {});
    }
    loss.backward();
    optimizer_.step();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
  }

 private:
  Forward forward_;
  torch::optim::SGD optimizer_;
  bool bf16_;
};

Result<void> compare(const graph::Model& model, bool bf16, int rounds, Report& report) {
  torch::manual_seed(1);
  ResNet20 by_hand;
  by_hand.train();
  const auto module = CLEAVE_TRY(train::OnnxModule::create(model));
  module->train();
  torch::Tensor x = torch::rand({kBatch, 3, 32, 32});
  if (bf16) {
    x = x.contiguous(at::MemoryFormat::ChannelsLast);
    train::use_channels_last(by_hand);
    train::use_channels_last(*module);
  }
  const torch::Tensor labels = torch::randint(10, {kBatch}, torch::kLong);
  Stepper hand(by_hand.parameters(), [&](const auto& in) { return by_hand.forward(in); }, bf16);
  Stepper own(
      module->parameters(),
      [&](const torch::Tensor& in) { return module->forward(std::array{in}).value().front(); },
      bf16);
  std::vector<double> hand_ms;
  std::vector<double> own_ms;
  std::vector<double> ratios;
  for (int i = -2; i < rounds; ++i) {
    const double one = hand.step_ms(x, labels);
    const double other = own.step_ms(x, labels);
    if (i < 0) continue;
    hand_ms.push_back(one);
    own_ms.push_back(other);
    ratios.push_back(other / one);
  }
  report.section(
      fmt::format("resnet20, batch {}, {}", kBatch, bf16 ? "bfloat16, channels last" : "f32"),
      fmt::format("{} steps of each", rounds));
  report.add("by hand", summarize(hand_ms).median, "ms");
  report.add("OnnxModule", summarize(own_ms).median, "ms");
  report.add("OnnxModule / by hand", summarize(ratios).median, "", at_most(1.1));
  return {};
}

/// What a second processor and further ones are good for.
Result<void> compare_threads(const graph::Model& model, int rounds, Report& report) {
  const auto module = CLEAVE_TRY(train::OnnxModule::create(model));
  module->train();
  train::use_channels_last(*module);
  const torch::Tensor x =
      torch::rand({kBatch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor labels = torch::randint(10, {kBatch}, torch::kLong);
  Stepper step(
      module->parameters(),
      [&](const torch::Tensor& in) { return module->forward(std::array{in}).value().front(); },
      true);
  std::vector<double> ratios;
  for (int i = -2; i < rounds; ++i) {
    train::use_threads(1);
    const double one = step.step_ms(x, labels);
    train::use_threads(0);
    const double all = step.step_ms(x, labels);
    if (i >= 0) ratios.push_back(all / one);
  }
  report.section("resnet20, bfloat16, threads", fmt::format("{} steps of each", rounds));
  report.add("on all processors / on one", summarize(ratios).median, "");
  return {};
}

/// Noise with labels.
data::Dataset pictures(std::size_t count) {
  data::Dataset::Parts parts;
  parts.size = count;
  for (int c = 0; c < 10; ++c) parts.classes.push_back(std::to_string(c));
  for (std::size_t i = 0; i < count; ++i) parts.labels.push_back(static_cast<int>(i % 10));
  parts.picture = [](std::size_t i) -> Result<data::Image> {
    Random random(i);
    data::Image image(32, 32);
    for (std::uint8_t& value : image.rgb) value = static_cast<std::uint8_t>(random.below(256));
    return image;
  };
  return data::Dataset(std::move(parts));
}

Result<void> measure_loader(const graph::Model& model, std::size_t count, Report& report) {
  const auto module = CLEAVE_TRY(train::OnnxModule::create(model));
  const data::Dataset set = pictures(count);
  std::vector<std::size_t> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = i;
  const auto preprocess = CLEAVE_TRY(data::Preprocess::parse("image:size=32,mean=imagenet"));
  const auto store = CLEAVE_TRY(train::PictureStore::load(set, all, preprocess));
  const auto few =
      CLEAVE_TRY(train::PictureStore::load(set, std::span(all).first(kBatch), preprocess));
  train::TrainOptions options;
  options.epochs = 1;
  options.batch = kBatch;
  options.bf16 = true;
  double busy = 0;
  CLEAVE_CHECK(train::Trainer(module, nullptr, nullptr, options)
                   .run(store, few, [&](const train::EpochReport& epoch) {
                     busy = 1 - epoch.loader_wait_s / epoch.seconds;
                     return Result<void>();
                   }));
  report.section("loader", fmt::format("{} pictures, shifted and mirrored", count));
  report.add("share of an epoch that is not waiting for pictures", busy, "", at_least(0.99));
  return {};
}

Result<void> run(const Arguments& arguments, Report& report) {
  const std::filesystem::path path =
      data::default_data_folder() / "models" / "resnet20_cifar10.onnx";
  if (!std::filesystem::exists(path)) {
    fmt::print("skipped: {} is not there\n", path.string());
    return {};
  }
  const graph::Model model = CLEAVE_TRY(graph::Model::load(path));
  const int rounds = arguments.quick ? 5 : arguments.full ? 60 : 20;
  train::use_threads(0);
  for (const bool bf16 : {false, true}) CLEAVE_CHECK(compare(model, bf16, rounds, report));
  CLEAVE_CHECK(compare_threads(model, rounds, report));
  return measure_loader(model, arguments.quick ? 1024 : 4096, report);
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("train", argc, argv, cleave::bench::run);
}
