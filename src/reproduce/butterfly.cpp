#include "reproduce/butterfly.h"

#include <fmt/format.h>

#include "base/file.h"
#include "reproduce/trained_claims.h"
#include "reproduce/unit_figures.h"

namespace cleave::reproduce {
namespace {

using plan::Objective;

/// Table 3.5: an 8-bit picture of 224x224.
constexpr double kPictureBytes = 3 * 224 * 224;
constexpr std::string_view kTable = "table 3.4";

/// What one pair makes of chapter 3.
struct Answers {
  Pair pair;
  std::vector<Partitioned> settings;
  std::vector<LoadStep> loads;
};

class Butterfly {
 public:
  Butterfly(const UnitOptions& options, engine::Engine& engine, Clock& clock)
      : options_(options), engine_(engine), clock_(clock) {}

  Result<Report> run() {
    if (!options_.trained.empty()) points_ = CLEAVE_TRY(load_trained_points(options_.trained));
    CLEAVE_CHECK(make_folder(options_.out));
    CLEAVE_CHECK(write_file(options_.out / "claims.csv", claims_csv({}, "thesis")));
    CLEAVE_CHECK(compare());
    CLEAVE_CHECK(write_answers());
    CLEAVE_CHECK(add_trained(report_, options_, kTrainedButterfly, points_, engine_));
    CLEAVE_CHECK(write_file(options_.out / "claims.csv", claims_csv(report_.claims, "thesis")));
    draw_all(report_, options_.out);
    return std::move(report_);
  }

 private:
  void say(const std::string& what) const {
    if (options_.say) options_.say(what);
  }

  Result<void> compare() {
    const Network network =
        CLEAVE_TRY(make_network(kResNet50, CLEAVE_TRY(build(kResNet50)), 1, engine_));
    sizes_ = block_sizes(network, Blocks::kResidual);
    const auto partitions =
        CLEAVE_TRY(partitions_of(network.model, Blocks::kResidual, thesis_butterflies()));
    std::vector<Pair> pairs{tensorrt_pair()};
    if (options_.measure)
      pairs.push_back(
          measured_pair_at([](const Network& n) { return cuts_behind(n.model, Blocks::kResidual); },
                           engine_, options_.budget_s, clock_));
    for (const Pair& pair : pairs) {
      say(fmt::format("{}, {}", network.title, pair.name));
      auto answers = answers_of(pair, network, partitions);
      if (!answers && !answers_.empty() && budget_ended(answers.error())) {
        leave_out(report_, fmt::format("the {} pair", pair.name), answers.error().message);
        continue;
      }
      answers_.push_back(CLEAVE_TRY(std::move(answers)));
      report_.machines.push_back(pair.name + ": " + pair.description);
    }
    return {};
  }

  static Result<Answers> answers_of(const Pair& pair, const Network& network,
                                    const std::vector<Partition>& partitions) {
    const Costs costs = CLEAVE_TRY(pair.costs(network));
    Answers answers{pair, {}, {}};
    answers.settings = CLEAVE_TRY(over_links(network, costs, partitions, kPictureBytes));
    answers.loads = CLEAVE_TRY(load_sweep(network, costs, partitions, kPictureBytes));
    return answers;
  }

  Result<void> write_answers() {
    std::string csv(kPartitionsHeader);
    for (const Answers& a : answers_) csv += partitions_csv(a.pair.name, kTable, a.settings);
    CLEAVE_CHECK(write_file(options_.out / "partitions.csv", csv));
    CLEAVE_CHECK(add_figure(report_, options_.out, size_figure("figure_3_5", {sizes_})));
    for (const Answers& a : answers_) {
      CLEAVE_CHECK(add_figure(
          report_, options_.out,
          table_figure("table_3_4_" + a.pair.name, "ResNet-50 with a butterfly unit, table 3.4",
                       &a == &answers_.front() ? &kThesisTable34 : nullptr, a.pair, a.settings)));
      CLEAVE_CHECK(add_figure(report_, options_.out,
                              load_figure("section_3_3_3_" + a.pair.name, a.pair, a.loads)));
    }
    const Answers* measured = answers_.size() > 1 ? &answers_.back() : nullptr;
    std::optional<Selection> selection;
    if (measured != nullptr) selection = selection_of(measured->settings);
    report_.claims = selection_claims("table 3.5", thesis_table_3_5(),
                                      selection_of(answers_.front().settings), selection);
    add_table_claims();
    return {};
  }

  void add_table_claims() {
    const std::vector<Partitioned>& modelled = answers_.front().settings;
    std::vector<double> sent;
    for (const plan::Candidate& way : modelled.front().costs) sent.push_back(way.bytes_up);
    add_derived(report_, "table 3.4: kB sent behind RB1, RB4, RB8, RB14", "3.1, 1.6, 1.0, 0.5",
                fmt::format("{:.1f}, {:.1f}, {:.1f}, {:.1f}", sent[0] / 1000, sent[3] / 1000,
                            sent[7] / 1000, sent[13] / 1000));
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy})
      add_derived(
          report_,
          fmt::format("table 3.4: {}, ours off by, mean of 48", plan::objective_name(objective)),
          "-", fmt::format("{:.0f}%", off_percent(kThesisTable34, modelled, objective)));
    add_derived(report_, "table 3.4: energies below the radio's own by table 3.3",
                fmt::format("{} of 48", below_the_radio(kThesisTable34, sent)), "-");
    add_derived(report_, "figure 3.5: first block that hands on less than the picture", "RB14",
                sizes_.first_below_input());
    add_told(report_, answers_, "3.3.3: selected, server as it is and 128 times as slow", "deeper",
             [](const Answers& a) { return load_text(a.loads); });
    const Partition& first = modelled.front().partitions.front();
    add_derived(report_, "3.3.4: channels behind RB1 over those that are sent", "256x",
                fmt::format("{}x", first.value[1] / first.unit.channels));
  }

  const UnitOptions& options_;
  engine::Engine& engine_;
  Clock& clock_;
  std::vector<TrainedPoint> points_;
  BlockSizes sizes_;
  std::vector<Answers> answers_;
  Report report_;
};

}  // namespace

Result<Report> reproduce_butterfly(const UnitOptions& options, engine::Engine& engine,
                                   Clock& clock) {
  return Butterfly(options, engine, clock).run();
}

}  // namespace cleave::reproduce
