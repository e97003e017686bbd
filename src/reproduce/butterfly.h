#pragma once

#include "base/clock.h"
#include "engine/engine.h"
#include "reproduce/report.h"
#include "reproduce/unit_options.h"

namespace cleave::reproduce {

/// Makes what chapter 3 of the thesis shows of the butterfly unit in ResNet-50: tables 3.4 and 3.5,
/// figure 3.5, the loads of 3.3.3, the comparison of 3.3.4, and, from a file of trained points,
/// figure 3.7. partitions.csv has every way behind them. Errors: of reading the trained points, of
/// writing and of measuring.
Result<Report> reproduce_butterfly(const UnitOptions& options, engine::Engine& engine,
                                   Clock& clock);

}  // namespace cleave::reproduce
