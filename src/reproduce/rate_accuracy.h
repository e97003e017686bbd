#pragma once

#include <vector>

#include "reproduce/figure.h"
#include "reproduce/report.h"
#include "reproduce/trained_points.h"
#include "reproduce/unit_options.h"

// What a byte buys: units, codecs of the plain value at the same cut, and codecs of the picture.

namespace cleave::reproduce {

/// Points of top-1 that are lost over the bytes that cross, a panel for each network, data and cut.
/// A line for each kind of unit, and for each codec of plain values and of pictures; of each, those
/// points that no other beats. Losses are of the test set, points without being left out; at a cut
/// where that leaves nothing to compare, of the pictures held out. Units come with training, in
/// which the rest of the network learns too; what stands beside them does without.
Figure rate_accuracy_figure(const std::vector<TrainedPoint>& points);

/// The bytes of each line at a loss of 2 points, and how they compare. Of units those of a point
/// that was made; between two points of a codec the line is straight over the logarithm of bytes.
std::vector<Claim> rate_accuracy_claims(const std::vector<TrainedPoint>& points);

/// Adds both where some cut has a unit and something beside it, or says what is missing. Errors: of
/// writing.
Result<void> add_rate_accuracy(Report& report, const UnitOptions& options,
                               const std::vector<TrainedPoint>& points);

}  // namespace cleave::reproduce
