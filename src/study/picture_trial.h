#pragma once

#include "study/cut_trial.h"
#include "study/evaluate.h"

namespace cleave::study {

/// The network's class of every picture of the data, in their order; none at all where the data has
/// no classes or the network's first output is none of classes. Errors: those of
/// data::match_classes().
Result<std::vector<int>> labels_of(const graph::Model& model, const EvalData& data);

/// A trial of a cut on pictures, with their labels where there are any. `threads` as in
/// CutTrialOptions. Errors: those of CutTrial::create(), of decoding and of labels_of().
Result<CutTrial> open_trial(const graph::Model& model, const graph::Cut& cut,
                            engine::Engine& engine, const EvalData& data, int threads);

}  // namespace cleave::study
