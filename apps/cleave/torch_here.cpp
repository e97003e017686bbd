// What needs libtorch, in the program that has it.
#include "torch.h"
#include "train/torch_engine.h"

namespace cleave::app {

Result<std::unique_ptr<engine::Engine>> make_torch_engine() { return train::make_torch_engine(); }

}  // namespace cleave::app
