// cleave run: sends photos and tensors through a bundle.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/spec.h"
#include "data/npy.h"
#include "edge/run_report.h"
#include "edge/runner.h"
#include "edge/trace.h"
#include "engines.h"
#include "model_args.h"
#include "power_args.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct RunArguments {
  std::string bundle;
  std::vector<std::string> inputs;
  std::string engine = "openvino";
  std::string precision = "f32";
  std::string timeout = "10s";
  std::string picture;
  std::optional<std::string> table;
  std::string link;
  std::string power = plan::EnergyModel{}.power;
  std::string trace;
  std::string out;
  int warmup = 1;
  int repeat = 1;
  int inflight = 1;
  bool json = false;
  edge::RunnerOptions runner{.strategy = ""};
};

std::string top_text(const std::optional<edge::TopClass>& top) {
  if (!top) return "";
  const std::string name = top->label.empty() ? fmt::format("class {}", top->index) : top->label;
  return fmt::format("{} ({:.2f})", name, top->score);
}

std::string strategy_text(const edge::FrameResult& result) {
  return result.cut.empty() ? result.strategy : result.strategy + " at " + result.cut;
}

void print_frame(const edge::FrameRecord& record) {
  const edge::FrameResult& r = record.result;
  fmt::print("{:<28} {:<12} {:>9.2f} ms {:>9} B up  {}\n", r.name, strategy_text(r), r.latency.ms(),
             r.bytes_up, top_text(record.top));
  if (!r.fallback.empty()) fmt::print("  on the device because: {}\n", r.fallback);
}

void print_row(std::string_view name, const Summary& s) {
  fmt::print("{:<10} {:>7} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f}\n", name, s.count, s.mean,
             s.median, s.p90, s.p95, s.p99);
}

void print_summary(const edge::RunInfo& info, const edge::RunSummary& s) {
  fmt::print("\n{:<10} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "ms", "frames", "mean", "p50", "p90",
             "p95", "p99");
  for (std::size_t i = 0; i < edge::kStageCount; ++i) {
    if (s.stage_ms[i].count > 0)
      print_row(edge::stage_name(static_cast<edge::Stage>(i)), s.stage_ms[i]);
  }
  print_row("latency", s.latency_ms);
  fmt::print("latency is from the prepared input to the outputs; up and down are estimated\n\n");
  fmt::print(
      "{} frame(s), {:.2f} per second, {:.0f} B up and {:.0f} B down each; {} warm-up "
      "frame(s) apart; {} answered on the device for want of the server\n",
      s.frames, s.throughput_fps, s.mean_bytes_up, s.mean_bytes_down, s.warmup_frames, s.fallbacks);
  if (s.mean_energy_mj) {
    fmt::print("modelled energy of the device over {}: {:.1f} mJ a frame\n{}\n",
               info.energy_link->name, *s.mean_energy_mj,
               energy_text(info.energy, *info.energy_link));
  }
  if (info.measured_link) {
    fmt::print("link as measured: {:.2f} Mbit/s up, {:.2f} ms round trip\n",
               info.measured_link->up_mbps, info.measured_link->rtt_ms);
  }
  if (info.measured_load) {
    fmt::print("server's load as measured: its times are {:.2f} times those in the bundle\n",
               *info.measured_load);
  }
  if (info.emulated_slowdown > 1)
    fmt::print("the device is emulated: {:g} times slower than this machine\n",
               info.emulated_slowdown);
}

Result<void> write_outputs(const std::filesystem::path& folder, const bundle::Manifest& manifest,
                           const edge::FrameResult& result) {
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    // Names of values may hold anything; those of files may not.
    std::string output = manifest.outputs[i].name;
    std::ranges::replace(output, '/', '_');
    const std::string stem = std::filesystem::path(result.name).stem().string();
    CLEAVE_CHECK(data::write_npy(
        folder / fmt::format("{:05}_{}.{}.npy", result.index, stem, output), result.outputs[i]));
  }
  return {};
}

