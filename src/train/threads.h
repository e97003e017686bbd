#pragma once

namespace cleave::train {

/// How many threads libtorch computes with from here on, in the whole process; 0: one for every
/// processor. By itself it takes what OMP_NUM_THREADS says, which this overrides, or as many as
/// there are cores, which it counts as one on processors that its library does not know. Not while
/// something computes.
void use_threads(int threads);

}  // namespace cleave::train
