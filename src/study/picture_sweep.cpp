#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "study/codec_costs.h"
#include "study/codec_sweep.h"
#include "study/in_parallel.h"
#include "study/picture_trial.h"

namespace cleave::study {
namespace {

constexpr std::array kQualities{2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 98};
/// Pictures on which coding is timed.
constexpr std::size_t kTimedPictures = 3;

/// The whole network on pictures that were coded.
class PictureSweeper {
 public:
  PictureSweeper(const EvalData& data, const SweepOptions& options, Clock& clock)
      : data_(data), options_(options), clock_(clock) {}

  Result<void> open(const graph::Model& model, engine::Engine& engine) {
    labels_ = CLEAVE_TRY(labels_of(model, data_));
    for (const std::size_t picture : data_.pictures)
      pictures_.push_back(CLEAVE_TRY(data_.set.picture(picture)));
    const std::size_t workers = options_.threads > 0
                                    ? static_cast<std::size_t>(options_.threads)
                                    : std::max(1U, std::thread::hardware_concurrency());
    const engine::EngineOptions options{.threads = static_cast<int>(workers),
                                        .hint = engine::Hint::kThroughput};
    sessions_.push_back(CLEAVE_TRY(engine.compile(CLEAVE_TRY(model.to_bytes()), options)));
    while (sessions_.size() < workers) sessions_.push_back(CLEAVE_TRY(sessions_.front()->fork()));
    std::vector<std::vector<Tensor>> answers(pictures_.size());
    CLEAVE_CHECK(for_each([&](std::size_t worker, std::size_t i) -> Result<void> {
      answers[i] = CLEAVE_TRY(run(worker, pictures_[i]));
      return {};
    }));
    judge_ = CLEAVE_TRY(AnswerJudge::create(std::move(answers), labels_));
    return {};
  }

  Result<SweepPoint> point(std::string_view family, const std::string& spec) {
    const auto codec = CLEAVE_TRY(data::PictureCodec::parse(spec));
    std::vector<TrialResult> results(pictures_.size());
    CLEAVE_CHECK(for_each([&](std::size_t worker, std::size_t i) -> Result<void> {
      const auto bytes = CLEAVE_TRY(codec.encode(data_.preprocess.picture(pictures_[i])));
      const Tensor found =
          CLEAVE_TRY(judge_.join(CLEAVE_TRY(run(worker, CLEAVE_TRY(data::decode_image(bytes))))));
      results[i] = {static_cast<double>(bytes.size()), CLEAVE_TRY(judge_.judge(i, found))};
      return {};
    }));
    const auto timed = std::span(pictures_).first(std::min(kTimedPictures, pictures_.size()));
    const auto cost = CLEAVE_TRY(measure_picture_cost(data_.preprocess, timed, codec, clock_));
    return SweepPoint{std::string(family), spec, summarize_trial(results), cost.encode_ms,
                      cost.decode_ms};
  }

 private:
  Result<std::vector<Tensor>> run(std::size_t worker, const data::Image& image) const {
    const std::vector<Tensor> inputs{data_.preprocess.apply(image)};
    return sessions_[worker]->run(inputs);
  }

  Result<void> for_each(
      const std::function<Result<void>(std::size_t worker, std::size_t i)>& work) const {
    return in_parallel(pictures_.size(), sessions_.size(), work, {});
  }

  const EvalData& data_;
  const SweepOptions& options_;
  Clock& clock_;
  std::vector<std::unique_ptr<engine::Session>> sessions_;
  std::vector<data::Image> pictures_;
  AnswerJudge judge_;
  std::vector<int> labels_;
};

}  // namespace

Result<std::vector<SweepPoint>> sweep_pictures(const graph::Model& model, engine::Engine& engine,
                                               const EvalData& score, const SweepOptions& options,
                                               Clock& clock) {
  std::vector<SweepPoint> points;
  if (!options.pictures) return points;
  if (options.progress) options.progress("the picture itself");
  PictureSweeper sweeper(score, options, clock);
  CLEAVE_CHECK(sweeper.open(model, engine));
  for (const int quality : kQualities)
    points.push_back(CLEAVE_TRY(sweeper.point(kJpegPicture, fmt::format("jpeg:q={}", quality))));
  for (const int quality : kQualities)
    points.push_back(CLEAVE_TRY(sweeper.point(kWebpPicture, fmt::format("webp:q={}", quality))));
  return points;
}

}  // namespace cleave::study
