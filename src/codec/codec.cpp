#include "codec/codec.h"

#include <bit>

#include "codec/chain.h"

namespace cleave::codec {

// Payloads are the memory of little-endian machines.
static_assert(std::endian::native == std::endian::little);

namespace {

std::unexpected<Error> wrong_size(std::size_t found, std::size_t expected) {
  return fail(
      found < expected ? ErrorCode::kNeedMoreBytes : ErrorCode::kCorrupt, "codec.decode",
      "payload has " + std::to_string(found) + " bytes, expected " + std::to_string(expected));
}

}  // namespace

Result<Codec> Codec::create(std::string_view spec, const Json& calibration) {
  Chain chain = CLEAVE_TRY(Chain::create(spec, calibration));
  return Codec(std::make_shared<const Chain>(std::move(chain)));
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
  Tensor coded;
  if (!steps.empty()) coded = CLEAVE_TRY(run(steps, tensor.bytes(), side));
  const std::span<const std::byte> data = steps.empty() ? tensor.bytes() : coded.bytes();
  out.insert(out.end(), side.begin(), side.end());
  out.insert(out.end(), data.begin(), data.end());
  return {};
}

Result<Tensor> Codec::decode(std::span<const std::byte> payload, DType dtype, const Shape& shape,
                             std::size_t max_tensor_bytes) const {
  CLEAVE_CHECK(check_tensor_size(dtype, shape, max_tensor_bytes));
  Layout last;
  const std::vector<Step> steps = CLEAVE_TRY(chain_->steps(dtype, shape, last));
  if (payload.size() < last.side_bytes)
    return wrong_size(payload.size(), last.side_bytes + layout_bytes(last));
  const std::span<const std::byte> side = payload.first(last.side_bytes);
  const std::span<const std::byte> data = payload.subspan(last.side_bytes);
  if (last.kind != Kind::kCompressed && data.size() != layout_bytes(last)) {
    return wrong_size(payload.size(), last.side_bytes + layout_bytes(last));
  }
  if (steps.empty()) return Tensor::from_bytes(dtype, shape, data);
  return run_back(steps, data, side);
}

Result<std::size_t> Codec::trimmed_bytes(std::span<const std::byte> payload, DType dtype,
                                         const Shape& shape, std::size_t max_bytes) const {
  Layout last;
  const std::vector<Step> steps = CLEAVE_TRY(chain_->steps(dtype, shape, last));
  if (payload.size() <= max_bytes) return payload.size();
  // What other stages make of a part is another part of it, or nothing.
  const std::size_t bytes =
      steps.size() == 1 && last.side_bytes == 0
          ? steps.front().stage->trimmed(payload, steps.front().before, max_bytes)
          : 0;
  if (bytes > 0) return bytes;
  return fail(ErrorCode::kUnsupported, "codec.trim",
              "no part of " + std::to_string(max_bytes) + " bytes of what '" + spec() +
                  "' made can be decoded, of " + std::to_string(payload.size()) + " in all");
}

Result<std::size_t> Codec::max_payload_bytes(DType dtype, const Shape& shape) const {
  Layout last;
  CLEAVE_CHECK(chain_->steps(dtype, shape, last));
  return last.side_bytes + layout_bytes(last);
}

}  // namespace cleave::codec
