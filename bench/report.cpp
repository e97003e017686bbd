#include "report.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "base/file.h"

namespace cleave::bench {
namespace {

constexpr std::string_view kOutPrefix = "--benchmark_out=";

std::string target_text(const std::optional<Target>& target, const std::string& unit) {
  if (!target) return "";
  return fmt::format("{} {:g} {}", target->is == Target::Is::kAtLeast ? "at least" : "at most",
                     target->value, unit);
}

}  // namespace

Result<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick") {
      arguments.quick = true;
    } else if (argument == "--full") {
      arguments.full = true;
    } else if (argument == "--out" && i + 1 < argc) {
      arguments.out = argv[++i];
    } else if (argument == "--only" && i + 1 < argc) {
      arguments.only.emplace_back(argv[++i]);
    } else if (argument.starts_with(kOutPrefix)) {
      arguments.out = argument.substr(kOutPrefix.size());
    } else if (!argument.starts_with("--benchmark_")) {
      return fail(ErrorCode::kInvalidArgument, "bench",
                  fmt::format("'{}' is not known, expected --quick, --full, --only NETWORK, "
                              "--out FILE or --benchmark_out=FILE",
                              argument));
    }
  }
  return arguments;
}

Report::Report(std::string benchmark) {
  double load = 0;
  ::getloadavg(&load, 1);
  const unsigned processors = std::thread::hardware_concurrency();
  fmt::print("{}: {} processors, load average {:.2f}\n", benchmark, processors, load);
  json_ = {{"benchmark", std::move(benchmark)},
           {"processors", processors},
           {"load_average", load},
           {"results", Json::array()}};
}

void Report::section(std::string subject, const std::string& details) {
  subject_ = std::move(subject);
  fmt::print("\n{}: {}\n  {:<44} {:>10}         target\n", subject_, details, "", "result");
  std::fflush(stdout);
}

void Report::add(const std::string& name, double result, const std::string& unit,
                 std::optional<Target> target) {
  const bool met = target && target->met_by(result);
  fmt::print("  {:<44} {:>10.4g} {:<6}  {:<16} {}\n", name, result, unit, target_text(target, unit),
             !target ? ""
             : met   ? "met"
                     : "MISSED");
  std::fflush(stdout);
  Json row{{"name", subject_ + ": " + name},
           {"unit", unit},
           {"result", result},
           {"target", {}},
           {"bound", {}},
           {"met", {}}};
  if (target) {
    row["target"] = target->value;
    row["bound"] = target->is == Target::Is::kAtLeast ? "at least" : "at most";
    row["met"] = met;
  }
  json_["results"].push_back(std::move(row));
}

Result<void> Report::write(const std::string& out) const {
  if (out.empty()) return {};
  return write_file(out, json_.dump(2) + "\n");
}

int run_benchmark(const std::string& name, int argc, char** argv,
                  Result<void> (*run)(const Arguments&, Report&)) {
  const auto done = [&]() -> Result<void> {
    const Arguments arguments = CLEAVE_TRY(parse_arguments(argc, argv));
    Report report(name);
    CLEAVE_CHECK(run(arguments, report));
    return report.write(arguments.out);
  }();
  if (!done) fmt::print(stderr, "bench_{}: {}\n", name, done.error().to_string());
  return done ? 0 : 1;
}

}  // namespace cleave::bench
