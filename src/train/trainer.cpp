#include "train/trainer.h"

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include <chrono>
#include <cmath>
#include <numbers>

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

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OnnxModule& module,
                                                        const TrainOptions& options) {
  auto parameters = trained_parameters(module);
  if (options.optimizer == Optimizer::kAdamW)
    return std::make_unique<torch::optim::AdamW>(
        std::move(parameters),
        torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay));
  return std::make_unique<torch::optim::SGD>(std::move(parameters),
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

std::vector<std::size_t> in_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  return order;
}

/// The first output of a network with one input.
Result<torch::Tensor> answer_of(const OnnxModule& module, const torch::Tensor& pictures) {
  const auto outputs = CLEAVE_TRY(module.forward(std::array{pictures}));
  return outputs.front();
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
  BatchLoader loader(pictures, in_order(pictures.size()), batch, {}, 0, false);
  std::int64_t right = 0;
  Result<void> outcome;
  while (const auto next = loader.next()) {
    auto answer = answer_of(module, next->pictures);
    if (!answer) {
      outcome = std::unexpected(std::move(answer).error());
      break;
    }
    right += answer->flatten(1).argmax(1).eq(next->labels).sum().item<std::int64_t>();
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

Result<torch::Tensor> Trainer::loss_of(const Batch& batch) {
  const Autocast autocast(options_.bf16);
  const torch::Tensor answer = CLEAVE_TRY(answer_of(*module_, batch.pictures)).flatten(1);
  torch::Tensor taught;
  if (teacher_ && options_.distillation > 0) {
    const torch::NoGradGuard no_grad;
    taught = CLEAVE_TRY(answer_of(*teacher_, batch.pictures)).flatten(1);
  }
  return classification_loss(
      answer, batch.labels, taught,
      {options_.label_smoothing, options_.distillation, options_.temperature});
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
    if (!std::isfinite(value))
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "the run diverges: the loss is " + std::to_string(value) + " at step " +
                      std::to_string(progress.epoch * steps + step + 1) +
                      "; a smaller learning rate may help");
    loss.backward();
    progress.optimizer->step();
    sum += value;
  }
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
  if (options_.bf16) use_channels_last(*module_);
  Progress progress{make_optimizer(*module_, options_)};
  Checkpoint checkpoint{*module_, *progress.optimizer, progress.epoch, progress.best_accuracy,
                        progress.without_better};
  if (!options_.checkpoint.empty()) CLEAVE_CHECK(read_checkpoint(options_.checkpoint, checkpoint));
  if (teacher_) teacher_->eval();
  while (progress.epoch < options_.epochs) {
    EpochReport report = CLEAVE_TRY(guarded("epoch " + std::to_string(progress.epoch + 1),
                                            [&] { return run_epoch(training, progress); }));
    if (codec_) codec_->take_mean_bytes();
    report.accuracy = CLEAVE_TRY(accuracy_of(*module_, validation, options_.batch));
    if (codec_) report.code_bytes = codec_->take_mean_bytes();
    ++progress.epoch;
    const bool better = report.accuracy > progress.best_accuracy;
    progress.best_accuracy = std::max(progress.best_accuracy, report.accuracy);
    progress.without_better = better ? 0 : progress.without_better + 1;
    if (!options_.checkpoint.empty())
      CLEAVE_CHECK(write_checkpoint(options_.checkpoint, checkpoint));
    if (told) told(report);
    if (options_.patience > 0 && progress.without_better >= options_.patience) break;
  }
  module_->eval();
  return {};
}

}  // namespace cleave::train
