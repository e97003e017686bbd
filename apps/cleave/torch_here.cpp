// What needs libtorch, in the program that has it.
#include "torch.h"
#include "train/torch_engine.h"

namespace cleave::app {

Result<std::unique_ptr<engine::Engine>> make_torch_engine() { return train::make_torch_engine(); }

Result<void> need_torch() { return {}; }

Result<train::TrainedNetwork> run_training(
    const train::TrainRequest& request,
    const std::function<Result<void>(const train::EpochReport&)>& told) {
  return train::train_network(request, told);
}

}  // namespace cleave::app
