#include "study/schedule_runner.h"

#include <algorithm>
#include <set>

#include "base/file.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.schedule";
/// A server that has not answered by then never will.
constexpr Nanos kTimeout = std::chrono::minutes(2);

std::vector<std::string> names_of(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name);
  return names;
}

Result<void> check_covered(const std::vector<plan::ScheduledGroup>& groups, int layers) {
  int next = 1;
  for (const plan::ScheduledGroup& g : groups) {
    if (g.first != next || g.last < g.first) break;
    next = g.last + 1;
  }
  if (next == layers + 1) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "the groups do not go on at layer " + std::to_string(next) +
                  ", expected layers 1 to " + std::to_string(layers) + " in order");
}

Result<std::string> onnx_bytes(const graph::Model& model, const plan::ScheduledGroup& group) {
  return model.extract_segment(group.first - 1, group.last);
}

}  // namespace

std::string Stretch::model_name() const {
  return "layers_" + std::to_string(group.first) + "_" + std::to_string(group.last);
}

Result<RunnableSchedule> make_runnable(const graph::Model& model,
                                       const std::vector<plan::ScheduledGroup>& groups) {
  CLEAVE_CHECK(check_covered(groups, static_cast<int>(model.layers().size())));
  RunnableSchedule schedule;
  std::set<std::string> in_cloud;
  for (const plan::ScheduledGroup& g : plan::stretches_of(groups)) {
    const graph::Segment segment = model.segment(g.first - 1, g.last);
    const Stretch& stretch = schedule.stretches.emplace_back(
        Stretch{g, names_of(segment.inputs), names_of(segment.outputs)});
    if (g.side == plan::Side::kDevice) continue;
    for (const std::string& name : stretch.inputs)
      if (!in_cloud.insert(name).second) schedule.sent_again.push_back(name);
    in_cloud.insert(stretch.outputs.begin(), stretch.outputs.end());
  }
  return schedule;
}

Result<std::vector<std::filesystem::path>> write_cloud_stretches(
    const graph::Model& model, const std::vector<RunnableSchedule>& schedules,
    const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const RunnableSchedule& schedule : schedules) {
    for (const Stretch& stretch : schedule.stretches) {
      const auto path = folder / (stretch.model_name() + ".onnx");
      if (stretch.group.side == plan::Side::kDevice || std::ranges::count(paths, path) > 0)
        continue;
      CLEAVE_CHECK(write_file(path, CLEAVE_TRY(onnx_bytes(model, stretch.group))));
      paths.push_back(path);
    }
  }
  return paths;
}

Result<void> ScheduleRunner::compile(const RunnableSchedule& schedule) {
  for (const Stretch& stretch : schedule.stretches) {
    if (stretch.group.side == plan::Side::kCloud) continue;
    auto& session = sessions_[{stretch.group.first, stretch.group.last}];
    if (session) continue;
    session = CLEAVE_TRY(engine_.compile(CLEAVE_TRY(onnx_bytes(model_, stretch.group)), options_));
  }
  return {};
}

Result<ScheduleRun> ScheduleRunner::run(const RunnableSchedule& schedule,
                                        const std::vector<Tensor>& inputs, wire::Client& client,
                                        const engine::Slowdown& slowdown) {
  if (inputs.size() != model_.inputs().size()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                std::to_string(inputs.size()) + " inputs, expected " +
                    std::to_string(model_.inputs().size()));
  }
  Values values;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    values.emplace(model_.inputs()[i].name, inputs[i]);
  ScheduleRun run;
  const Nanos start = clock_.now();
  for (const Stretch& stretch : schedule.stretches) {
    CLEAVE_CHECK(stretch.group.side == plan::Side::kDevice
                     ? run_here(stretch, values, slowdown)
                     : run_there(stretch, values, client, slowdown));
  }
  run.latency_ms = to_ms(clock_.now() - start);
  for (const TensorSpec& output : model_.outputs())
    run.outputs.push_back(std::move(values[output.name]));
  return run;
}

Result<void> ScheduleRunner::run_here(const Stretch& stretch, Values& values,
                                      const engine::Slowdown& slowdown) {
  const auto found = sessions_.find({stretch.group.first, stretch.group.last});
  if (found == sessions_.end() || !found->second)
    return fail(ErrorCode::kNotFound, kPlace, stretch.model_name() + " is not compiled");
  // Lent to the session and taken back: a copy would cost time that no plan knows of.
  std::vector<Tensor> inputs;
  for (const std::string& name : stretch.inputs) inputs.push_back(std::move(values[name]));
  const Nanos start = clock_.now();
  auto outputs = CLEAVE_TRY(found->second->run(inputs));
  slowdown.stretch(start);
  for (std::size_t i = 0; i < inputs.size(); ++i) values[stretch.inputs[i]] = std::move(inputs[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    values[stretch.outputs[i]] = std::move(outputs[i]);
  return {};
}

Result<void> ScheduleRunner::run_there(const Stretch& stretch, Values& values, wire::Client& client,
                                       const engine::Slowdown& slowdown) const {
  const Nanos start = clock_.now();
  wire::InferRequest request;
  request.model_name = stretch.model_name();
  for (const std::string& name : stretch.inputs)
    request.inputs.push_back(wire::to_wire(name, values[name]));
  slowdown.stretch(start);
  const wire::InferReply reply = CLEAVE_TRY(client.infer(std::move(request), kTimeout));
  for (const std::string& name : stretch.outputs) {
    const auto output = std::ranges::find(reply.response.outputs, name, &wire::WireTensor::name);
    if (output == reply.response.outputs.end()) {
      return fail(ErrorCode::kCorrupt, kPlace,
                  "the answer of '" + stretch.model_name() + "' has no output '" + name + "'");
    }
    values[name] = CLEAVE_TRY(wire::from_wire(*output));
  }
  return {};
}

}  // namespace cleave::study
