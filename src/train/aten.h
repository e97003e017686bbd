#pragma once

// libtorch's tensors.
//
// clang wants IValue complete before a vector of them is destroyed, which ATen.h alone does not
// give.
#include <ATen/core/ivalue.h>
// Behind it.
#include <ATen/ATen.h>
