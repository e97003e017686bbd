#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "data/dataset.h"
#include "data/preprocess.h"
#include "engine/engine.h"
#include "graph/model.h"
#include "study/accuracy.h"

namespace cleave::study {

/// What a network is scored on. The set is borrowed.
struct EvalData {
  const data::Dataset& set;
  std::vector<std::size_t> pictures;  ///< of the set, those that are run; at least one
  data::Preprocess preprocess;
  /// The network's names of its classes; empty where it counts them as the set does.
  std::vector<std::string> labels;
};

struct EvalOptions {
  engine::EngineOptions engine;  ///< its hint is not used: throughput is what counts here
  /// Told how many pictures are done, by one thread at a time. May be empty.
  std::function<void(std::size_t)> progress;
};

/// How well a network does, and what becomes of that at a cut.
struct Evaluation {
  std::int64_t classes = 0;  ///< of the network's output; 0 for pictures
  AccuracyReport uncut;      ///< by labels alone
  std::optional<AccuracyReport> cut;
  /// What crosses for one picture: bound packets, their headers counted.
  std::optional<Estimate> bytes_per_sample;
};

/// Runs the uncut network over the data, on as many threads as the engine can keep busy. The
/// scores are the same for any number of threads. Errors: kUnsupported for a network without
/// exactly one output, or one that is of no kind that can be scored; kInvalidArgument for data
/// without labels, and for classes that do not agree (data::match_classes()); those of decoding a
/// picture.
Result<Evaluation> evaluate(const graph::Model& model, engine::Engine& engine, const EvalData& data,
                            const EvalOptions& options);

/// The same for a cut of a bundle: the head, the values that cross through their codecs and back,
/// the tail; beside the bundle's whole network. The halves are held to their recorded run first.
/// Labels are optional here.
Result<Evaluation> evaluate(const bundle::Bundle& bundle, const bundle::CutEntry& cut,
                            engine::Engine& engine, const EvalData& data,
                            const EvalOptions& options);

}  // namespace cleave::study
