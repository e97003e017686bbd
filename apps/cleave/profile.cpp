// cleave profile: measures a network on this machine, at every boundary between its layers.
#include "profile/profile.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/spec.h"
#include "model_args.h"
#include "profile/measure.h"
#include "study/samples.h"
#include "units.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  ModelArgs model;
  RunArgs run;
  SampleArgs samples;
  std::string out;
  std::string budget = "30s";
  double slowdown = 1;
  int rounds = 9;
  std::vector<std::string> groups;
  std::string add_to;
  std::string idle = fmt::format("{:g}ms", profile::kIdleMs);
  bool json = false;
};

std::string cost_text(const std::vector<std::optional<profile::Cost>>& costs, std::size_t i) {
  if (i >= costs.size() || !costs[i]) return "-";
  const profile::Cost& c = *costs[i];
  if (c.interpolated()) return fmt::format("~{:.3f}", c.median_ms);
  return fmt::format("{:.3f} ±{:.0f}%", c.median_ms,
                     c.median_ms > 0 ? 50 * (c.p75_ms - c.p25_ms) / c.median_ms : 0);
}

void print_header(const profile::Profile& p) {
  fmt::print("{} on {}, {}, {} thread(s), {}, {} hint\n", p.model_name, p.machine, p.engine,
             p.threads, p.precision, p.hint);
  if (p.slowdown > 1) {
    fmt::print(
        "emulated device: {:g}x slower than this machine, by sleeping; every time below includes "
        "it\n",
        p.slowdown);
  }
}

/// Separate against grouped execution: the error that summing single layers makes (thesis
/// figure 2.3).
void print_grouping(const profile::Profile& p) {
  fmt::print("\nwhole network, fused: {:.3f} ms\n", p.whole_ms);
  if (const auto& whole = p.head.back(); whole && whole->memory_bytes) {
    fmt::print("in memory, once it has run: {}\n",
               bytes_text(static_cast<double>(*whole->memory_bytes)));
  }
  if (const auto sum = profile::sum_of_layers_ms(p)) {
    fmt::print("sum of its layers run one by one: {:.3f} ms, {:.2f}x the fused group\n", *sum,
               *sum / p.whole_ms);
  }
}

void print_table(const profile::Profile& p) {
  print_header(p);
  fmt::print(
      "medians in ms, ± half the distance between the quartiles; ~ is interpolated, not "
      "measured\n\n");
  fmt::print("{:>5}  {:<32} {:>16} {:>16} {:>16} {:>12}\n", "cut", "after layer", "layer alone",
             "head fused", "tail fused", "sum of head");
  double sum = 0;
  bool complete = true;
  for (std::size_t k = 1; k <= p.layers(); ++k) {
    complete =
        complete && k - 1 < p.layer.size() && p.layer[k - 1] && !p.layer[k - 1]->interpolated();
    if (complete) sum += p.layer[k - 1]->median_ms;
    fmt::print("{:>5}  {:<32.32} {:>16} {:>16} {:>16} {:>12}\n", k, p.layer_names[k - 1],
               cost_text(p.layer, k - 1), cost_text(p.head, k), cost_text(p.tail, k),
               complete ? fmt::format("{:.3f}", sum) : "-");
  }
  print_grouping(p);
  for (const profile::GroupCost& g : p.groups) {
    fmt::print("layers {}-{}, fused: {:.3f} ms ±{:.0f}%\n", g.first, g.last, g.cost.median_ms,
               g.cost.median_ms > 0 ? 50 * (g.cost.p75_ms - g.cost.p25_ms) / g.cost.median_ms : 0);
  }
}

/// "4-9": layers 4 to 9.
Result<std::pair<int, int>> parse_group(const std::string& text) {
  const std::vector<std::string_view> ends = split(text, '-');
  const auto first = parse_number<int>(ends.front());
  const auto last = parse_number<int>(ends.back());
  if (ends.size() == 2 && first && last) return std::pair(*first, *last);
  return fail(ErrorCode::kInvalidArgument, "profile",
              "group '" + text + "', expected FIRST-LAST, layers from 1, as in 4-9");
}

/// Adds to a profile, or makes a new one.
Result<profile::Profile> measure(const LoadedModel& loaded, const Args& args,
                                 const profile::MeasureOptions& options) {
  SteadyClock clock;
  if (args.add_to.empty()) {
    profile::Profile p = CLEAVE_TRY(profile::measure(loaded.model, *loaded.engine, options, clock));
    p.model_name = loaded.name;
    return p;
  }
  profile::Profile p = CLEAVE_TRY(profile::load(args.add_to));
  CLEAVE_CHECK(profile::add_groups(p, loaded.model, *loaded.engine, options, clock));
  return p;
}

Result<int> run(const Args& args) {
  if (!args.add_to.empty() && args.groups.empty()) {
    return fail(ErrorCode::kInvalidArgument, "profile",
                "--add-to without --groups, expected the groups to add");
  }
  LoadedModel loaded = CLEAVE_TRY(load_model(args.model));
  profile::MeasureOptions options;
  for (const std::string& group : args.groups)
    options.groups.push_back(CLEAVE_TRY(parse_group(group)));
  options.engine = CLEAVE_TRY(engine_options(args.run));
  options.slowdown = args.slowdown;
  options.rounds = args.rounds;
  options.idle_ms = CLEAVE_TRY(parse_duration_ms(args.idle));
  options.budget_s = CLEAVE_TRY(parse_duration_ms(args.budget)) / 1000;
  study::Samples samples =
      CLEAVE_TRY(study::load_samples(loaded.model, args.samples.paths, args.samples.preprocess, 1));
  options.inputs = std::move(samples.inputs.front());
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  if (terminal) {
    options.progress = [](int done, int total) {
      fmt::print(stderr, "\rmeasured {} of {} groups", done, total);
    };
  }
  const profile::Profile p = CLEAVE_TRY(measure(loaded, args, options));
  if (terminal) fmt::print(stderr, "\n");
  const std::string text = dump_json(profile::to_json(p), 2) + "\n";
  const std::string& out = args.out.empty() ? args.add_to : args.out;
  if (!out.empty()) CLEAVE_CHECK(write_file(out, text));
  if (args.json)
    fmt::print("{}", text);
  else
    print_table(p);
  return 0;
}

}  // namespace

Action define_profile(CLI::App& command) {
  auto args = std::make_shared<Args>();
  add_model_args(command, args->model);
  add_run_args(command, args->run);
  add_sample_args(command, args->samples);
  command.add_option("--out", args->out, "file for the profile");
  command.add_option("--budget", args->budget, "time to measure in; the rest is interpolated")
      ->capture_default_str();
  command
      .add_option("--slowdown", args->slowdown,
                  "emulate a device so many times slower, by sleeping")
      ->capture_default_str();
  command.add_option("--rounds", args->rounds, "runs of each group")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      .add_option("--idle", args->idle,
                  "rest before each run: a machine that waits for requests runs them cold")
      ->capture_default_str();
  command
      .add_option("--groups", args->groups,
                  "runs of layers to measure as well, as 4-9,12-20: cleave plan says which")
      ->delimiter(',');
  command
      .add_option("--add-to", args->add_to,
                  "measure the groups alone, as this profile was measured, and add them to it")
      ->type_name("FILE");
  command.add_flag("--json", args->json, "print the profile instead of a table");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
