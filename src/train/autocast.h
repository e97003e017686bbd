#pragma once

#include "train/aten.h"
// Behind it.
#include <torch/nn/module.h>

namespace cleave::train {

/// While it lives, operators that gain from it compute in bfloat16, on this thread.
class Autocast {
 public:
  explicit Autocast(bool on);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
};

/// Lays out weights of four dimensions with their channels last, which suits oneDNN's bfloat16.
void use_channels_last(torch::nn::Module& module);

}  // namespace cleave::train
