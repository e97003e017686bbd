// cleave doctor: is this machine ready, and what is slow about it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/json.h"
#include "engines.h"
#include "study/machine.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  std::string engine = "openvino";
  bool json = false;
};

void print_json(const std::vector<study::Finding>& findings, bool ready) {
  Json list = Json::array();
  for (const study::Finding& f : findings)
    list.push_back({{"what", f.what}, {"grade", study::grade_name(f.grade)}, {"text", f.text}});
  const Json json{{"format", "cleave-doctor/1"}, {"ready", ready}, {"findings", list}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_table(const std::vector<study::Finding>& findings, bool ready) {
  for (const study::Finding& f : findings)
    fmt::print("{:<8} {:<13} {}\n", study::grade_name(f.grade), f.what, f.text);
  fmt::print("\n{}\n",
             ready ? "This machine is ready." : "Something that is needed is missing: see above.");
}

Result<int> run(const Args& args) {
  const auto engine = CLEAVE_TRY(make_engine(args.engine));
  SteadyClock clock;
  const std::vector<study::Finding> findings = study::examine_machine(*engine, clock);
  const bool ready =
      std::ranges::find(findings, study::Grade::kMissing, &study::Finding::grade) == findings.end();
  if (args.json)
    print_json(findings, ready);
  else
    print_table(findings, ready);
  return ready ? 0 : 1;
}

}  // namespace

Action define_doctor(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command.add_option("--engine", args->engine, "what runs networks")->capture_default_str();
  command.add_flag("--json", args->json, "print JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
