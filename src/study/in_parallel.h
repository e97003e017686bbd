#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace cleave::study {

/// Calls `work(worker, i)` once for every i below `count`, from `workers` (at least 1) threads,
/// each with a number of its own below `workers`. The order is nobody's to rely on. The first error
/// ends all and is returned. `progress` (may be empty) is told how many are done, by one thread at
/// a time.
Result<void> in_parallel(std::size_t count, std::size_t workers,
                         const std::function<Result<void>(std::size_t worker, std::size_t i)>& work,
                         const std::function<void(std::size_t done)>& progress);

}  // namespace cleave::study
