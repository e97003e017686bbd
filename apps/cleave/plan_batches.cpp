#include "plan_batches.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/spec.h"
#include "engine/type_inference.h"
#include "plan/schedule.h"
#include "study/batch_problem.h"
#include "study/explain.h"
#include "study/refine.h"

namespace cleave::app {
namespace {

constexpr int kMaxBatch = 4096;

struct Batch {
  int size = 1;
  std::string device;
  std::string cloud;
};

Result<Batch> parse_batch(const std::string& text) {
  const std::vector<std::string_view> parts = split(text, '@');
  const auto size = parse_number<int>(parts.front());
  if (parts.size() == 3 && size && *size >= 2 && *size <= kMaxBatch)
    return Batch{*size, std::string(parts[1]), std::string(parts[2])};
  return fail(ErrorCode::kInvalidArgument, "plan",
              "batch '" + text + "', expected N@DEVICE@CLOUD with N from 2 to " +
                  std::to_string(kMaxBatch) + ", as in 4@device4.json@cloud4.json");
}

/// A batch's best schedule.
struct Row {
  int batch = 1;
  study::PlannedSchedule planned;
  std::string words;

  bool fits() const { return planned.solution.status != plan::Status::kInfeasible; }
  /// Of one input.
  double share(double of_batch) const { return of_batch / batch; }
};

Result<Row> plan_row(const graph::Model& model, const plan::Problem& problem, int batch,
                     const study::ScheduleRequest& request) {
  Row row{batch, CLEAVE_TRY(study::plan_schedule(model, problem, request)), "nothing fits"};
  if (row.fits()) row.words = study::describe(model, row.planned.solution.schedule.groups);
  return row;
}

Result<Row> plan_batch(const ModelArgs& model_args, const LoadedModel& loaded,
                       const plan::Problem& one, const Batch& batch,
                       const study::ScheduleRequest& request) {
  graph::LoadOptions options;
  options.shapes = graph::batch_shapes(loaded.model, batch.size);
  options.infer = engine::type_inference(*loaded.engine);
  const graph::Model model = CLEAVE_TRY(graph::Model::load(model_args.path, options));
  const plan::Problem problem =
      CLEAVE_TRY(study::batch_problem(one, model, CLEAVE_TRY(profile::load(batch.device)),
                                      CLEAVE_TRY(profile::load(batch.cloud)), batch.size));
  return plan_row(model, problem, batch.size, request);
}

void print_text(const std::vector<Row>& rows, const Row* best, plan::Objective objective) {
  fmt::print("{:>5} {:>12} {:>14} {:>13} {:>15} {:>15}  {}\n", "batch", "latency ms", "ms an input",
             "inputs a s", "mJ an input", "bytes an input", "best schedule");
  for (const Row& row : rows) {
    const plan::Schedule& s = row.planned.solution.schedule;
    if (!row.fits()) {
      fmt::print("{:>5} {:>12} {:>14} {:>13} {:>15} {:>15}  {}\n", row.batch, "-", "-", "-", "-",
                 "-", row.words);
      continue;
    }
    fmt::print("{:>5} {:>12.1f} {:>14.2f} {:>13.1f} {:>15.2f} {:>15.0f}  {}\n", row.batch,
               s.latency_ms, row.share(s.latency_ms), 1000 / row.share(s.latency_ms),
               row.share(s.energy_mj), row.share(s.bytes), row.words);
  }
  if (best != nullptr) {
    fmt::print("least {} an input: batch {}; energy is modelled, one batch at a time\n",
               plan::objective_name(objective), best->batch);
  }
}

Json to_json(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows)
    list.push_back({{"batch", row.batch}, {"schedule", study::to_json(row.planned)}});
  return {{"format", "cleave-batches/1"}, {"energy_is", "modelled"}, {"batches", list}};
}

}  // namespace

Result<int> plan_batches(const ModelArgs& model, const BatchArgs& args, const PlanArgs& plan,
                         const SampleArgs& samples, const study::ScheduleRequest& request) {
  std::vector<Batch> batches;
  for (const std::string& text : args.batches) batches.push_back(CLEAVE_TRY(parse_batch(text)));
  const LoadedModel loaded = CLEAVE_TRY(load_model(model));
  const plan::Problem one = CLEAVE_TRY(make_problem(loaded, plan, samples));
  std::vector<Row> rows{CLEAVE_TRY(plan_row(loaded.model, one, 1, request))};
  for (const Batch& batch : batches)
    rows.push_back(CLEAVE_TRY(plan_batch(model, loaded, one, batch, request)));
  const Row* best = nullptr;
  const auto cost = [&](const Row& row) {
    return row.share(plan::objective_of(row.planned.solution.schedule, request.objective));
  };
  for (const Row& row : rows)
    if (row.fits() && (best == nullptr || cost(row) < cost(*best))) best = &row;
  if (args.json)
    fmt::print("{}\n", dump_json(to_json(rows), 2));
  else
    print_text(rows, best, request.objective);
  return 0;
}

}  // namespace cleave::app
