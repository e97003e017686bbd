#include "study/picture_trial.h"

#include <algorithm>

#include "data/labels.h"

namespace cleave::study {

Result<std::vector<int>> labels_of(const graph::Model& model, const EvalData& data) {
  const Shape& output = model.outputs().front().shape;
  const auto count = element_count(output);
  const auto wide = std::ranges::count_if(output, [](std::int64_t d) { return d != 1; });
  std::vector<int> labels;
  if (data.set.classes().empty() || !count || wide != 1) return labels;
  const auto classes = CLEAVE_TRY(data::match_classes(data.set.classes(), data.labels, *count));
  for (const std::size_t picture : data.pictures) {
    const auto label = data.set.label(picture);
    if (!label) return std::vector<int>{};
    labels.push_back(static_cast<int>(classes[static_cast<std::size_t>(*label)]));
  }
  return labels;
}

Result<CutTrial> open_trial(const graph::Model& model, const graph::Cut& cut,
                            engine::Engine& engine, const EvalData& data, int threads) {
  CutTrialOptions options;
  options.threads = threads;
  options.labels = CLEAVE_TRY(labels_of(model, data));
  std::vector<std::vector<Tensor>> samples;
  for (const std::size_t picture : data.pictures)
    samples.push_back({data.preprocess.apply(CLEAVE_TRY(data.set.picture(picture)))});
  return CutTrial::create(model, cut, engine, samples, options);
}

}  // namespace cleave::study
