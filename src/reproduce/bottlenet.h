#pragma once

#include "base/clock.h"
#include "engine/engine.h"
#include "reproduce/report.h"
#include "reproduce/unit_options.h"

namespace cleave::reproduce {

/// Makes what chapter 4 of the thesis and the BottleNet paper show of the bottleneck unit in
/// ResNet-50 and VGG-19: the paper's tables 4 and 5, thesis table 4.2, figure 4.5, the comparison
/// of 4.3.4, and, from a file of trained points, figure 4.6. partitions.csv has every way behind
/// them. Errors: of reading the trained points, of writing and of measuring.
Result<Report> reproduce_bottlenet(const UnitOptions& options, engine::Engine& engine,
                                   Clock& clock);

}  // namespace cleave::reproduce
