#include "reproduce/bottlenet.h"

#include <fmt/format.h>

#include <functional>

#include "base/file.h"
#include "reproduce/rate_accuracy.h"
#include "reproduce/trained_claims.h"
#include "reproduce/unit_figures.h"

namespace cleave::reproduce {
namespace {

using plan::Objective;

/// What one pair makes of the paper and of chapter 4.
struct Answers {
  Pair pair;
  std::vector<Partitioned> paper;   ///< table 4: ResNet-50, 2 points of accuracy lost
  std::vector<Partitioned> resnet;  ///< table 4.2: nothing lost
  std::vector<Partitioned> vgg;
};

/// Where the tables have units.
std::vector<std::size_t> cuts_of(const Network& network) {
  if (network.title == kVgg19.title)
    return {cuts_behind(network.model, Blocks::kConvolutions)[kThesisC2.block - 1]};
  return cuts_behind(network.model, Blocks::kResidual);
}

class BottleNet {
 public:
  BottleNet(const UnitOptions& options, engine::Engine& engine, Clock& clock)
      : options_(options), engine_(engine), clock_(clock) {}

  Result<Report> run() {
    if (!options_.trained.empty()) points_ = CLEAVE_TRY(load_trained_points(options_.trained));
    CLEAVE_CHECK(make_folder(options_.out));
    CLEAVE_CHECK(write_file(options_.out / "claims.csv", claims_csv({}, "theirs")));
    make_pairs();
    CLEAVE_CHECK(compare_resnet());
    CLEAVE_CHECK(compare_vgg());
    for (const Answers& a : answers_)
      report_.machines.push_back(a.pair.name + ": " + a.pair.description);
    CLEAVE_CHECK(write_answers());
    add_claims();
    CLEAVE_CHECK(add_trained(report_, options_, kTrainedBottleneck, points_, engine_));
    CLEAVE_CHECK(add_rate_accuracy(report_, options_, points_));
    CLEAVE_CHECK(write_file(options_.out / "claims.csv", claims_csv(report_.claims, "theirs")));
    draw_all(report_, options_.out);
    return std::move(report_);
  }

 private:
  void make_pairs() {
    answers_.push_back({tensorrt_pair(), {}, {}, {}});
    if (options_.measure)
      answers_.push_back(
          {measured_pair_at(cuts_of, engine_, options_.budget_s, clock_), {}, {}, {}});
  }

  Result<Costs> costs_of(const Pair& pair, const Network& network) const {
    if (options_.say) options_.say(fmt::format("{}, {}", network.title, pair.name));
    return pair.costs(network);
  }

  using Fill = std::function<Result<void>(Answers&, const Costs&)>;

  /// Has each pair's answers filled in from what a network costs there. The measured pair, which is
  /// the last, is left out altogether where its budget ends before all is measured.
  Result<void> compare(const Network& network, const Fill& fill) {
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const Costs costs = CLEAVE_TRY(costs_of(answers_[i].pair, network));
      const Result<void> filled = fill(answers_[i], costs);
      if (filled) continue;
      if (i == 0 || !budget_ended(filled.error())) return filled;
      leave_out(report_, fmt::format("the {} pair", answers_[i].pair.name),
                fmt::format("{}: {}", network.title, filled.error().message));
      answers_.pop_back();
    }
    return {};
  }

  Result<void> compare_resnet() {
    const Network network =
        CLEAVE_TRY(make_network(kResNet50, CLEAVE_TRY(build(kResNet50)), 1, engine_));
    sizes_.push_back(block_sizes(network, Blocks::kResidual));
    const auto paper =
        CLEAVE_TRY(partitions_of(network.model, Blocks::kResidual, paper_bottlenecks()));
    const auto thesis = CLEAVE_TRY(partitions_of(network.model, Blocks::kResidual, {kThesisRb1}));
    reduction_share_ = reduction_macs(thesis.front().value, thesis.front().unit) /
                       static_cast<double>(network.model.totals().macs);
    return compare(network, [&](Answers& a, const Costs& costs) -> Result<void> {
      a.paper = CLEAVE_TRY(over_links(network, costs, paper, kJpegPictureBytes));
      a.resnet = CLEAVE_TRY(over_links(network, costs, thesis, kJpegPictureBytes));
      return {};
    });
  }

