// cleave search: finds the units that keep a network's answers and cost least, and writes the
// bundle of them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/checksum.h"
#include "base/file.h"
#include "base/spec.h"
#include "search/search.h"
#include "search_costs.h"
#include "search_print.h"
#include "torch.h"
#include "train_args.h"
#include "verbs.h"

namespace cleave::app {
namespace {

struct Args {
  TrainArgs train;
  SearchCostArgs costs;
  std::vector<std::string> cuts;
  std::vector<std::string> units{"butterfly", "bottleneck"};
  std::vector<int> channels{1, 2, 4, 8};
  std::vector<int> strides{2, 4};
  std::vector<std::string> codecs{"quant:bits=8|zstd", "quant:bits=4|zstd"};
  std::string floor = "2%";
  std::string budget;
  std::size_t limit = 0;
  std::size_t proxy_pictures = 8000;
  std::string folder;
  std::string out;
  bool json = false;
};

/// Of proxies: a share large enough to tell points apart, and steps in hundreds.
constexpr double kProxyValidation = 0.25;
constexpr std::size_t kProxyBatch = 32;
constexpr double kProxyDistillation = 0.5;

/// Trains candidates for the search.
class CandidateTrainer {
 public:
  CandidateTrainer(const Args& args, const Training& training, train::TrainOptions options,
                   Clock& clock)
      : args_(args), training_(training), options_(std::move(options)), clock_(clock) {}

  Result<search::Trained> operator()(const search::Candidate& candidate, search::Effort effort,
                                     const std::filesystem::path& checkpoint,
                                     const search::Tick& tick) const {
    const graph::Model& model = training_.loaded.model;
    train::TrainRequest request{.model = model,
                                .cut = CLEAVE_TRY(model.find_cut(std::to_string(candidate.cut))),
                                .unit = candidate.unit,
                                .codec = candidate.codec,
                                .pictures = training_.set,
                                .preprocess = training_.preprocess,
                                .limit = args_.limit,
                                .validation_share = args_.train.validation,
                                .options = options_};
    request.options.checkpoint = checkpoint;
    if (effort == search::Effort::kProxy) make_short(request);
    const auto trained = CLEAVE_TRY(
        run_training(request, [&, last = clock_.now()](const train::EpochReport& epoch) mutable {
          // With scoring and all else, which the epoch's own seconds leave out.
          const double epoch_s = to_ms(clock_.now() - last) / 1000;
          last = clock_.now();
          return tick(epoch_s * static_cast<double>(epoch.epochs - epoch.epoch));
        }));
    return search::Trained{.score = {.accuracy = trained.accuracy,
                                     .uncut_accuracy = trained.uncut_accuracy,
                                     .payload_bytes = trained.code_bytes},
                           .onnx_bytes = trained.onnx_bytes,
                           .code = trained.code,
                           .calibration = trained.calibration};
  }

 private:
  void make_short(train::TrainRequest& request) const {
    request.limit =
        args_.limit == 0 ? args_.proxy_pictures : std::min(args_.limit, args_.proxy_pictures);
    request.validation_share = kProxyValidation;
    request.frozen = train::Frozen::kNetwork;
    request.options.epochs = 1;
    request.options.batch = std::min(kProxyBatch, request.options.batch);
    request.options.distillation = kProxyDistillation;
  }

