#include "study/machine.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/random_tensor.h"
#include "base/stats.h"
#include "codec/codec.h"
#include "data/dataset.h"
#include "profile/profile.h"
#include "zoo/zoo.h"

namespace cleave::study {
namespace {

namespace fs = std::filesystem;

constexpr double kGiB = 1 << 30;

std::string rounded(double value, int digits) {
  std::ostringstream text;
  text.setf(std::ios::fixed);
  text.precision(digits);
  text << value;
  return text.str();
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// The instruction sets that the system reports: "flags" on x86, "Features" on Arm.
std::vector<std::string> instruction_sets() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line.substr(std::min(line.find(':') + 1, line.size())));
    std::vector<std::string> sets;
    for (std::string word; words >> word;) sets.push_back(word);
    return sets;
  }
  return {};
}

/// libtorch takes whatever BLAS the system names, and the reference one is several times slower.
Finding examine_blas() {
  void* blas = ::dlopen("libblas.so.3", RTLD_LAZY | RTLD_LOCAL);
  if (blas == nullptr) return {Grade::kNote, "training", "no libblas.so.3: libtorch cannot run"};
  const bool fast = ::dlsym(blas, "openblas_get_config") != nullptr;
  ::dlclose(blas);
  if (fast) return {Grade::kGood, "training", "libblas.so.3 is OpenBLAS"};
  return {Grade::kNote, "training",
          "libblas.so.3 is not OpenBLAS: training is several times slower"};
}

Finding examine_processor() {
  const std::vector<std::string> sets = instruction_sets();
  const auto has = [&](std::string_view name) {
    return std::ranges::find(sets, name) != sets.end();
  };
  std::vector<std::string> present;
  for (const char* name : {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16",
                           "asimd", "bf16", "i8mm"}) {
    if (has(name)) present.emplace_back(name);
  }
  Finding found{Grade::kGood, "processor",
                profile::this_machine() + "; has " +
                    (present.empty() ? "none of the instruction sets "
                                       "that networks gain from"
                                     : joined(present))};
  if (!has("avx2") && !has("asimd")) {
    found.grade = Grade::kNote;
    found.text += "; without AVX2 networks run several times slower";
  } else if (!processor_has_bf16()) {
    found.grade = Grade::kNote;
    found.text += "; without bf16 instructions --precision bf16 gains nothing";
  }
  return found;
}

Finding examine_memory() {
  const double page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  const double total = page * static_cast<double>(::sysconf(_SC_PHYS_PAGES)) / kGiB;
  const double free = page * static_cast<double>(::sysconf(_SC_AVPHYS_PAGES)) / kGiB;
  Finding found{Grade::kGood, "memory",
                rounded(total, 1) + " GiB, " + rounded(free, 1) + " GiB of it unused"};
  if (total < 2) {
    found.grade = Grade::kNote;
    found.text += "; networks of some hundred MB of weights will not fit";
  }
  return found;
}

Result<double> run_tiny(engine::Engine& engine, engine::Precision precision, Clock& clock) {
  constexpr int kRuns = 20;
  std::string network = CLEAVE_TRY(zoo::build("tiny", 1));
  const auto session =
      CLEAVE_TRY(engine.compile(std::move(network), engine::EngineOptions{.precision = precision}));
  const std::vector<Tensor> inputs = random_tensors(session->inputs(), 1);
  std::vector<double> ms;
  for (int i = 0; i < kRuns; ++i) {
    const Nanos start = clock.now();
    CLEAVE_CHECK(session->run(inputs));
    ms.push_back(to_ms(clock.now() - start));
  }
  return summarize(ms).median;
}

Finding examine_engine(engine::Engine& engine, engine::Precision precision, Clock& clock) {
  const std::string what = "engine, " + std::string(engine::precision_name(precision));
  const Result<double> ms = run_tiny(engine, precision, clock);
  if (ms)
    return {Grade::kGood, what,
            engine.name() + " runs the zoo's 'tiny' in " + rounded(*ms, 2) + " ms"};
  const bool needed = precision == engine::Precision::kF32;
  return {needed ? Grade::kMissing : Grade::kNote, what,
          engine.name() + " cannot: " + ms.error().to_string()};
}

