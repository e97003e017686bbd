#include "search_costs.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <utility>

#include "codec/packet.h"
#include "plan/planner.h"
#include "plan/scaling.h"
#include "power_args.h"
#include "study/problem.h"
#include "study/split_request.h"

namespace cleave::app {
namespace {

/// Pictures on which what sending the input costs is measured.
constexpr std::size_t kSamples = 8;

Result<study::Samples> samples_of(const Training& training) {
  study::Samples samples;
  samples.preprocess = training.preprocess;
  for (std::size_t i = 0; i < std::min(kSamples, training.set.size()); ++i) {
    samples.pictures.push_back(CLEAVE_TRY(training.set.picture(i)));
    samples.inputs.push_back({training.preprocess.apply(samples.pictures.back())});
  }
  return samples;
}

}  // namespace

void add_search_cost_args(CLI::App& command, SearchCostArgs& args) {
  CLI::Option* device =
      command.add_option("--device", args.device, "the device's profile, from cleave profile");
  CLI::Option* cloud = command.add_option("--cloud", args.cloud, "the server's profile");
  device->needs(cloud);
  cloud->needs(device);
  command.add_option("--link", args.link, "3g, 4g, wifi or link:up=…,down=…,rtt=…")
      ->capture_default_str();
  command
      .add_option("--objective", args.objective,
                  "what is to be least: latency, energy or bytes; without profiles, bytes")
      ->default_str("latency");
  command.add_option("--device-load", args.device_load, "factor on the device's times")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--cloud-load", args.cloud_load, "factor on the server's times")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  args.power = plan::EnergyModel{}.power;
  add_power_arg(command, args.power);
}

Result<SearchCosts> SearchCosts::create(SearchCostArgs& args, const Training& training,
                                        Clock& clock) {
  const bool has_profiles = !args.device.empty();
  if (args.objective.empty()) args.objective = has_profiles ? "latency" : "bytes";
  const auto objective = CLEAVE_TRY(plan::parse_objective(args.objective));
  if (!has_profiles && objective != plan::Objective::kBytes)
    return fail(ErrorCode::kInvalidArgument, "search",
                "--objective " + args.objective + " without --device and --cloud, expected both");
  SearchCosts costs(training, clock, objective);
  costs.samples_ = CLEAVE_TRY(samples_of(training));
  if (!has_profiles) return costs;
  study::ProblemRequest request;
  request.device = CLEAVE_TRY(profile::load(args.device));
  request.cloud = CLEAVE_TRY(profile::load(args.cloud));
  request.link = CLEAVE_TRY(parse_link(args.link));
  request.energy = CLEAVE_TRY(plan::read_power(args.power, [&]() -> Result<double> {
    return measure_power_mw(*training.loaded.engine, CLEAVE_TRY(training.loaded.model.to_bytes()),
                            {.threads = request.device.threads}, costs.samples_.inputs.front());
  }));
  costs.problem_ = CLEAVE_TRY(study::make_problem(training.loaded.model, *training.loaded.engine,
                                                  request, costs.samples_, clock));
  costs.loaded_ = costs.problem_;
  costs.device_load_ = args.device_load;
  costs.cloud_load_ = args.cloud_load;
  plan::load_device(*costs.loaded_, args.device_load);
  plan::load_server(*costs.loaded_, args.cloud_load);
  return costs;
}

std::string SearchCosts::basis() const {
  if (!problem_ || objective_ == plan::Objective::kBytes) return "costs are bytes of a packet";
  std::string text = fmt::format("costs are predicted over {}", problem_->link.name);
  if (objective_ == plan::Objective::kEnergy) text += ", energy modelled";
  if (problem_->device.slowdown > 1)
    text += fmt::format("; the device is emulated, {:g}x slower than the machine that was profiled",
                        problem_->device.slowdown);
  for (const auto& [side, load] : {std::pair{"device", device_load_}, {"server", cloud_load_}})
    if (load != 1) text += fmt::format("; the {}'s load is {:g}", side, load);
  return text;
}

double SearchCosts::of_candidate(const search::Candidate& candidate, double payload_bytes) const {
  const double bytes = payload_bytes + static_cast<double>(codec::kBoundHeaderBytes);
  if (!loaded_) return bytes;
  plan::Problem problem = *loaded_;
  const auto k = static_cast<std::size_t>(candidate.cut);
  if (k < problem.codec.size()) problem.codec[k] = plan::CodecCost{bytes, 0, 0};
  const auto way = plan::evaluate(problem, k);
  // A cut that was not profiled cannot be compared: it comes last.
  return way ? plan::objective_value(*way, objective_) : std::numeric_limits<double>::max();
}

Result<std::optional<bundle::CutCosts>> SearchCosts::of_unit(
    const search::Candidate& candidate, const search::UnitHalves& halves) const {
  if (!problem_) return std::nullopt;
  const graph::Model& model = training_.loaded.model;
  const graph::Cut* cut = CLEAVE_TRY(model.find_cut(std::to_string(candidate.cut)));
  return CLEAVE_TRY(search::unit_costs(model, *cut, halves, *problem_, samples_.inputs,
                                       *training_.loaded.engine, clock_));
}

std::optional<bundle::WholeCosts> SearchCosts::of_whole() const {
  if (!problem_) return std::nullopt;
  return study::whole_costs(*problem_);
}

}  // namespace cleave::app
