#include "reproduce/jointdnn.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/link.h"
#include "reproduce/jointdnn_layers.h"

namespace cleave::reproduce {
namespace {

using plan::Objective;

constexpr int kShares = 10;
/// Figure 2.11 lets both machines use half of what they have.
constexpr double kHalf = 0.5;
constexpr std::array<std::string_view, 3> kScheduled{"AlexNet", "Chair", "Pix2Pix"};

/// What is asked of every batch of a network.
std::vector<Question> questions_of_batch() {
  std::vector<Question> list;
  for (const Link& link : link_presets())
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy}) {
      list.push_back({link.name, objective});
      list.push_back({link.name, objective, 1.0});
    }
  return list;
}

/// What is asked of single inputs alone.
std::vector<Question> questions_of_one(const Network& network) {
  std::vector<Question> list;
  for (int i = 0; i < kShares; ++i)
    list.push_back({"wifi", Objective::kLatency, static_cast<double>(i) / kShares});
  for (const Link& link : link_presets())
    for (const Objective objective : {Objective::kLatency, Objective::kEnergy})
      for (const double compression : {kFloats, kPngRatio})
        list.push_back({link.name, objective, std::nullopt, compression});
  if (std::ranges::find(kScheduled, network.title) != kScheduled.end()) {
    list.push_back({"wifi", Objective::kLatency, std::nullopt, 1, kHalf});
    list.push_back({"wifi", Objective::kLatency, 1.0, 1, kHalf});
  }
  return list;
}

class JointDnn {
 public:
  JointDnn(const JointDnnOptions& options, engine::Engine& engine, Clock& clock)
      : options_(options), engine_(engine), clock_(clock) {}

  Result<Report> run() {
    CLEAVE_CHECK(check_names());
    CLEAVE_CHECK(begin());
    CLEAVE_CHECK(make_pairs());
    for (const Benchmark& benchmark : benchmarks())
      if (wanted(benchmark)) CLEAVE_CHECK(plan_network(benchmark));
    CLEAVE_CHECK(write_file(options_.out / "plans.csv", plans_csv(rows_)));
    report_.claims = plan_claims(rows_);
    CLEAVE_CHECK(write(size_figure(sizes_)));
    for (const Pair& pair : pairs_)
      for (const Figure& figure : plan_figures(pair, rows_, sizes_)) CLEAVE_CHECK(write(figure));
    CLEAVE_CHECK(measure_grouping());
    CLEAVE_CHECK(look_at_png());
    CLEAVE_CHECK(write_file(options_.out / "claims.csv", claims_csv(report_.claims, "thesis")));
    draw_all(report_, options_.out);
    return std::move(report_);
  }

 private:
  bool is_measured() const { return !options_.measured_batches.empty(); }
  bool wanted(const Benchmark& benchmark) const {
    return options_.networks.empty() ||
           std::ranges::find(options_.networks, benchmark.title) != options_.networks.end();
  }
  void say(const std::string& what) const {
    if (options_.say) options_.say(what);
  }

  Result<void> check_names() const {
    std::vector<std::string> known;
    for (const Benchmark& benchmark : benchmarks()) known.emplace_back(benchmark.title);
    for (const std::string& name : options_.networks)
      if (std::ranges::find(known, name) == known.end())
        return std::unexpected(unknown_name("reproduce", "network", name, known));
    return {};
  }

  /// What cannot be written is to be known before anything is measured.
  Result<void> begin() const {
    CLEAVE_CHECK(make_folder(options_.out));
    return write_file(options_.out / "plans.csv", plans_csv({}));
  }

  Result<void> make_pairs() {
    pairs_.push_back(CLEAVE_TRY(modelled_pair(engine_, options_.batches)));
    if (is_measured())
      pairs_.push_back(
          measured_pair(engine_, options_.measured_batches, options_.budget_s, clock_));
    for (const Pair& pair : pairs_) report_.machines.push_back(pair.name + ": " + pair.description);
    return {};
  }

  Result<void> plan_network(const Benchmark& benchmark) {
    const std::string bytes = CLEAVE_TRY(build(benchmark));
    for (const Pair& pair : pairs_) {
      for (const int batch : pair.batches) {
        say(fmt::format("{}, batch {}, {}", benchmark.title, batch, pair.name));
        const Network network = CLEAVE_TRY(make_network(benchmark, bytes, batch, engine_));
        if (&pair == &pairs_.front() && batch == pair.batches.front())
          sizes_.push_back(sizes_of(network));
        CLEAVE_CHECK(ask(pair, network));
      }
    }
    return {};
  }

  Result<void> ask(const Pair& pair, const Network& network) {
    const Costs costs = CLEAVE_TRY(pair.costs(network));
    std::vector<Question> questions = questions_of_batch();
    if (network.batch == 1) {
      // First, so that shares of weights rise along the rows.
      const std::vector<Question> more = questions_of_one(network);
      questions.insert(questions.begin(), more.begin(), more.end());
    }
    for (const Question& question : questions)
      rows_.push_back(CLEAVE_TRY(answer(pair, network, costs, question)));
    return {};
  }

  Result<void> measure_grouping() {
    if (!is_measured()) {
      leave_out(report_, "figure 2.3", "nothing is measured");
      return {};
    }
    say("measuring 25 convolutions, figure 2.3");
    const auto figure = grouping_figure(engine_, clock_);
    if (figure) return write(*figure);
    leave_out(report_, "figure 2.3", figure.error().message);
    return {};
  }

  Result<void> look_at_png() {
    constexpr std::string_view kFigures = "figures 2.13 and 2.14";
    if (options_.data.empty()) {
      leave_out(report_, std::string(kFigures),
                "they need trained networks and photos (CLEAVE_DATA)");
      return {};
    }
    say("looking at what PNG makes of layers, figures 2.13 and 2.14");
    const auto studied = study_png(options_.data, engine_);
    if (!studied) {
      leave_out(report_, std::string(kFigures), studied.error().message);
      return {};
    }
    const PngStudy& png = *studied;
    CLEAVE_CHECK(write(png.figure));
    CLEAVE_CHECK(write_file(options_.out / "figure_2_13.png", png.mosaic));
    const auto add = [&](std::string what, std::string thesis, std::string measured) {
      report_.claims.push_back({std::move(what), std::move(thesis), "-", std::move(measured)});
    };
    add("PNG of a layer: largest ratio", "5.8", fmt::format("{:.1f}", png.largest));
    add("PNG of a layer: average ratio", "3.5", fmt::format("{:.1f}", png.average));
    add("share of zeros behind a rectifier", "50% to 90%",
        fmt::format("{:.0f}% to {:.0f}%", png.least_zeros_percent, png.most_zeros_percent));
    return {};
  }

  /// Without the panels that none of the plans is for; a figure without any is left out.
  Result<void> write(Figure figure) {
    std::erase_if(figure.panels, [](const Panel& panel) { return panel.points.empty(); });
    if (figure.panels.empty()) {
      leave_out(report_, figure.name,
                "no plan that it shows was made; those of single inputs need batch 1");
      return {};
    }
    return add_figure(report_, options_.out, figure);
  }

  const JointDnnOptions& options_;
  engine::Engine& engine_;
  Clock& clock_;
  std::vector<Pair> pairs_;
  std::vector<PlanRow> rows_;
  std::vector<LayerSizes> sizes_;
  Report report_;
};

}  // namespace

Result<Report> reproduce_jointdnn(const JointDnnOptions& options, engine::Engine& engine,
                                  Clock& clock) {
  return JointDnn(options, engine, clock).run();
}

}  // namespace cleave::reproduce
