#pragma once

namespace cleave::train {

/// How many threads libtorch computes with from here on, in the whole process; 0: one for every
/// processor. By itself it may take fewer: it counts cores by a library that does not know every
/// processor.
void use_threads(int threads);

}  // namespace cleave::train