  Result<void> compare_vgg() {
    const Network network = CLEAVE_TRY(make_network(kVgg19, CLEAVE_TRY(build(kVgg19)), 1, engine_));
    sizes_.insert(sizes_.begin(), block_sizes(network, Blocks::kConvolutions));
    const auto thesis =
        CLEAVE_TRY(partitions_of(network.model, Blocks::kConvolutions, {kThesisC2}));
    return compare(network, [&](Answers& a, const Costs& costs) -> Result<void> {
      a.vgg = CLEAVE_TRY(over_links(network, costs, thesis, kJpegPictureBytes));
      return {};
    });
  }

  Result<void> write_answers() {
    std::string csv(kPartitionsHeader);
    CLEAVE_CHECK(add_figure(report_, options_.out, size_figure("figure_4_5", sizes_)));
    for (const Answers& a : answers_) {
      csv += partitions_csv(a.pair.name, "paper 4", a.paper);
      csv += partitions_csv(a.pair.name, "thesis 4.2", a.resnet);
      csv += partitions_csv(a.pair.name, "thesis 4.2", a.vgg);
      CLEAVE_CHECK(add_figure(
          report_, options_.out,
          table_figure("table_4_" + a.pair.name,
                       "ResNet-50 with a bottleneck unit, paper's table 4",
                       &a == &answers_.front() ? &kPaperTable4 : nullptr, a.pair, a.paper)));
    }
    return write_file(options_.out / "partitions.csv", csv);
  }

  void add_selection(std::string_view table, const Selection& theirs,
                     std::vector<Partitioned> Answers::* settings) {
    std::optional<Selection> measured;
    if (answers_.size() > 1) measured = selection_of(answers_.back().*settings);
    const auto claims =
        selection_claims(table, theirs, selection_of(answers_.front().*settings), measured);
    report_.claims.insert(report_.claims.end(), claims.begin(), claims.end());
  }

  /// 4.3.2 states means over both networks.
  void add_means(std::string_view what, std::array<double, 3> (*gains)(const Selection&)) {
    const auto text = [gains](const Selection& resnet, const Selection& vgg) {
      std::array<double, 3> mean = gains(resnet);
      for (std::size_t l = 0; l < mean.size(); ++l) mean[l] = (mean[l] + gains(vgg)[l]) / 2;
      return gains_text(mean);
    };
    add_told(report_, answers_,
             fmt::format("table 4.2, both: {}, times less than cloud-only", what),
             text(thesis_table_4_2_resnet(), thesis_table_4_2_vgg()),
             [&](const Answers& a) { return text(selection_of(a.resnet), selection_of(a.vgg)); });
  }

  void add_table_4_claims() {
    add_selection("paper, table 5", paper_table_5(), &Answers::paper);
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy})
      add_derived(
          report_,
          fmt::format("paper, table 4: {}, ours off by, mean of 48",
                      plan::objective_name(objective)),
          "-",
          fmt::format("{:.0f}%", off_percent(kPaperTable4, answers_.front().paper, objective)));
    const std::vector<double> sent(kPaperTable4Bytes.begin(), kPaperTable4Bytes.end());
    add_derived(report_, "paper, table 4: energies below the radio's own by table 3",
                fmt::format("{} of 48", below_the_radio(kPaperTable4, sent)), "-");
  }

  void add_claims() {
    add_table_4_claims();
    add_selection("table 4.2, ResNet-50", thesis_table_4_2_resnet(), &Answers::resnet);
    add_selection("table 4.2, VGG-19", thesis_table_4_2_vgg(), &Answers::vgg);
    add_means("latency", latency_gains);
    add_means("energy", energy_gains);
    add_derived(report_, "figure 4.5: first RB, first C below the picture", "RB14, 12th",
                sizes_.back().first_below_input() + ", " + sizes_.front().first_below_input());
    add_derived(report_, "4.2.1: reduction behind RB1, of the network's products", "-",
                fmt::format("{:.0f}%", 100 * reduction_share_));
    add_derived(report_, "4.3.4: JPEG of a picture over what is sent, mean of both", "16.3x",
                fmt::format("{:.1f}x", (kJpegPictureBytes / kThesisRb1.bytes +
                                        kJpegPictureBytes / kThesisC2.bytes) /
                                           2));
  }

  const UnitOptions& options_;
  engine::Engine& engine_;
  Clock& clock_;
  std::vector<TrainedPoint> points_;
  std::vector<BlockSizes> sizes_;  ///< VGG-19's, ResNet-50's
  double reduction_share_ = 0;
  std::vector<Answers> answers_;
  Report report_;
};

}  // namespace

Result<Report> reproduce_bottlenet(const UnitOptions& options, engine::Engine& engine,
                                   Clock& clock) {
  return BottleNet(options, engine, clock).run();
}

}  // namespace cleave::reproduce