  const Args& args_;
  const Training& training_;
  train::TrainOptions options_;
  Clock& clock_;
};

Result<std::vector<search::Candidate>> candidates_of(const Args& args, const graph::Model& model) {
  search::Space space{.units = args.units,
                      .channels = args.channels,
                      .strides = args.strides,
                      .codecs = args.codecs};
  for (const std::string& text : args.cuts) space.cuts.push_back(CLEAVE_TRY(model.find_cut(text)));
  if (args.cuts.empty()) space.cuts = search::stage_ends(model);
  const std::vector<const graph::Cut*> possible = search::unit_cuts(model);
  for (const graph::Cut* cut : space.cuts)
    if (std::ranges::find(possible, cut) == possible.end())
      return fail(ErrorCode::kInvalidArgument, "search",
                  "no unit goes to cut " + cut->id() + ", expected one through one 1xCxHxW of f32");
  return search::candidates(space);
}

/// What makes two searches the same: all that changes how a candidate is trained.
Result<std::string> question_of(const Args& args, const Training& training,
                                const train::TrainOptions& o) {
  const TrainArgs& t = args.train;
  // As held, with the shapes of its inputs.
  const std::string network = CLEAVE_TRY(training.loaded.model.to_bytes());
  return fmt::format(
             "network {}… on {} ({} pictures) as {}, at most {}, {:g} held out, proxies of {}",
             sha256_hex(as_bytes(network)).substr(0, 12), t.data, training.set.size(),
             training.preprocess.spec(), args.limit, t.validation, args.proxy_pictures) +
         fmt::format("; {} epochs of {}, {} from {:g} by {}, momentum {:g}, decay {:g}", o.epochs,
                     o.batch, t.optimizer, o.learning_rate, t.schedule, o.momentum,
                     o.weight_decay) +
         fmt::format(
             "; smoothing {:g}, distillation {:g} at {:g}, rate {:g}, crop {}, flip {}, "
             "patience {}, seed {}, {}",
             o.label_smoothing, o.distillation, o.temperature, o.rate, o.augmentation.crop,
             o.augmentation.flip, o.patience, o.seed, o.bf16 ? "bf16" : "f32");
}

/// Cuts of the networks that were kept; the networks have to outlive the request.
Result<void> add_kept(const Args& args, const Training& training, const SearchCosts& costs,
                      const search::Outcome& outcome, std::vector<graph::Model>& networks,
                      bundle::WriteRequest& request) {
  networks.reserve(outcome.kept.size());
  for (const std::size_t i : outcome.kept) {
    const search::Record& record = outcome.progress.records[i];
    const std::string bytes =
        CLEAVE_TRY(read_file(std::filesystem::path(args.folder) / record.network));
    networks.push_back(CLEAVE_TRY(parse_trained(training, bytes)));
    const graph::Model& network = networks.back();
    const graph::Cut* cut = CLEAVE_TRY(network.find_cut(record.code));
    const search::UnitHalves halves{
        CLEAVE_TRY(network.head(*cut)),
        CLEAVE_TRY(network.tail(*cut)),
        {cut->values.front(), record.candidate.codec, record.calibration}};
    request.cuts.push_back({.cut = cut,
                            .network = &network,
                            .codec = record.candidate.codec,
                            .calibrated = {halves.code},
                            .costs = CLEAVE_TRY(costs.of_unit(record.candidate, halves)),
                            .unit = record.candidate.unit,
                            .accuracy = record.full->accuracy});
    request.accuracy = record.full->uncut_accuracy;
  }
  request.costs = costs.of_whole();
  return {};
}

Result<void> write_kept(const Args& args, const Training& training, const SearchCosts& costs,
                        const search::Outcome& outcome) {
  std::vector<graph::Model> networks;
  bundle::WriteRequest request;
  CLEAVE_CHECK(add_kept(args, training, costs, outcome, networks, request));
  return write_trained(training, training.loaded.model, std::move(request), args.out);
}

Result<int> run(Args& args) {
  const train::TrainOptions options = CLEAVE_TRY(train_options(args.train));
  search::Rules rules;
  rules.floor = CLEAVE_TRY(about("--floor", parse_share(args.floor)));
  rules.budget_s = CLEAVE_TRY(about("--budget", parse_duration_ms(args.budget))) / 1000;
  CLEAVE_CHECK(need_torch());
  CLEAVE_CHECK(check_can_be_made(args.out, "search"));
  const Training training = CLEAVE_TRY(open_training(args.train, "search"));
  for (const std::string& codec : args.codecs) CLEAVE_CHECK(codec::Codec::create(codec));
  const auto candidates = CLEAVE_TRY(candidates_of(args, training.loaded.model));
  SteadyClock clock;
  const SearchCosts costs = CLEAVE_TRY(SearchCosts::create(args.costs, training, clock));
  print_beginning(candidates, rules);
  search::Tools tools;
  tools.train = CandidateTrainer(args, training, options, clock);
  tools.cost = [&](const search::Candidate& candidate, double payload_bytes) {
    return costs.of_candidate(candidate, payload_bytes);
  };
  tools.told = print_record;
  const std::string question = CLEAVE_TRY(question_of(args, training, options));
  const search::Outcome outcome =
      CLEAVE_TRY(search::run_search(question, candidates, rules, tools, args.folder, clock));
  const SearchReport report{outcome, rules, args.costs.objective, costs.basis(),
                            outcome.kept.empty() ? "" : args.out};
  if (!outcome.kept.empty()) CLEAVE_CHECK(write_kept(args, training, costs, outcome));
  print(report, args.json);
  if (!outcome.kept.empty()) return 0;
  return fail(ErrorCode::kNotFound, "search",
              "no unit was found within the floor of " + args.floor +
                  ": a larger budget, more channels or more bits may find one");
}

}  // namespace

Action define_search(CLI::App& command) {
  auto args = std::make_shared<Args>();
  command.add_option("MODEL", args->train.model.path, "an ONNX file")->required();
  command.add_option("--out", args->out, "folder of the bundle; a new one each time")->required();
  command.add_option("--budget", args->budget, "time for all trainings together, as 2h")
      ->required();
  command
      .add_option("--work", args->folder,
                  "folder of the search, which a search of the same question goes on in")
      ->required();
  command.add_option("--floor", args->floor, "share of top-1 that may be lost")
      ->capture_default_str();
  command
      .add_option("--at", args->cuts,
                  "a cut to try; may be repeated; else the last at each shape of value")
      ->allow_extra_args(false);
  command.add_option("--unit", args->units, "kinds of units")
      ->check(CLI::IsMember({"butterfly", "bottleneck"}))
      ->capture_default_str();
  command.add_option("--channels", args->channels, "that cross")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--stride", args->strides, "of bottlenecks")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--codec", args->codecs, "codes what crosses; may be repeated")
      ->allow_extra_args(false)
      ->default_str("quant:bits=8|zstd and quant:bits=4|zstd");
  command.add_option("--limit", args->limit, "pictures at most, 0 for all")->capture_default_str();
  command
      .add_option("--proxy-pictures", args->proxy_pictures,
                  "of a short training, a quarter of them to score on")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_search_cost_args(command, args->costs);
  add_training_set_args(command, args->train);
  add_loop_args(command, args->train);
  command.add_flag("--json", args->json, "print JSON");
  return [args] { return run(*args); };
}

}  // namespace cleave::app
