#pragma once

#include <vector>

#include "plan/planner.h"
#include "plan/table.h"
#include "plan_args.h"
#include "study/choose_codec.h"
#include "study/refine.h"

namespace cleave::app {

// What `cleave plan` prints, part by part.

void print_plan_head(const plan::Problem& problem, const study::ScheduleRequest& request);

/// The best schedule step by step, and what it rests on.
void print_schedule(const LoadedModel& loaded, const PlanArgs& args,
                    const study::PlannedSchedule& planned);

/// The ways with one crossing, `top` of the splits among them; those that break a limit are marked,
/// those that do not fit the memory counted.
void print_ranking(const plan::Problem& problem, const plan::Limits& limits,
                   const plan::FittingWays& ranking, std::size_t top);

/// Encoding, sending and decoding by each codec, and what it comes to, beside `raw`.
void print_codecs(const std::vector<study::CodecRow>& rows, const profile::Profile& device);

void print_front(const LoadedModel& loaded, const std::vector<plan::Schedule>& front);

/// A map with a letter for each schedule: rates across, loads down.
void print_table(const plan::PlanTable& table);

/// Members of "cleave-plan/1".
Json limits_to_json(const plan::Limits& limits);
Json codecs_to_json(const std::vector<study::CodecRow>& rows);
Json front_to_json(const std::vector<plan::Schedule>& front);

}  // namespace cleave::app
