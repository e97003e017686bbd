#pragma once

#include <map>
#include <optional>
#include <utility>

#include "engine/engine.h"
#include "reproduce/figure.h"
#include "reproduce/report.h"
#include "reproduce/trained_points.h"
#include "reproduce/unit_options.h"

// What trained points say of units, beside what chapters 3 and 4 of the thesis say.

namespace cleave::reproduce {

/// Figure 3.7: accuracy over the channels of the code, a panel for each network, data and cut
/// with several numbers of them, a line for each codec, in the loop of training or put in
/// afterwards, beside that of the uncut network.
Figure accuracy_figure(const std::vector<TrainedPoint>& butterflies);

/// Figure 4.6: points of accuracy that are lost over the bytes of a code, a panel for each network,
/// data and cut, and of each unit a line where the codec was in the loop of training and one where
/// it was not, of codecs that were tried both ways.
Figure loss_figure(const std::vector<TrainedPoint>& bottlenecks);

/// Numbers that a value has, by network and name, and those of a network's picture under "".
using ValueCounts = std::map<std::pair<std::string, std::string>, double>;
/// Of those networks of a data folder that are named as a point's. The report says which networks
/// and which of their cuts have no counts, and why.
ValueCounts count_values(const std::filesystem::path& data, const std::vector<TrainedPoint>& points,
                         engine::Engine& engine, Report& report);

/// Under `measured`; `counts` may lack what the points name. Where a loss is accepted, only points
/// count whose codec was in the loop of training.
std::vector<Claim> butterfly_claims(const std::vector<TrainedPoint>& butterflies,
                                    const ValueCounts& counts);
std::vector<Claim> bottleneck_claims(const std::vector<TrainedPoint>& bottlenecks,
                                     const ValueCounts& counts);

/// What is to be shown of one kind of unit.
struct TrainedUnit {
  std::string_view name;
  std::string_view shows;  ///< for people, where there are no points
  Figure (*figure)(const std::vector<TrainedPoint>&);
  std::vector<Claim> (*claims)(const std::vector<TrainedPoint>&, const ValueCounts&);
};
inline constexpr TrainedUnit kTrainedButterfly{"butterfly",
                                               "figure 3.7 and what it takes to keep accuracy",
                                               accuracy_figure, butterfly_claims};
inline constexpr TrainedUnit kTrainedBottleneck{
    "bottleneck", "figure 4.6 and what it takes to keep accuracy", loss_figure, bottleneck_claims};

/// Adds figure and claims of all points of a unit, or says what is missing. Errors: of writing.
Result<void> add_trained(Report& report, const UnitOptions& options, const TrainedUnit& unit,
                         const std::vector<TrainedPoint>& points, engine::Engine& engine);

}  // namespace cleave::reproduce
