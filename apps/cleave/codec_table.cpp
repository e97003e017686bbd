// cleave codec table: measures what each codec does to every value of a network that may cross, and
// writes the table that `cleave plan --codecs` chooses from.
#include "codec_table.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/file.h"
#include "model_args.h"
#include "study/codec_costs.h"
#include "study/samples.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  SampleArgs samples;
  std::vector<std::string> codecs;
  std::string out;
};

Result<int> run(const Args& args) {
  const LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  const study::Samples samples = CLEAVE_TRY(study::load_samples(
      loaded.model, args.samples.paths, args.samples.preprocess, args.samples.limit));
  if (samples.random) fmt::print(stderr, "note: no --samples: measured on seeded noise\n");
  SteadyClock clock;
  std::vector<plan::CodecChoice> choices;
  for (const std::string& codec : args.codecs) {
    choices.push_back(CLEAVE_TRY(about(
        "codec '" + codec + "'",
        study::measure_codec_costs(loaded.model, *loaded.engine, codec, samples.inputs, clock))));
    double bytes = 0;
    double loss = 0;
    for (const auto& [name, value] : choices.back().values) {
      bytes += value.cost.payload_bytes;
      loss = std::max(loss, value.loss);
    }
    fmt::print("{:<44} {:>4} values, {:>10.0f} bytes in all, loss up to {:.3g}\n", codec,
               choices.back().values.size(), bytes, loss);
  }
  CLEAVE_CHECK(write_file(args.out, dump_json(plan::to_json(choices)) + "\n"));
  return 0;
}

}  // namespace

std::function<Result<int>()> define_codec_table(CLI::App& command) {
  const auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  add_sample_args(command, args->samples);
  command.add_option("--codec", args->codecs, "a codec; may be repeated")->required();
  command.add_option("--out", args->out, "file for the table")->required();
  return [args] { return run(*args); };
}

}  // namespace cleave::app
