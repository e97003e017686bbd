#pragma once

#include <limits>
#include <string>

#include "plan_args.h"
#include "study/network_problem.h"

namespace cleave::app {

/// How a network between a device and one server is planned, and what is shown of it.
struct NetworkArgs {
  PlanArgs plan;
  SampleArgs samples;
  study::ScheduleRequest request;
  std::string codecs;  ///< file of codecs to choose from; empty: the one of `plan`
  double max_loss = std::numeric_limits<double>::infinity();
  std::vector<std::string> calibrations;  ///< files or folders: values that may be sent so
  bool compare_codecs = false;            ///< show what each codec comes to over each link
  bool measure = false;
  std::string budget = "60s";
  bool explain = false;
  bool pareto = false;
  std::string dot;
  std::string table;
  std::string rates = "0.25:128:37";
  std::string loads = "1:8:7";
  bool one_crossing = false;  ///< of the table's schedules
  std::string out;
  std::size_t top = 12;
  bool json = false;
};

/// Plans, prints, and writes the files that were asked for.
Result<int> plan_network(const LoadedModel& loaded, const NetworkArgs& args);

}  // namespace cleave::app
