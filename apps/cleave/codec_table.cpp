#include "codec_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "study/codec_costs.h"
#include "study/samples.h"

namespace cleave::app {

Result<int> write_codec_table(const CodecTableArgs& args) {
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

}  // namespace cleave::app
