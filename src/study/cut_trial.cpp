#include "study/cut_trial.h"

#include <algorithm>
#include <map>
#include <string>
#include <thread>

#include "codec/packet.h"
#include "study/in_parallel.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.cut_trial";

using Sessions = std::vector<std::unique_ptr<engine::Session>>;

/// One session for each worker. Those of a network that is compiled for one thread would run one
/// after another.
Result<Sessions> open_sessions(engine::Engine& engine, std::string onnx_bytes,
                               std::size_t workers) {
  const engine::EngineOptions options{.threads = static_cast<int>(workers),
                                      .hint = engine::Hint::kThroughput};
  Sessions sessions;
  sessions.push_back(CLEAVE_TRY(engine.compile(std::move(onnx_bytes), options)));
  while (sessions.size() < workers) sessions.push_back(CLEAVE_TRY(sessions.front()->fork()));
  return sessions;
}

/// Where each tensor that the tail reads comes from: the head's outputs or the network's inputs.
struct Source {
  bool is_input = false;
  std::size_t index = 0;
};

std::size_t worker_count(int wanted) {
  if (wanted > 0) return static_cast<std::size_t>(wanted);
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

struct CutTrial::Impl {
  std::size_t workers = 1;
  Sessions tails;
  std::vector<std::vector<Tensor>> values;  ///< by sample, in the cut's order
  AnswerJudge judge;

  Result<void> compute(const graph::Model& model, const graph::Cut& cut, engine::Engine& engine,
                       std::span<const std::vector<Tensor>> samples,
                       const CutTrialOptions& options);
};

namespace {

Result<std::vector<Source>> sources_of(const graph::Model& model, const graph::Cut& cut,
                                       const graph::Segment& head) {
  std::vector<Source> sources;
  const auto index_in = [](const std::vector<TensorSpec>& specs, const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(specs, name, &TensorSpec::name) -
                                    specs.begin());
  };
  for (const TensorSpec& value : cut.values) {
    const std::size_t made = index_in(head.outputs, value.name);
    if (made < head.outputs.size()) {
      sources.push_back({false, made});
      continue;
    }
    const std::size_t given = index_in(model.inputs(), value.name);
    if (given == model.inputs().size())
      return fail(ErrorCode::kInternal, kPlace, "nobody makes value '" + value.name + "'");
    sources.push_back({true, given});
  }
  return sources;
}

Result<std::vector<std::size_t>> head_inputs_of(const graph::Model& model,
                                                const graph::Segment& head) {
  std::vector<std::size_t> indices;
  for (const TensorSpec& input : head.inputs)
    indices.push_back(static_cast<std::size_t>(
        std::ranges::find(model.inputs(), input.name, &TensorSpec::name) - model.inputs().begin()));
  return indices;
}

}  // namespace

Result<void> CutTrial::Impl::compute(const graph::Model& model, const graph::Cut& cut,
                                     engine::Engine& engine,
                                     std::span<const std::vector<Tensor>> samples,
                                     const CutTrialOptions& options) {
  const graph::Segment head = model.segment(0, cut.index);
  const auto sources = CLEAVE_TRY(sources_of(model, cut, head));
  const auto inputs = CLEAVE_TRY(head_inputs_of(model, head));
  const Sessions heads = CLEAVE_TRY(open_sessions(engine, CLEAVE_TRY(model.head(cut)), workers));
  tails = CLEAVE_TRY(open_sessions(engine, CLEAVE_TRY(model.tail(cut)), workers));
  const double bytes = known_bytes(cut.values) * static_cast<double>(samples.size());
  if (bytes > static_cast<double>(options.max_value_bytes)) {
    return fail(ErrorCode::kResourceExhausted, kPlace,
                std::to_string(samples.size()) + " samples of cut " + cut.id() + " take " +
                    std::to_string(static_cast<std::int64_t>(bytes)) + " bytes, expected at most " +
                    std::to_string(options.max_value_bytes));
  }
  values.resize(samples.size());
  std::vector<std::vector<Tensor>> outputs(samples.size());
  const auto compute_one = [&](std::size_t w, std::size_t i) -> Result<void> {
    std::vector<Tensor> head_in;
    for (const std::size_t input : inputs) head_in.push_back(samples[i][input]);
    std::vector<Tensor> made = CLEAVE_TRY(heads[w]->run(head_in));
    for (const Source& source : sources) {
      if (source.is_input) {
        values[i].push_back(samples[i][source.index]);
      } else {
        values[i].push_back(std::move(made[source.index]));
      }
    }
    outputs[i] = CLEAVE_TRY(tails[w]->run(values[i]));
    return {};
  };
  CLEAVE_CHECK(in_parallel(samples.size(), workers, compute_one, {}));
  judge = CLEAVE_TRY(AnswerJudge::create(std::move(outputs), options.labels));
  return {};
}

