#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "engine/engine.h"
#include "graph/model.h"

namespace cleave::study {

/// A cut whose joined halves did not give the uncut network's outputs, and what went wrong.
struct JoinedFault {
  std::string cut;
  std::string message;
};

/// What came of joining the halves of a network's cuts.
struct JoinedReport {
  int cuts = 0;           ///< compared, and those with units
  int units = 0;          ///< cuts with a unit, of which only the recorded run is compared
  double difference = 0;  ///< the largest, of an output's range; integers: 0 or infinity
  std::string cut;        ///< where it was; empty when every output was equal
  std::string output;
  std::vector<JoinedFault> faults;
};

/// Joined halves may differ from the whole by this much of an output's range: they run other
/// kernels and add in another order. Where half-precision values cross or come out it is
/// bundle::tolerance() of them, because an engine may keep more digits within a network. Integers
/// must be equal.
inline constexpr double kJoinedTolerance = 1e-4;

struct JoinedOptions {
  int every = 1;  ///< the first cut and every so many-th after it; at least 1
  engine::EngineOptions engine;
  /// Told after each cut: cuts done, cuts in all. May be empty.
  std::function<void(int, int)> progress;
};

/// Extracts both halves of the model's cuts, runs them on every sample (a full set of inputs, in
/// the model's order), joined by packets of the codec `raw`, and compares with the uncut network.
/// A half that the engine refuses is a fault of that cut. Errors: no sample, or a whole network
/// that does not run.
Result<JoinedReport> compare_joined(const graph::Model& model, engine::Engine& engine,
                                    const std::vector<std::vector<Tensor>>& samples,
                                    const JoinedOptions& options);

/// The same for the halves of a bundle, on the inputs of its check vectors, which are verified too.
Result<JoinedReport> compare_joined(const bundle::Bundle& bundle, engine::Engine& engine,
                                    const JoinedOptions& options);

}  // namespace cleave::study
