#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"

namespace cleave::study {

enum class Grade {
  kGood,
  kNote,     ///< works, but slower or less than it could be
  kMissing,  ///< something that the program needs
};
/// "ok", "note", "missing".
std::string_view grade_name(Grade grade);

/// One thing that was looked at, and in plain words what was found.
struct Finding {
  Grade grade = Grade::kGood;
  std::string what;
  std::string text;
};

/// Whether it has instructions for bfloat16, without which that precision gains nothing.
bool processor_has_bf16();

/// Looks at the processor, the memory, the engine in each precision (a small network is run), what
/// training computes with, the codecs, timers, the folder for temporary files and the data for
/// tests. Takes about a second.
std::vector<Finding> examine_machine(engine::Engine& engine, Clock& clock);

}  // namespace cleave::study