CutTrial::CutTrial(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CutTrial::CutTrial(CutTrial&&) noexcept = default;
CutTrial& CutTrial::operator=(CutTrial&&) noexcept = default;
CutTrial::~CutTrial() = default;

Result<CutTrial> CutTrial::create(const graph::Model& model, const graph::Cut& cut,
                                  engine::Engine& engine,
                                  std::span<const std::vector<Tensor>> samples,
                                  const CutTrialOptions& options) {
  if (samples.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no sample input, expected one or more");
  auto impl = std::make_unique<Impl>();
  impl->workers = worker_count(options.threads);
  CLEAVE_CHECK(impl->compute(model, cut, engine, samples, options));
  return CutTrial(std::move(impl));
}

std::size_t CutTrial::size() const { return impl_->values.size(); }
OutputKind CutTrial::kind() const { return impl_->judge.kind(); }
std::size_t CutTrial::workers() const { return impl_->workers; }
std::span<const Tensor> CutTrial::values(std::size_t sample) const { return impl_->values[sample]; }
const AnswerJudge& CutTrial::judge() const { return impl_->judge; }

std::vector<Tensor> CutTrial::samples_of(std::size_t value) const {
  std::vector<Tensor> samples;
  for (const std::vector<Tensor>& of_sample : impl_->values) samples.push_back(of_sample[value]);
  return samples;
}

Result<Tensor> CutTrial::tail(std::size_t worker, std::span<const Tensor> values) {
  return impl_->judge.join(CLEAVE_TRY(impl_->tails[worker]->run(values)));
}

Result<std::vector<TrialResult>> CutTrial::run(const Change& change, std::size_t first,
                                               std::size_t count) {
  first = std::min(first, size());
  std::vector<TrialResult> results(std::min(count, size() - first));
  const auto try_one = [&](std::size_t worker, std::size_t i) -> Result<void> {
    std::vector<Tensor> changed = impl_->values[first + i];
    const double bytes = CLEAVE_TRY(change(first + i, changed));
    const Tensor found = CLEAVE_TRY(tail(worker, changed));
    results[i] = {bytes, CLEAVE_TRY(impl_->judge.judge(first + i, found))};
    return {};
  };
  CLEAVE_CHECK(in_parallel(results.size(), workers(), try_one, {}));
  return results;
}

Result<std::vector<TrialResult>> CutTrial::run(std::span<const codec::Codec> codecs,
                                               std::size_t first, std::size_t count) {
  const auto code = [&](std::size_t, std::vector<Tensor>& values) -> Result<double> {
    double bytes = 0;
    for (std::size_t v = 0; v < values.size(); ++v) {
      const Bytes packet = CLEAVE_TRY(codec::encode_bound(codecs[v], values[v]));
      bytes += static_cast<double>(packet.size());
      values[v] =
          CLEAVE_TRY(codec::decode_bound(codecs[v], packet, values[v].dtype(), values[v].shape()));
    }
    return bytes;
  };
  return run(code, first, count);
}

TrialSummary summarize_trial(std::span<const TrialResult> results) {
  Mean bytes;
  Accuracy accuracy;
  for (const TrialResult& result : results) {
    bytes.add(result.bytes);
    accuracy.add(result.score);
  }
  return {bytes.estimate(), accuracy.report()};
}

}  // namespace cleave::study
