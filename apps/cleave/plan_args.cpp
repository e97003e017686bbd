#include "plan_args.h"

#include <CLI/CLI.hpp>

#include "study/problem.h"
#include "study/samples.h"

namespace cleave::app {

void add_plan_args(CLI::App& command, PlanArgs& args) {
  command.add_option("--device", args.device, "the device's profile, from cleave profile");
  command.add_option("--cloud", args.cloud, "the server's profile");
  command.add_option("--link", args.link, "3g, 4g, wifi or link:up=…,down=…,rtt=…")
      ->capture_default_str();
  command.add_option("--codec", args.codec, "what codes the values that cross")
      ->capture_default_str();
  command
      .add_option("--compute-mw", args.compute_mw,
                  "power of the device while it computes, mW (modelled)")
      ->capture_default_str();
  command
      .add_option("--jpeg-quality", args.jpeg_quality,
                  "quality of the picture that cloud-only sends")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
}

Result<plan::Problem> make_problem(const LoadedModel& loaded, const PlanArgs& args,
                                   const SampleArgs& sample_args) {
  study::ProblemRequest request;
  request.device = CLEAVE_TRY(profile::load(args.device));
  request.cloud = CLEAVE_TRY(profile::load(args.cloud));
  request.link = CLEAVE_TRY(parse_link(args.link));
  request.energy.compute_mw = args.compute_mw;
  request.codec = args.codec;
  request.jpeg_quality = args.jpeg_quality;
  const study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, sample_args.paths, sample_args.preprocess, sample_args.limit));
  SteadyClock clock;
  return study::make_problem(loaded.model, *loaded.engine, request, samples, clock);
}

}  // namespace cleave::app
