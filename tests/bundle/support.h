#pragma once

// What the bundle's tests share: a small real network to cut, and one with several inputs and
// outputs.
#include <memory>
#include <string>
#include <vector>

#include "base/folder.h"
#include "bundle/writer.h"
#include "engine/shared_engine.h"
#include "graph/model.h"

namespace cleave::bundle {

graph::Model tiny();
/// Inputs a and b (1x4), outputs early and late: early is born before most cuts, b crosses them as
/// it came.
graph::Model forked();

/// A request for these cuts of the model (all of them when none is named), on two seeded samples.
WriteRequest request_for(const graph::Model& model, const std::string& codec,
                         const std::vector<int>& cuts = {});

/// An engine whose every compile after the first `good` fails, or whose sessions then compute
/// something else.
enum class Failing { kCompile, kAnswers };
std::unique_ptr<engine::Engine> failing_engine(Failing how, int good);

}  // namespace cleave::bundle
