#pragma once

// What needs libtorch. It takes half a second to load, so that only the program `cleave-torch` has
// it; `cleave` becomes that program, with the same command line, where one of these is called.
// Errors then: kUnsupported where there is no such program.
#include <functional>
#include <memory>

#include "engine/engine.h"
#include "train/train_network.h"

namespace cleave::app {

/// Nothing where libtorch is here: what comes before lots of work that needs it.
Result<void> need_torch();

/// The engine `torch`.
Result<std::unique_ptr<engine::Engine>> make_torch_engine();

/// train::train_network().
Result<train::TrainedNetwork> run_training(
    const train::TrainRequest& request,
    const std::function<Result<void>(const train::EpochReport&)>& told);

}  // namespace cleave::app
