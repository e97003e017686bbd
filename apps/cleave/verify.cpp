// cleave verify: joins the halves of every cut and compares them with the uncut network.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "bundle/bundle.h"
#include "engines.h"
#include "model_args.h"
#include "study/joined.h"
#include "study/samples.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  std::vector<std::string> paths;
  std::vector<std::string> shapes;
  std::string engine = "openvino";
  SampleArgs samples;
  RunArgs run;
  int every = 1;
  bool json = false;
};

study::JoinedOptions joined_options(const Args& args, const engine::EngineOptions& engine) {
  study::JoinedOptions options{args.every, engine, {}};
  if (::isatty(STDERR_FILENO) != 0) {
    options.progress = [](int done, int total) {
      fmt::print(stderr, "\rcut {} of {}{}", done, total, done == total ? "\r\033[K" : "");
    };
  }
  return options;
}

Result<study::JoinedReport> verify(const std::string& path, const Args& args) {
  const engine::EngineOptions options = CLEAVE_TRY(engine_options(args.run));
  if (bundle::is_bundle(path)) {
    const auto engine = CLEAVE_TRY(make_engine(args.engine));
    const bundle::Bundle bundle = CLEAVE_TRY(bundle::Bundle::load(path));
    return study::compare_joined(bundle, *engine, joined_options(args, options));
  }
  const LoadedModel loaded = CLEAVE_TRY(load_model({path, args.shapes, args.engine}));
  const study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, args.samples.paths, args.samples.preprocess, args.samples.limit));
  return study::compare_joined(loaded.model, *loaded.engine, samples.inputs,
                               joined_options(args, options));
}

Json to_json(const std::string& path, const study::JoinedReport& report) {
  Json faults = Json::array();
  for (const study::JoinedFault& fault : report.faults)
    faults.push_back({{"cut", fault.cut}, {"message", fault.message}});
  return Json{{"network", path},           {"cuts", report.cuts},
              {"with_unit", report.units}, {"worst_difference", report.difference},
              {"worst_cut", report.cut},   {"worst_output", report.output},
              {"faults", faults}};
}

void print_row(const std::string& path, const study::JoinedReport& report) {
  std::string where =
      report.cut.empty() ? "equal" : fmt::format("cut {}, {}", report.cut, report.output);
  if (report.units > 0)
    where = fmt::format("{}{} with a unit: by recorded runs alone",
                        report.units < report.cuts ? where + "; " : "", report.units);
  fmt::print("{:<36} {:>5}  {:>10.2g}  {}\n", std::filesystem::path(path).filename().string(),
             report.cuts, report.difference, where);
  for (const study::JoinedFault& fault : report.faults)
    fmt::print("  FAULT at cut {}: {}\n", fault.cut, fault.message);
  std::fflush(stdout);
}

Result<int> run(const Args& args) {
  Json networks = Json::array();
  bool sound = true;
  if (!args.json) fmt::print("{:<36} {:>5}  {:>10}  {}\n", "network", "cuts", "worst", "where");
  for (const std::string& path : args.paths) {
    const study::JoinedReport report = CLEAVE_TRY(verify(path, args));
    sound = sound && report.faults.empty();
    if (args.json)
      networks.push_back(to_json(path, report));
    else
      print_row(path, report);
  }
  if (args.json) {
    const Json json{{"format", "cleave-verify/1"},
                    {"tolerance", study::kJoinedTolerance},
                    {"sound", sound},
                    {"networks", networks}};
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  return sound ? 0 : 1;
}

}  // namespace

Action define_verify(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command.add_option("MODEL|BUNDLE", args->paths, "ONNX files or bundles")->required();
  command
      .add_option("--shape", args->shapes,
                  "shape of an input, as name=1,3,224,224; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--engine", args->engine, "what runs networks")->capture_default_str();
  add_sample_args(command, args->samples);
  add_run_args(command, args->run);
  command.add_option("--every", args->every, "check the first cut and every so many-th after it")
      ->capture_default_str();
  command.add_flag("--json", args->json, "print JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