Result<void> read_texts(RunArguments& args, std::optional<Link>& energy_link) {
  edge::RunnerOptions& options = args.runner;
  if (options.strategy.empty()) options.strategy = options.server.empty() ? "device" : "auto";
  options.device.precision = CLEAVE_TRY(engine::parse_precision(args.precision));
  if (!args.picture.empty())
    options.device.picture = CLEAVE_TRY(data::PictureCodec::parse(args.picture));
  const double timeout_ms = CLEAVE_TRY(parse_duration_ms(args.timeout));
  if (timeout_ms <= 0) {
    return fail(ErrorCode::kInvalidArgument, "run",
                "--timeout is " + args.timeout + ", expected more than 0");
  }
  options.remote.timeout = from_ms(timeout_ms);
  if (args.table) {
    options.table = CLEAVE_TRY(plan::load_table(*args.table));
    options.remote.down_over_up = options.table->down_over_up;
  }
  if (args.link.empty()) return {};
  energy_link = CLEAVE_TRY(parse_link(args.link));
  if (!options.table) options.remote.down_over_up = energy_link->down_mbps / energy_link->up_mbps;
  return {};
}

/// What this machine draws while it runs the bundle's whole network as the device will, in mW.
Result<double> measure_device_mw(const bundle::Bundle& bundle, engine::Engine& engine,
                                 const edge::DeviceOptions& device) {
  const auto check = CLEAVE_TRY(bundle.check_vector(bundle.default_cut()));
  engine::EngineOptions options;
  options.threads = device.threads;
  options.precision = device.precision;
  return measure_power_mw(engine, CLEAVE_TRY(bundle.network(bundle.manifest().model)), options,
                          check.inputs);
}

/// What happens to each result, and what is left of it for the summary.
class Collector {
 public:
  Collector(const RunArguments& args, const edge::RunInfo& info, const bundle::Manifest& manifest)
      : args_(args), info_(info), manifest_(manifest) {}

  Result<void> take(edge::FrameResult result) {
    edge::FrameRecord record;
    record.top = edge::top_class(result.outputs, manifest_.labels);
    if (info_.energy_link)
      record.energy_mj = edge::modelled_energy_mj(result, *info_.energy_link, info_.energy);
    if (!args_.out.empty() && !result.warmup)
      CLEAVE_CHECK(write_outputs(args_.out, manifest_, result));
    result.outputs.clear();
    record.result = std::move(result);
    if (!args_.json && !record.result.warmup) print_frame(record);
    records_.push_back(std::move(record));
    return {};
  }
  std::span<const edge::FrameRecord> records() const { return records_; }

 private:
  const RunArguments& args_;
  const edge::RunInfo& info_;
  const bundle::Manifest& manifest_;
  std::vector<edge::FrameRecord> records_;
};

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return {};
  return fail(ErrorCode::kIo, "run", "cannot make '" + path + "': " + error.message());
}

/// What is known of a run before it.
Result<edge::RunInfo> describe_run(const RunArguments& args, std::optional<Link> energy_link,
                                   const bundle::Bundle& bundle, engine::Engine& engine) {
  edge::RunInfo info{.bundle = bundle.manifest().name,
                     .strategy = args.runner.strategy,
                     .server = args.runner.server,
                     .inflight = args.inflight,
                     .threads = args.runner.device.threads,
                     .precision = args.precision,
                     .emulated_slowdown = args.runner.device.slowdown,
                     .stream = args.runner.device.stream,
                     .table = args.table.value_or(""),
                     .energy_link = std::move(energy_link)};
  if (info.energy_link) {
    info.energy = CLEAVE_TRY(plan::read_power(
        args.power, [&] { return measure_device_mw(bundle, engine, args.runner.device); }));
  }
  return info;
}

