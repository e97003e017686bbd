#include "train/trainer.h"

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include "base/checksum.h"
#include "data/subset.h"
#include "train/autocast.h"
#include "train/checkpoint.h"
#include "train/loss.h"
#include "train/network.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.trainer";

std::vector<torch::Tensor> trained_parameters(const OnnxModule& module) {
  std::vector<torch::Tensor> parameters;
  for (const torch::Tensor& parameter : module.parameters())
    if (parameter.requires_grad()) parameters.push_back(parameter);
  return parameters;
}

/// Of the network's parameters and those of the rate model, if there is one, which nothing pulls to
/// zero.
template <class Optimizer, class Options>
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OnnxModule& module,
                                                        const RateModel* rate,
                                                        const Options& options) {
  std::vector<torch::optim::OptimizerParamGroup> groups{
      torch::optim::OptimizerParamGroup(trained_parameters(module))};
  if (rate != nullptr)
    groups.emplace_back(rate->parameters(),
                        std::make_unique<Options>(Options(options).weight_decay(0)));
  return std::make_unique<Optimizer>(std::move(groups), options);
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OnnxModule& module,
                                                        const RateModel* rate,
                                                        const TrainOptions& options) {
  if (options.optimizer == Optimizer::kAdamW)
    return make_optimizer<torch::optim::AdamW>(
        module, rate,
        torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay));
  return make_optimizer<torch::optim::SGD>(module, rate,
                                           torch::optim::SGDOptions(options.learning_rate)
                                               .momentum(options.momentum)
                                               .nesterov(options.momentum > 0)
                                               .weight_decay(options.weight_decay));
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
}

double rate_at(const TrainOptions& options, double done) {
  if (options.schedule == Schedule::kCosine)
    return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * done));
  return options.learning_rate * (done < 0.5 ? 1 : done < 0.75 ? 0.1 : 0.01);
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The first output of a network with one input, N×K.
Result<torch::Tensor> answer_of(const OnnxModule& module, const torch::Tensor& pictures) {
  const auto outputs = CLEAVE_TRY(module.forward(std::array{pictures}));
  const torch::Tensor& answer = outputs.front();
  if (answer.dim() < 2 || answer.size(0) != pictures.size(0) || !answer.is_floating_point())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "an answer of shape " + shape_text(answer.sizes().vec()) + " to " +
                    std::to_string(pictures.size(0)) +
                    " pictures, expected a row of numbers for each");
  return answer.flatten(1);
}

/// What makes two runs the same, but for how far they are.
std::string run_of(const OnnxModule& module, const CodecLayer* codec, const TrainOptions& options,
                   std::size_t pictures) {
  std::string weights;
  for (const auto& parameter : module.named_parameters())
    weights += parameter.key() + shape_text(parameter.value().sizes().vec()) +
               (parameter.value().requires_grad() ? ";" : " fixed;");
  return fmt::format(
      "weights {:08x}, codec {}, {} pictures, seed {}, {} epochs of batches of {}, {} from {:g} by "
      "{}, "
      "momentum {:g}, decay {:g}, smoothing {:g}, distillation {:g} at {:g}, rate {:g}, shifted "
      "{}, "
      "mirrored {}, {}",
      crc32c(std::as_bytes(std::span(weights))), codec != nullptr ? codec->spec() : "none",
      pictures, options.seed, options.epochs, options.batch,
      options.optimizer == Optimizer::kSgd ? "sgd" : "adamw", options.learning_rate,
      options.schedule == Schedule::kCosine ? "cosine" : "step", options.momentum,
      options.weight_decay, options.label_smoothing, options.distillation, options.temperature,
      options.rate, options.augmentation.crop, options.augmentation.flip,
      options.bf16 ? "bf16" : "f32");
}

/// The error for a step after which numbers are not finite.
std::unexpected<Error> diverged(double loss, std::int64_t step) {
  return fail(ErrorCode::kInvalidArgument, kPlace,
              fmt::format("the run diverges: the loss is {} at step {}; a smaller learning rate "
                          "may help",
                          loss, step));
}

bool all_finite(const std::vector<torch::Tensor>& tensors) {
  return std::ranges::all_of(
      tensors, [](const torch::Tensor& t) { return t.isfinite().all().item<bool>(); });
}

}  // namespace

struct Trainer::Progress {
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  std::int64_t epoch = 0;  ///< that were done
  double best_accuracy = 0;
  int without_better = 0;
};

Result<double> accuracy_of(OnnxModule& module, const PictureStore& pictures, std::size_t batch) {
  const torch::NoGradGuard no_grad;
  const bool training = module.is_training();
  module.eval();
  BatchLoader loader(pictures, data::in_order(pictures.size()), batch, {}, 0, false);
  std::int64_t right = 0;
  Result<void> outcome;
  while (const auto next = loader.next()) {
    outcome = guarded("scoring", [&]() -> Result<void> {
      const torch::Tensor answer = CLEAVE_TRY(answer_of(module, next->pictures));
      right += answer.argmax(1).eq(next->labels).sum().item<std::int64_t>();
      return {};
    });
    if (!outcome) break;
  }
  module.train(training);
  CLEAVE_CHECK(std::move(outcome));
  return static_cast<double>(right) / static_cast<double>(pictures.size());
}

Trainer::Trainer(std::shared_ptr<OnnxModule> module, std::shared_ptr<OnnxModule> teacher,
                 CodecLayer* codec, TrainOptions options)
    : module_(std::move(module)),
      teacher_(std::move(teacher)),
      codec_(codec),
      options_(std::move(options)) {}

