#include "search/unit_costs.h"

#include <algorithm>
#include <memory>

#include "base/random_tensor.h"
#include "base/stats.h"
#include "study/codec_costs.h"

namespace cleave::search {
namespace {

constexpr std::string_view kPlace = "search.costs";
constexpr int kRounds = 15;

/// A half that is run again and again, on inputs of noise.
struct Half {
  std::unique_ptr<engine::Session> session;
  std::vector<Tensor> inputs;
  std::vector<double> times_ms{};

  Result<void> run(Clock& clock) {
    const Nanos began = clock.now();
    CLEAVE_TRY(session->run(inputs));
    times_ms.push_back(to_ms(clock.now() - began));
    return {};
  }
};

Result<Half> compiled(std::string onnx_bytes, engine::Engine& engine,
                      const engine::EngineOptions& options) {
  auto session = CLEAVE_TRY(engine.compile(std::move(onnx_bytes), options));
  std::vector<Tensor> inputs = random_tensors(session->inputs(), 1);
  Half half{std::move(session), std::move(inputs)};
  CLEAVE_TRY(half.session->run(half.inputs));
  return half;
}

/// How much longer one network takes than another, by turns so that drift hits both.
Result<double> ratio(std::string with_unit, std::string without, engine::Engine& engine,
                     const engine::EngineOptions& options, Clock& clock) {
  Half longer = CLEAVE_TRY(compiled(std::move(with_unit), engine, options));
  Half shorter = CLEAVE_TRY(compiled(std::move(without), engine, options));
  for (int round = 0; round < kRounds; ++round) {
    CLEAVE_CHECK(longer.run(clock));
    CLEAVE_CHECK(shorter.run(clock));
  }
  return summarize(longer.times_ms).median / summarize(shorter.times_ms).median;
}

Result<engine::EngineOptions> options_of(const profile::Profile& profile) {
  engine::EngineOptions options;
  options.threads = profile.threads;
  options.precision = CLEAVE_TRY(engine::parse_precision(profile.precision));
  options.hint = CLEAVE_TRY(engine::parse_hint(profile.hint));
  return options;
}

/// The code of every sample.
Result<std::vector<Tensor>> codes_of(const UnitHalves& halves, engine::Engine& engine,
                                     const std::vector<std::vector<Tensor>>& samples) {
  const auto head = CLEAVE_TRY(engine.compile(halves.head, {}));
  const auto code = std::ranges::find(head->outputs(), halves.code.value.name, &TensorSpec::name);
  if (code == head->outputs().end())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "the head does not make '" + halves.code.value.name + "'");
  std::vector<Tensor> codes;
  for (const std::vector<Tensor>& sample : samples) {
    std::vector<Tensor> outputs = CLEAVE_TRY(head->run(sample));
    codes.push_back(std::move(outputs[static_cast<std::size_t>(code - head->outputs().begin())]));
  }
  return codes;
}

}  // namespace

Result<bundle::CutCosts> unit_costs(const graph::Model& model, const graph::Cut& cut,
                                    const UnitHalves& halves, const plan::Problem& problem,
                                    const std::vector<std::vector<Tensor>>& samples,
                                    engine::Engine& engine, Clock& clock) {
  const auto k = static_cast<std::size_t>(cut.index);
  if (k >= problem.device.head.size() || !problem.device.head[k] || !problem.cloud.tail[k])
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "the profiles have no costs of cut " + cut.id());
  const engine::EngineOptions device = CLEAVE_TRY(options_of(problem.device));
  const engine::EngineOptions cloud = CLEAVE_TRY(options_of(problem.cloud));
  const double head =
      CLEAVE_TRY(ratio(halves.head, CLEAVE_TRY(model.head(cut)), engine, device, clock));
  const double tail =
      CLEAVE_TRY(ratio(halves.tail, CLEAVE_TRY(model.tail(cut)), engine, cloud, clock));
  const auto codec = CLEAVE_TRY(codec::Codec::create(halves.code.codec, halves.code.calibration));
  const std::vector<Tensor> codes = CLEAVE_TRY(codes_of(halves, engine, samples));
  const plan::CodedValue coded = CLEAVE_TRY(study::measure_codec(codec, codes, clock));
  return bundle::CutCosts{problem.device.head[k]->median_ms * head,
                          problem.cloud.tail[k]->median_ms * tail, coded.cost};
}

}  // namespace cleave::search