Result<int> run(RunArguments args) {
  std::optional<Link> energy_link;
  CLEAVE_CHECK(read_texts(args, energy_link));
  const auto items = CLEAVE_TRY(data::expand_inputs(args.inputs));
  auto bundle = CLEAVE_TRY(bundle::Bundle::load(args.bundle));
  const auto engine = CLEAVE_TRY(make_engine(args.engine));
  edge::RunInfo info = CLEAVE_TRY(describe_run(args, std::move(energy_link), bundle, *engine));
  if (!args.out.empty()) CLEAVE_CHECK(make_folder(args.out));
  SteadyClock clock;
  const auto runner =
      CLEAVE_TRY(edge::Runner::create(std::move(bundle), *engine, clock, args.runner));
  Collector collector(args, info, runner->manifest());
  CLEAVE_CHECK(runner->run(
      {.items = items, .warmup = args.warmup, .repeat = args.repeat, .inflight = args.inflight},
      [&](edge::FrameResult result) { return collector.take(std::move(result)); }));

  if (!args.trace.empty())
    CLEAVE_CHECK(write_file(args.trace, edge::make_trace(collector.records())));
  info.measured_link = runner->measured_link();
  info.measured_load = runner->measured_load();
  if (args.json) {
    fmt::print("{}\n", dump_json(edge::to_json(info, collector.records()), 2));
  } else {
    print_summary(info, edge::summarize(collector.records()));
  }
  return 0;
}

std::string strategies_help() {
  std::string help = "how to answer; auto with a server, else device";
  for (const edge::StrategyKind& kind : edge::strategy_kinds())
    help += fmt::format("\n  {}: {}", kind.name, kind.help);
  return help;
}

void add_device_args(CLI::App& command, RunArguments& args) {
  edge::DeviceOptions& device = args.runner.device;
  command.add_option("--threads", device.threads, "of the device")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command.add_option("--precision", args.precision, "of the device: f32 or bf16")
      ->capture_default_str();
  command.add_option("--engine", args.engine, "what runs the networks")->capture_default_str();
  command.add_option("--slowdown", device.slowdown, "emulate a device so much slower")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1000.0));
  command.add_flag("--stream", device.stream,
                   "the inputs follow each other: code what crosses the cut as what changed (its "
                   "codec must end in h264 or h265)");
  command.add_option(
      "--picture", args.picture,
      picture_help("how photos are sent whole; without it as the bundle was planned, "
                   "else jpeg"));
}

}  // namespace

Action define_run(CLI::App& command) {
  auto args = std::make_shared<RunArguments>();
  edge::RunnerOptions& runner = args->runner;
  command.add_option("bundle", args->bundle, "folder that cleave split made")->required();
  command.add_option("inputs", args->inputs, "photos, .npy files, folders of them, or films")
      ->required();
  command.add_option("--server", runner.server, "HOST:PORT or http://HOST:PORT");
  command.add_option("--strategy", runner.strategy, strategies_help());
  command
      .add_option("--table", args->table,
                  "of cleave plan: where auto looks up the link's rate and the server's load")
      ->type_name("FILE");
  command.add_option("--cut", runner.cut, "where to split; the bundle's default if not given");
  command.add_option("--inflight", args->inflight, "frames under way at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command.add_option("--repeat", args->repeat, "times to run the inputs")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--warmup", args->warmup, "runs of the first input before all others")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  add_device_args(command, *args);
  command.add_option("--timeout", args->timeout, "how long to wait for an answer")
      ->capture_default_str();
  command.add_option("--link", args->link,
                     "3g, 4g, wifi or link:…[,tail_ms=…,tail_mw=…]: its radio prices the modelled "
                     "energy");
  add_power_arg(command, args->power)->needs("--link");
  command.add_option("--trace", args->trace, "write every stage as a Chrome/Perfetto trace");
  command.add_option("--out", args->out, "folder for the outputs, as .npy");
  command.add_flag("--json", args->json, "print one JSON document (cleave-run/1)");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