Result<torch::Tensor> calibrate_codec(OnnxModule& module, CodecLayer& codec,
                                      const PictureStore& pictures) {
  constexpr std::size_t kPictures = 64;
  const torch::NoGradGuard no_grad;
  module.eval();
  codec.collect();
  const std::size_t count = std::min(kPictures, pictures.size());
  BatchLoader loader(pictures, data::in_order(count), count, {}, 0, false);
  CLEAVE_CHECK(guarded("calibrating the codec", [&]() -> Result<void> {
    CLEAVE_TRY(module.forward(std::array{loader.next()->pictures}));
    return {};
  }));
  return codec.calibrate();
}

Result<void> Trainer::begin_epoch(const PictureStore& training) {
  if (codec_ == nullptr) return {};
  const torch::Tensor codes = CLEAVE_TRY(calibrate_codec(*module_, *codec_, training));
  if (options_.rate > 0 && !rate_) rate_ = std::make_shared<RateModel>(codes);
  return {};
}

Result<torch::Tensor> Trainer::loss_of(const Batch& batch) {
  const Autocast autocast(options_.bf16);
  const torch::Tensor answer = CLEAVE_TRY(answer_of(*module_, batch.pictures));
  torch::Tensor taught;
  if (teacher_ && options_.distillation > 0) {
    const torch::NoGradGuard no_grad;
    taught = CLEAVE_TRY(answer_of(*teacher_, batch.pictures));
  }
  torch::Tensor loss =
      classification_loss(answer, batch.labels, taught,
                          {.probabilities = module_->answering_operator() == "Softmax",
                           .label_smoothing = options_.label_smoothing,
                           .distillation = options_.distillation,
                           .temperature = options_.temperature});
  if (!rate_) return loss;
  if (codec_->step() == 0)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "a rate with codec '" + codec_->spec() + "', expected one that loses something");
  return loss + rate_->loss(codec_->coded(), codec_->step(), options_.rate);
}

Result<EpochReport> Trainer::run_epoch(const PictureStore& training, Progress& progress) {
  const auto begin = std::chrono::steady_clock::now();
  EpochReport report{.epoch = progress.epoch + 1, .epochs = options_.epochs};
  const std::uint64_t seed = options_.seed * 1'000'003 + static_cast<std::uint64_t>(report.epoch);
  torch::manual_seed(seed);
  const auto steps = static_cast<std::int64_t>(training.size() / options_.batch);
  BatchLoader loader(training, data::shuffled(training.size(), seed), options_.batch,
                     options_.augmentation, seed, true);
  module_->train();
  double sum = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    auto batch = loader.next();
    report.learning_rate = rate_at(options_, (static_cast<double>(progress.epoch * steps + step)) /
                                                 static_cast<double>(options_.epochs * steps));
    set_learning_rate(*progress.optimizer, report.learning_rate);
    progress.optimizer->zero_grad();
    if (options_.bf16) batch->pictures = batch->pictures.contiguous(at::MemoryFormat::ChannelsLast);
    const torch::Tensor loss = CLEAVE_TRY(loss_of(*batch));
    const double value = loss.item<double>();
    if (!std::isfinite(value)) return diverged(value, progress.epoch * steps + step + 1);
    loss.backward();
    progress.optimizer->step();
    sum += value;
  }
  // The last step's effect shows in no loss of this epoch.
  if (!all_finite(module_->parameters()) || !all_finite(module_->buffers()))
    return diverged(NAN, (progress.epoch + 1) * steps);
  report.loss = sum / static_cast<double>(steps);
  report.seconds = seconds_since(begin);
  report.loader_wait_s = loader.waited_s();
  return report;
}

Result<void> Trainer::run(const PictureStore& training, const PictureStore& validation,
                          const Told& told) {
  if (training.size() < options_.batch)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                std::to_string(training.size()) + " pictures, expected a batch of " +
                    std::to_string(options_.batch) + " or more");
  if (trained_parameters(*module_).empty())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "a network without weights, expected some that can be trained");
  if (options_.rate > 0 && codec_ == nullptr)
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "a rate without a codec, expected one whose bytes count");
  if (options_.bf16) use_channels_last(*module_);
  CLEAVE_CHECK(guarded("beginning", [&] { return begin_epoch(training); }));
  Progress progress{make_optimizer(*module_, rate_.get(), options_)};
  Checkpoint checkpoint{*module_,
                        rate_.get(),
                        *progress.optimizer,
                        progress.epoch,
                        progress.best_accuracy,
                        progress.without_better,
                        run_of(*module_, codec_, options_, training.size())};
  if (!options_.checkpoint.empty()) CLEAVE_CHECK(read_checkpoint(options_.checkpoint, checkpoint));
  if (teacher_) teacher_->eval();
  const auto gives_up = [&] {
    return options_.patience > 0 && progress.without_better >= options_.patience;
  };
  while (progress.epoch < options_.epochs && !gives_up()) {
    EpochReport report = CLEAVE_TRY(
        guarded("epoch " + std::to_string(progress.epoch + 1), [&]() -> Result<EpochReport> {
          CLEAVE_CHECK(begin_epoch(training));
          return run_epoch(training, progress);
        }));
    if (codec_) codec_->take_mean_bytes();
    report.accuracy = CLEAVE_TRY(accuracy_of(*module_, validation, options_.batch));
    if (codec_) report.code_bytes = codec_->take_mean_bytes();
    ++progress.epoch;
    const bool better = report.accuracy > progress.best_accuracy;
    progress.best_accuracy = std::max(progress.best_accuracy, report.accuracy);
    progress.without_better = better ? 0 : progress.without_better + 1;
    if (!options_.checkpoint.empty())
      CLEAVE_CHECK(write_checkpoint(options_.checkpoint, checkpoint));
    if (told) CLEAVE_CHECK(told(report));
  }
  module_->eval();
  return {};
}

}  // namespace cleave::train
