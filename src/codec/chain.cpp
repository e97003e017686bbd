#include "codec/chain.h"

#include "base/checksum.h"
#include "base/file.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec";

Result<void> check_calibration(const Json& calibration, const std::vector<Spec>& stages) {
  if (!calibration.is_object() && !calibration.is_null()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                std::string("calibration is ") + calibration.type_name() + ", expected an object");
  }
  for (const auto& [name, value] : calibration.items()) {
    bool known = false;
    for (const Spec& stage : stages) {
      known |= stage.name == name && CLEAVE_TRY(find_stage(name))->calibrate != nullptr;
    }
    if (!known || value.is_null()) {
      return fail(
          ErrorCode::kInvalidArgument, kPlace,
          "calibration for '" + name + "', which '" + specs_to_string(stages) + "' does not take");
    }
  }
  return {};
}

Result<void> check_order(const Chain& chain) {
  Layout last;
  CLEAVE_CHECK(chain.steps(DType::kF32, {1}, last));
  if (last.kind != Kind::kImage) return {};
  return fail(
      ErrorCode::kInvalidArgument, "codec.spec",
      "'" + chain.spec + "' ends in a picture, expected a stage that codes it, such as png");
}

std::uint32_t hash(const Chain& chain) {
  std::uint32_t crc =
      crc32c(as_bytes("cleave-codec\n" + chain.spec + "\n" + chain.calibration.dump() + "\n"));
  return crc32c(std::as_bytes(std::span(chain.versions)), crc);
}

}  // namespace

Result<Chain> Chain::create(std::string_view spec, const Json& calibration) {
  Chain chain;
  chain.stage_specs = CLEAVE_TRY(canonical_stages(spec));
  CLEAVE_CHECK(check_calibration(calibration, chain.stage_specs));
  chain.spec = specs_to_string(chain.stage_specs);
  if (calibration.is_object()) chain.calibration = calibration;
  for (const Spec& stage : chain.stage_specs) {
    const StageKind& kind = *CLEAVE_TRY(find_stage(stage.name));
    const Json own = chain.calibration.value(stage.name, Json());
    chain.stages.push_back(CLEAVE_TRY(kind.make(stage, own)));
    chain.versions.push_back(kind.version);
    chain.lossless &= kind.lossless;
  }
  CLEAVE_CHECK(check_order(chain));
  chain.id = hash(chain);
  return chain;
}

Result<std::vector<Step>> Chain::steps(DType dtype, const Shape& shape, Layout& last) const {
  last = {Kind::kValues, dtype, shape, 0};
  const auto count = element_count(shape);
  if (!count) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "shape " + shape_text(shape) + ", expected all dimensions known");
  }
  std::vector<Step> steps;
  if (*count == 0) return steps;
  for (const auto& stage : stages) {
    Layout after = last;
    if (CLEAVE_TRY(stage->plan(after))) steps.push_back({stage.get(), last, after});
    last = std::move(after);
  }
  return steps;
}

Result<std::vector<Spec>> canonical_stages(std::string_view text) {
  std::vector<Spec> stages = CLEAVE_TRY(parse_specs(text));
  if (stages.front().name == "tile") stages.insert(stages.begin(), Spec{"quant", {}});
  for (Spec& stage : stages) stage = CLEAVE_TRY(canonical_stage(stage));
  return stages;
}

std::size_t layout_bytes(const Layout& layout) {
  return static_cast<std::size_t>(element_count(layout.shape).value_or(0)) *
         dtype_size(layout.dtype);
}

Result<void> check_tensor_size(DType dtype, const Shape& shape, std::size_t max_tensor_bytes) {
  const auto count = element_count(shape);
  if (!count || static_cast<std::size_t>(*count) <= max_tensor_bytes / dtype_size(dtype)) return {};
  return fail(ErrorCode::kResourceExhausted, "codec.decode",
              std::string(dtype_name(dtype)) + " of shape " + shape_text(shape) +
                  ", expected at most " + std::to_string(max_tensor_bytes) + " bytes");
}

Result<Tensor> run(std::span<const Step> steps, std::span<const std::byte> data, Bytes& side) {
  Tensor current;
  for (const Step& step : steps) {
    current = CLEAVE_TRY(step.stage->encode(data, step.before, side));
    data = current.bytes();
  }
  return current;
}

Result<Tensor> run_back(std::span<const Step> steps, std::span<const std::byte> data,
                        std::span<const std::byte> side) {
  Tensor current;
  for (std::size_t i = steps.size(); i-- > 0;) {
    const Step& step = steps[i];
    const auto own =
        side.subspan(step.before.side_bytes, step.after.side_bytes - step.before.side_bytes);
    current = CLEAVE_TRY(step.stage->decode(data, step.before, own));
    data = current.bytes();
  }
  return current;
}

}  // namespace cleave::codec
