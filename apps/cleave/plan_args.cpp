#include "plan_args.h"

#include <CLI/CLI.hpp>

#include "power_args.h"
#include "study/codec_costs.h"
#include "study/problem.h"
#include "study/samples.h"
#include "study/trace_link.h"

namespace cleave::app {
namespace {

/// What this machine draws while it runs the network as for the device's profile, in mW.
Result<double> measure_device_mw(const LoadedModel& loaded, const profile::Profile& device,
                                 std::span<const Tensor> inputs) {
  if (device.machine != profile::this_machine()) {
    return fail(ErrorCode::kInvalidArgument, "plan",
                "the device's profile is of machine '" + device.machine + "', and here is '" +
                    profile::this_machine() + "': expected a power that need not be measured here");
  }
  engine::EngineOptions options;
  options.threads = device.threads;
  options.precision = CLEAVE_TRY(engine::parse_precision(device.precision));
  options.hint = CLEAVE_TRY(engine::parse_hint(device.hint));
  return measure_power_mw(*loaded.engine, CLEAVE_TRY(loaded.model.to_bytes()), options, inputs);
}

/// The link, or what it comes to over a trace.
Result<Link> read_link(const PlanArgs& args) {
  Link link = CLEAVE_TRY(parse_link(args.link));
  if (args.trace.empty()) return link;
  const wire::LinkTrace trace = CLEAVE_TRY(wire::read_link_trace(args.trace));
  if (args.over == "expected") {
    link = CLEAVE_TRY(study::expected_link(trace, link));
    link.name = args.trace + " on average";
    return link;
  }
  const study::WorstLink worst = CLEAVE_TRY(study::worst_link(trace, link));
  link = worst.link;
  link.name = args.trace + (worst.one_moment ? " at its worst" : " at the worst of each, a bound");
  return link;
}

}  // namespace

void add_plan_args(CLI::App& command, PlanArgs& args) {
  command.add_option("--device", args.device, "the device's profile, from cleave profile");
  command.add_option("--cloud", args.cloud, "the server's profile");
  command
      .add_option("--link", args.link,
                  "3g, 4g, wifi or link:up=…,down=…,rtt=…; a radio's tail by tail_ms=…,tail_mw=…")
      ->capture_default_str();
  command
      .add_option("--trace", args.trace,
                  "plan for a link that changes: its rates over time, as for cleave link")
      ->type_name("FILE");
  command.add_option("--over", args.over, "of the trace: its expected or its worst cost")
      ->check(CLI::IsMember({"expected", "worst"}))
      ->needs("--trace")
      ->capture_default_str();
  command.add_option("--codec", args.codec, "what codes the values that cross")
      ->capture_default_str();
  command
      .add_option(
          "--picture", args.pictures,
          picture_help("how cloud-only sends a picture; may be repeated: the soonest there counts"))
      ->allow_extra_args(false);
}

Result<plan::CodecChoice> measure_calibrated(const LoadedModel& loaded, const SampleArgs& samples,
                                             std::span<const codec::CalibratedValue> values) {
  const study::Samples loaded_samples = CLEAVE_TRY(
      study::load_samples(loaded.model, samples.paths, samples.preprocess, samples.limit));
  SteadyClock clock;
  return study::measure_calibrated_costs(loaded.model, *loaded.engine, values,
                                         loaded_samples.inputs, clock);
}

Result<plan::Problem> make_problem(const LoadedModel& loaded, const PlanArgs& args,
                                   const SampleArgs& sample_args) {
  study::ProblemRequest request;
  request.device = CLEAVE_TRY(profile::load(args.device));
  request.cloud = CLEAVE_TRY(profile::load(args.cloud));
  request.link = CLEAVE_TRY(read_link(args));
  request.codec = args.codec;
  if (!args.pictures.empty()) request.pictures.clear();
  for (const std::string& spec : args.pictures)
    request.pictures.push_back(CLEAVE_TRY(data::PictureCodec::parse(spec)));
  const study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, sample_args.paths, sample_args.preprocess, sample_args.limit));
  request.energy = CLEAVE_TRY(plan::read_power(args.power, [&] {
    return measure_device_mw(loaded, request.device, samples.inputs.front());
  }));
  SteadyClock clock;
  return study::make_problem(loaded.model, *loaded.engine, request, samples, clock);
}

}  // namespace cleave::app
