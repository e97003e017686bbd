#pragma once

#include <string>
#include <vector>

#include "model_args.h"

namespace cleave::app {

/// The arguments of `cleave codec table`.
struct CodecTableArgs {
  ModelArgs model;
  SampleArgs samples;
  std::vector<std::string> codecs;
  std::string out;
};

/// Measures what each codec does to every value of a network that may cross, and writes the table
/// that `cleave plan --codecs` chooses from.
Result<int> write_codec_table(const CodecTableArgs& args);

}  // namespace cleave::app
