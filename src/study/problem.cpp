#include "study/problem.h"

#include "base/checksum.h"
#include "base/file.h"
#include "study/codec_costs.h"
#include "study/request_cost.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.problem";

Result<void> check_is_of(const profile::Profile& profile, const std::string& model_sha256,
                         std::string_view role) {
  if (profile.model_sha256 == model_sha256) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "the " + std::string(role) + " profile is of '" + profile.model_name + "' (" +
                  profile.model_sha256.substr(0, 12) + "…), the network has SHA-256 " +
                  model_sha256.substr(0, 12) + "…: profile it again");
}

/// Sends the input as the picture that is in the cloud soonest.
Result<void> choose_picture(plan::Problem& problem, const ProblemRequest& request,
                            const Samples& samples, Clock& clock) {
  double soonest_ms = std::numeric_limits<double>::infinity();
  for (const data::PictureCodec& codec : request.pictures) {
    const auto cost = CLEAVE_TRY(
        about("picture '" + codec.spec() + "'",
              measure_picture_cost(*samples.preprocess, samples.pictures, codec, clock)));
    const double ms = cost.encode_ms * problem.device.slowdown +
                      problem.link.up_ms(cost.payload_bytes) + cost.decode_ms;
    if (ms >= soonest_ms) continue;
    soonest_ms = ms;
    problem.codec.front() = cost;
    problem.picture = codec.spec();
  }
  return {};
}

}  // namespace

Result<void> check_are_of(const profile::Profile& device, const profile::Profile& cloud,
                          const graph::Model& model) {
  const std::string model_bytes = CLEAVE_TRY(model.to_bytes());
  const std::string model_sha256 = sha256_hex(as_bytes(model_bytes));
  CLEAVE_CHECK(check_is_of(device, model_sha256, "device"));
  return check_is_of(cloud, model_sha256, "cloud");
}

Result<plan::Problem> make_problem(const graph::Model& model, engine::Engine& engine,
                                   const ProblemRequest& request, const Samples& samples,
                                   Clock& clock) {
  CLEAVE_CHECK(check_are_of(request.device, request.cloud, model));
  plan::Problem problem;
  problem.device = request.device;
  problem.cloud = request.cloud;
  problem.link = request.link;
  problem.energy = request.energy;
  problem.codec.resize(model.layers().size() + 1);
  if (!request.codec.empty()) {
    const auto table =
        CLEAVE_TRY(measure_codec_costs(model, engine, request.codec, samples.inputs, clock));
    CLEAVE_CHECK(set_codec(problem, model, table, kAnyLoss));
  }
  if (samples.pictures.empty()) {
    problem.codec.front() = plan::CodecCost{known_bytes(model.inputs()), 0, 0};
  } else {
    CLEAVE_CHECK(choose_picture(problem, request, samples, clock));
  }
  problem.answer_bytes = known_bytes(model.outputs());
  problem.request_ms = CLEAVE_TRY(measure_request_ms(clock));
  return problem;
}

Result<void> set_codec(plan::Problem& problem, const graph::Model& model,
                       const plan::CodecChoice& choice, double max_loss) {
  problem.value_codec = plan::values_within(choice, max_loss);
  const auto input = problem.codec.front();
  problem.codec.assign(model.layers().size() + 1, std::nullopt);
  problem.codec.front() = input;
  bool any = model.cuts().empty();
  for (const graph::Cut& cut : model.cuts()) {
    auto& cost = problem.codec[static_cast<std::size_t>(cut.index)];
    cost = cost_of_cut(cut, problem.value_codec);
    any = any || cost;
  }
  if (any) return {};
  return fail(ErrorCode::kUnsupported, kPlace,
              "codec '" + choice.codec + "' cannot send all values of any cut");
}

Result<void> set_values(plan::Problem& problem, const graph::Model& model,
                        const plan::CodecChoice& table) {
  plan::CodecChoice all = table;
  for (const auto& [name, cost] : problem.value_codec) all.values.try_emplace(name, cost, 0.0);
  return set_codec(problem, model, all, kAnyLoss);
}

}  // namespace cleave::study
