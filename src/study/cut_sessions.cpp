#include "study/cut_sessions.h"

#include <map>
#include <string_view>

namespace cleave::study {
namespace {

/// Values by their names; the tensors are borrowed.
using Values = std::map<std::string_view, const Tensor*>;

Result<void> add(Values& values, const std::vector<TensorSpec>& specs,
                 std::span<const Tensor> tensors) {
  if (specs.size() != tensors.size()) {
    return fail(ErrorCode::kInvalidArgument, "study.cut",
                "found " + std::to_string(tensors.size()) + " tensors, expected " +
                    std::to_string(specs.size()));
  }
  for (std::size_t i = 0; i < specs.size(); ++i) values[specs[i].name] = &tensors[i];
  return {};
}

/// A manifest has been checked for values that nobody makes.
std::vector<Tensor> pick(const std::vector<TensorSpec>& specs, const Values& values) {
  std::vector<Tensor> tensors;
  for (const TensorSpec& spec : specs) tensors.push_back(*values.at(spec.name));
  return tensors;
}

}  // namespace

Result<CutSessions> CutSessions::create(const bundle::Bundle& bundle, const bundle::CutEntry& cut,
                                        engine::Engine& engine,
                                        const engine::EngineOptions& options) {
  const bundle::CheckVector check = CLEAVE_TRY(bundle.check_vector(cut));
  auto head = CLEAVE_TRY(engine.compile(CLEAVE_TRY(bundle.network(cut.head)), options));
  CLEAVE_CHECK(bundle::verify_head(*head, cut, bundle.manifest(), check, options.precision));
  auto tail = CLEAVE_TRY(engine.compile(CLEAVE_TRY(bundle.network(cut.tail)), options));
  CLEAVE_CHECK(bundle::verify_tail(*tail, cut, check, options.precision));
  auto codec = CLEAVE_TRY(bundle::CutCodec::create(cut));
  return CutSessions(bundle.manifest(), cut, std::move(head), std::move(tail), std::move(codec));
}

Result<CutSessions> CutSessions::fork() const {
  auto head = CLEAVE_TRY(head_->fork());
  auto tail = CLEAVE_TRY(tail_->fork());
  return CutSessions(*manifest_, *cut_, std::move(head), std::move(tail), codec_);
}

Result<CutSessions::Outcome> CutSessions::run(std::span<const Tensor> inputs) {
  Values values;
  CLEAVE_CHECK(add(values, manifest_->inputs, inputs));
  const std::vector<Tensor> head_outputs = CLEAVE_TRY(head_->run(pick(cut_->head_inputs, values)));
  CLEAVE_CHECK(add(values, cut_->head_outputs, head_outputs));
  std::vector<const Tensor*> crossing;
  for (const bundle::CrossingValue& c : cut_->crossing) crossing.push_back(values.at(c.value.name));
  const std::vector<std::string> packets = CLEAVE_TRY(codec_.encode(crossing));
  Outcome outcome;
  for (const std::string& packet : packets) outcome.packet_bytes += packet.size();
  const std::vector<Tensor> decoded = CLEAVE_TRY(codec_.decode(packets));
  const std::vector<Tensor> tail_outputs = CLEAVE_TRY(tail_->run(decoded));
  CLEAVE_CHECK(add(values, cut_->tail_outputs, tail_outputs));
  outcome.outputs = pick(manifest_->outputs, values);
  return outcome;
}

}  // namespace cleave::study
