#include "codec/codec.h"

#include <bit>
#include <optional>

#include "base/checksum.h"
#include "base/file.h"
#include "codec/stage.h"

namespace cleave::codec {

// Payloads are the memory of little-endian machines.
static_assert(std::endian::native == std::endian::little);

namespace {

constexpr std::string_view kPlace = "codec";

/// A stage that works on the tensor at hand, with the layouts around it.
struct Step {
  const Stage* stage;
  Layout before;
  Layout after;
};

std::size_t layout_bytes(const Layout& layout) {
  return static_cast<std::size_t>(element_count(layout.shape).value_or(0)) *
         dtype_size(layout.dtype);
}

/// The stages of a spec, spelled out. Features come from quantising, so tiling implies it.
Result<std::vector<Spec>> canonical_stages(std::string_view text) {
  std::vector<Spec> stages = CLEAVE_TRY(parse_specs(text));
  if (stages.front().name == "tile") stages.insert(stages.begin(), Spec{"quant", {}});
  for (Spec& stage : stages) stage = CLEAVE_TRY(canonical_stage(stage));
  return stages;
}

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

std::unexpected<Error> wrong_size(std::size_t found, std::size_t expected) {
  return fail(
      found < expected ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt, "codec.decode",
      "payload has " + std::to_string(found) + " bytes, expected " + std::to_string(expected));
}

}  // namespace

struct Codec::Chain {
  std::string spec;
  Json calibration = Json::object();
  std::vector<std::unique_ptr<const Stage>> stages;
  std::vector<std::uint8_t> versions;
  std::uint32_t id = 0;
  bool lossless = true;

  /// The steps for one type and shape; the last layout is that of the payload's data.
  Result<std::vector<Step>> steps(DType dtype, const Shape& shape, Layout& last) const {
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

  Result<void> check_order() const {
    Layout last;
    CLEAVE_CHECK(steps(DType::kF32, {1}, last));
    if (last.kind != Kind::kImage) return {};
    return fail(ErrorCode::kInvalidArgument, "codec.spec",
                "'" + spec + "' ends in a picture, expected a stage that codes it, such as png");
  }

  std::uint32_t hash() const {
    std::uint32_t crc =
        crc32c(as_bytes("cleave-codec\n" + spec + "\n" + calibration.dump() + "\n"));
    return crc32c(std::as_bytes(std::span(versions)), crc);
  }
};

Result<Codec> Codec::create(std::string_view spec, const Json& calibration) {
  const std::vector<Spec> stages = CLEAVE_TRY(canonical_stages(spec));
  CLEAVE_CHECK(check_calibration(calibration, stages));
  auto chain = std::make_shared<Chain>();
  chain->spec = specs_to_string(stages);
  if (calibration.is_object()) chain->calibration = calibration;
  for (const Spec& stage : stages) {
    const StageKind& kind = *CLEAVE_TRY(find_stage(stage.name));
    const Json own = chain->calibration.value(stage.name, Json());
    chain->stages.push_back(CLEAVE_TRY(kind.make(stage, own)));
    chain->versions.push_back(kind.version);
    chain->lossless &= kind.lossless;
  }
  CLEAVE_CHECK(chain->check_order());
  chain->id = chain->hash();
  return Codec(std::move(chain));
}

Result<Json> Codec::calibrate(std::string_view spec, std::span<const Tensor> samples) {
  CLEAVE_CHECK(create(spec));
  Json calibration = Json::object();
  for (const Spec& stage : CLEAVE_TRY(canonical_stages(spec))) {
    const StageKind& kind = *CLEAVE_TRY(find_stage(stage.name));
    if (kind.calibrate == nullptr) continue;
    Json own = CLEAVE_TRY(kind.calibrate(stage, samples));
    if (!own.is_null()) calibration[stage.name] = std::move(own);
  }
  return calibration;
}

const std::string& Codec::spec() const { return chain_->spec; }
const Json& Codec::calibration() const { return chain_->calibration; }
std::vector<std::uint8_t> Codec::stage_versions() const { return chain_->versions; }
std::uint32_t Codec::id() const { return chain_->id; }
bool Codec::lossless() const { return chain_->lossless; }

Result<Bytes> Codec::encode(const Tensor& tensor) const {
  Bytes payload;
  CLEAVE_CHECK(encode_to(tensor, payload));
  return payload;
}

Result<void> Codec::encode_to(const Tensor& tensor, Bytes& out) const {
  Layout last;
  const std::vector<Step> steps = CLEAVE_TRY(chain_->steps(tensor.dtype(), tensor.shape(), last));
  Bytes side;
  Tensor current;
  std::span<const std::byte> data = tensor.bytes();
  for (const Step& step : steps) {
    current = CLEAVE_TRY(step.stage->encode(data, step.before, side));
    data = current.bytes();
  }
  out.insert(out.end(), side.begin(), side.end());
  out.insert(out.end(), data.begin(), data.end());
  return {};
}

Result<Tensor> Codec::decode(std::span<const std::byte> payload, DType dtype, const Shape& shape,
                             std::size_t max_tensor_bytes) const {
  const auto count = element_count(shape);
  if (count && static_cast<std::size_t>(*count) > max_tensor_bytes / dtype_size(dtype)) {
    return fail(ErrorCode::kResourceExhausted, "codec.decode",
                std::string(dtype_name(dtype)) + " of shape " + shape_text(shape) +
                    ", expected at most " + std::to_string(max_tensor_bytes) + " bytes");
  }
  Layout last;
  const std::vector<Step> steps = CLEAVE_TRY(chain_->steps(dtype, shape, last));
  if (payload.size() < last.side_bytes)
    return wrong_size(payload.size(), last.side_bytes + layout_bytes(last));
  const std::span<const std::byte> side = payload.first(last.side_bytes);
  std::span<const std::byte> data = payload.subspan(last.side_bytes);
  if (last.kind != Kind::kCompressed && data.size() != layout_bytes(last)) {
    return wrong_size(payload.size(), last.side_bytes + layout_bytes(last));
  }
  std::optional<Tensor> current;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const auto own =
        side.subspan(step->before.side_bytes, step->after.side_bytes - step->before.side_bytes);
    current = CLEAVE_TRY(step->stage->decode(data, step->before, own));
    data = current->bytes();
  }
  if (!current) return Tensor::from_bytes(dtype, shape, data);
  return *std::move(current);
}

Result<std::size_t> Codec::max_payload_bytes(DType dtype, const Shape& shape) const {
  Layout last;
  CLEAVE_CHECK(chain_->steps(dtype, shape, last));
  return last.side_bytes + layout_bytes(last);
}

}  // namespace cleave::codec