/// A codec that may have been left out of the build.
Finding examine_codec(const std::string& what, std::string_view spec, Grade without) {
  const auto codec = codec::Codec::create(spec);
  if (codec) return {Grade::kGood, what, "there"};
  return {without, what, codec.error().to_string()};
}

/// How late a sleeping thread wakes: what the link emulator and emulated devices are off by.
Finding examine_timer(Clock& clock) {
  constexpr int kSleeps = 50;
  constexpr double kSleepMs = 1;
  constexpr double kLateMs = 0.5;
  std::vector<double> late_ms;
  for (int i = 0; i < kSleeps; ++i) {
    const Nanos when = clock.now() + from_ms(kSleepMs);
    clock.sleep_until(when);
    late_ms.push_back(to_ms(clock.now() - when));
  }
  const Summary late = summarize(late_ms);
  Finding found{Grade::kGood, "timer",
                "a sleeper wakes " + rounded(late.median, 2) + " ms late, one in ten " +
                    rounded(late.p90, 2) + " ms or more"};
  if (late.p90 > kLateMs) {
    found.grade = Grade::kNote;
    found.text += "; emulated links and devices are off by that much, other work disturbs them";
  }
  return found;
}

Finding examine_priority() {
  bool granted = false;
  // A thread of its own, whose priority ends with it.
  std::thread([&] {
    const sched_param lowest{.sched_priority = ::sched_get_priority_min(SCHED_FIFO)};
    granted = ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &lowest) == 0;
  }).join();
  if (granted) return {Grade::kGood, "priority", "the link emulator may go ahead of other threads"};
  return {Grade::kNote, "priority",
          "no real-time priority: beside busy threads the link emulator is late by milliseconds; "
          "the system grants it with CAP_SYS_NICE or ulimit -r 1"};
}

Finding examine_disk() {
  std::error_code failure;
  const fs::path folder = fs::temp_directory_path(failure);
  const fs::space_info space = failure ? fs::space_info{} : fs::space(folder, failure);
  if (failure)
    return {Grade::kMissing, "disk", "no folder for temporary files: " + failure.message()};
  const double free = static_cast<double>(space.available) / kGiB;
  Finding found{Grade::kGood, "disk", rounded(free, 1) + " GiB free in " + folder.string()};
  if (free < 1) {
    found.grade = Grade::kNote;
    found.text += "; the tests and the demo write some hundred MB";
  }
  return found;
}

Finding examine_data() {
  const fs::path folder = data::default_data_folder();
  std::error_code ignored;
  if (fs::is_directory(folder / "models", ignored))
    return {Grade::kGood, "test data", folder.string()};
  return {Grade::kNote, "test data",
          "no trained networks and photos in '" + folder.string() +
              "' (CLEAVE_DATA): tests that need them are skipped"};
}

}  // namespace

std::string_view grade_name(Grade grade) {
  switch (grade) {
    case Grade::kGood:
      return "ok";
    case Grade::kNote:
      return "note";
    case Grade::kMissing:
      return "missing";
  }
  return "missing";
}

bool processor_has_bf16() {
  const std::vector<std::string> sets = instruction_sets();
  return std::ranges::any_of(sets, [](const std::string& set) {
    return set == "avx512_bf16" || set == "amx_bf16" || set == "bf16";
  });
}

std::vector<Finding> examine_machine(engine::Engine& engine, Clock& clock) {
  return {examine_processor(),
          examine_memory(),
          examine_engine(engine, engine::Precision::kF32, clock),
          examine_engine(engine, engine::Precision::kBf16, clock),
          examine_blas(),
          examine_codec("zstd", "raw|zstd", Grade::kMissing),
          examine_codec("JPEG", "tile|jpeg", Grade::kNote),
          examine_codec("PNG", "tile|png", Grade::kNote),
          examine_codec("WebP", "tile|webp", Grade::kNote),
          examine_codec("H.264", "tile|h264", Grade::kNote),
          examine_codec("H.265", "tile|h265", Grade::kNote),
          examine_timer(clock),
          examine_priority(),
          examine_disk(),
          examine_data()};
}

}  // namespace cleave::study
