#include "study/evaluate.h"

#include <algorithm>
#include <memory>

#include "data/labels.h"
#include "study/cut_sessions.h"
#include "study/in_parallel.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.evaluate";

/// What one thread runs.
struct Worker {
  std::unique_ptr<engine::Session> whole;
  std::optional<CutSessions> cut;
};

/// What came of one picture.
struct Row {
  SampleScore uncut;
  SampleScore cut;
  std::size_t packet_bytes = 0;
};

Result<void> check_outputs(const std::vector<TensorSpec>& outputs) {
  if (outputs.size() == 1) return {};
  std::string names;
  for (const TensorSpec& output : outputs)
    names += (names.empty() ? "'" : ", '") + output.name + "'";
  return fail(ErrorCode::kUnsupported, kPlace,
              "the network has " + std::to_string(outputs.size()) + " outputs, " + names +
                  ", expected one that can be scored");
}

/// One evaluation: the networks of each worker, and the data.
class Evaluator {
 public:
  Evaluator(const EvalData& data, const EvalOptions& options) : data_(data), options_(options) {}

  engine::EngineOptions engine_options() const {
    engine::EngineOptions options = options_.engine;
    options.hint = engine::Hint::kThroughput;
    return options;
  }

  Result<Evaluation> run(std::unique_ptr<engine::Session> whole, std::optional<CutSessions> cut) {
    const auto parallel = static_cast<std::size_t>(std::max(whole->parallel_sessions(), 1));
    workers_.push_back({std::move(whole), std::move(cut)});
    Evaluation evaluation;
    evaluation.classes = CLEAVE_TRY(match_output());
    while (workers_.size() < std::min(parallel, data_.pictures.size())) CLEAVE_CHECK(add_worker());
    std::vector<Row> rows(data_.pictures.size());
    CLEAVE_CHECK(in_parallel(
        rows.size(), workers_.size(),
        [&](std::size_t worker, std::size_t i) -> Result<void> {
          rows[i] = CLEAVE_TRY(score(workers_[worker], data_.pictures[i]));
          return {};
        },
        options_.progress));
    add_up(rows, evaluation);
    return evaluation;
  }

 private:
  Result<std::vector<Tensor>> input(std::size_t picture) const {
    std::vector<Tensor> inputs;
    inputs.push_back(data_.preprocess.apply(CLEAVE_TRY(data_.set.picture(picture))));
    return inputs;
  }

  /// Finds what the output is by running the network once; the number of its classes.
  Result<std::int64_t> match_output() {
    const Worker& worker = workers_.front();
    const auto inputs = CLEAVE_TRY(input(data_.pictures.front()));
    const std::vector<Tensor> outputs = CLEAVE_TRY(worker.whole->run(inputs));
    const bool has_classes = CLEAVE_TRY(output_kind(outputs.front())) == OutputKind::kClasses;
    const bool has_labels = has_classes && !data_.set.classes().empty();
    if (!has_labels && !worker.cut) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  has_classes ? "the data has no labels, expected a folder for each of two classes "
                                "or more; a bundle can be scored beside its uncut network instead"
                              : "the output is a picture " + shape_text(outputs.front().shape()) +
                                    ", which is scored beside an uncut network: expected a bundle");
    }
    if (has_labels) {
      classes_ = CLEAVE_TRY(
          data::match_classes(data_.set.classes(), data_.labels, outputs.front().elements()));
    }
    return has_classes ? outputs.front().elements() : 0;
  }

  Result<void> add_worker() {
    const Worker& first = workers_.front();
    Worker worker;
    worker.whole = CLEAVE_TRY(first.whole->fork());
    if (first.cut) worker.cut = CLEAVE_TRY(first.cut->fork());
    workers_.push_back(std::move(worker));
    return {};
  }

  std::optional<std::int64_t> label(std::size_t picture) const {
    const auto label = data_.set.label(picture);
    if (!label || classes_.empty()) return std::nullopt;
    return classes_[static_cast<std::size_t>(*label)];
  }

  Result<Row> score(Worker& worker, std::size_t picture) const {
    const auto inputs = CLEAVE_TRY(input(picture));
    const std::vector<Tensor> whole = CLEAVE_TRY(worker.whole->run(inputs));
    Row row;
    row.uncut = CLEAVE_TRY(score_output(whole.front(), nullptr, label(picture)));
    if (!worker.cut) return row;
    const CutSessions::Outcome outcome = CLEAVE_TRY(worker.cut->run(inputs));
    row.cut = CLEAVE_TRY(score_output(outcome.outputs.front(), &whole.front(), label(picture)));
    row.packet_bytes = outcome.packet_bytes;
    return row;
  }

  /// In the pictures' order, so that sums do not depend on who ran which.
  void add_up(const std::vector<Row>& rows, Evaluation& evaluation) const {
    Accuracy uncut, cut;
    Mean bytes;
    for (const Row& row : rows) {
      uncut.add(row.uncut);
      cut.add(row.cut);
      bytes.add(static_cast<double>(row.packet_bytes));
    }
    evaluation.uncut = uncut.report();
    if (!workers_.front().cut) return;
    evaluation.cut = cut.report();
    evaluation.bytes_per_sample = bytes.estimate();
  }

  const EvalData& data_;
  const EvalOptions& options_;
  std::vector<Worker> workers_;
  std::vector<std::int64_t> classes_;  ///< of the network, by the data's labels; may be empty
};

}  // namespace

Result<Evaluation> evaluate(const graph::Model& model, engine::Engine& engine, const EvalData& data,
                            const EvalOptions& options) {
  CLEAVE_CHECK(check_outputs(model.outputs()));
  Evaluator evaluator(data, options);
  auto whole = CLEAVE_TRY(engine.compile(CLEAVE_TRY(model.to_bytes()), evaluator.engine_options()));
  return evaluator.run(std::move(whole), std::nullopt);
}

Result<Evaluation> evaluate(const bundle::Bundle& bundle, const bundle::CutEntry& cut,
                            engine::Engine& engine, const EvalData& data,
                            const EvalOptions& options) {
  CLEAVE_CHECK(check_outputs(bundle.manifest().outputs));
  Evaluator evaluator(data, options);
  const engine::EngineOptions engine_options = evaluator.engine_options();
  const std::string model = CLEAVE_TRY(bundle.network(bundle.manifest().model));
  auto whole = CLEAVE_TRY(engine.compile(model, engine_options));
  auto sessions = CLEAVE_TRY(CutSessions::create(bundle, cut, engine, engine_options));
  return evaluator.run(std::move(whole), std::move(sessions));
}

}  // namespace cleave::study
