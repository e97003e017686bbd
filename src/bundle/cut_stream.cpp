#include "bundle/cut_stream.h"

#include "base/file.h"

namespace cleave::bundle {
namespace {

constexpr std::string_view kPlace = "bundle.stream";

std::vector<std::string> names_of(const CutCodec& codec) {
  std::vector<std::string> names;
  for (const TensorSpec& value : codec.values()) names.push_back(value.name);
  return names;
}

/// A coder of each value: an encoder or a decoder.
template <class Coder>
Result<std::vector<Coder>> coders_of(const CutCodec& codec) {
  std::vector<Coder> coders;
  for (std::size_t i = 0; i < codec.size(); ++i) {
    const TensorSpec& value = codec.values()[i];
    coders.push_back(CLEAVE_TRY(about("value '" + value.name + "'",
                                      Coder::create(codec.codecs()[i], value.dtype, value.shape))));
  }
  return coders;
}

Result<void> check_count(std::size_t found, const char* what, std::size_t expected) {
  if (found == expected) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              std::to_string(found) + " " + what + ", expected " + std::to_string(expected));
}

}  // namespace

Result<CutStreamEncoder> CutStreamEncoder::create(const CutCodec& codec) {
  CutStreamEncoder stream(names_of(codec));
  stream.encoders_ = CLEAVE_TRY(coders_of<codec::StreamEncoder>(codec));
  return stream;
}

Result<std::vector<std::string>> CutStreamEncoder::encode(std::span<const Tensor* const> values) {
  CLEAVE_CHECK(check_count(values.size(), "values", encoders_.size()));
  std::vector<std::string> packets;
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto packet = about("value '" + names_[i] + "'", encoders_[i].encode(*values[i]));
    if (!packet) {
      // The values before it have gone on, and their packets reach nobody.
      request_key_frame();
      return std::unexpected(std::move(packet).error());
    }
    packets.emplace_back(as_text(*packet));
  }
  return packets;
}

void CutStreamEncoder::request_key_frame() {
  for (codec::StreamEncoder& encoder : encoders_) encoder.request_key_frame();
}

Result<CutStreamDecoder> CutStreamDecoder::create(const CutCodec& codec) {
  CutStreamDecoder stream(names_of(codec));
  stream.decoders_ = CLEAVE_TRY(coders_of<codec::StreamDecoder>(codec));
  return stream;
}

Result<std::vector<Tensor>> CutStreamDecoder::decode(std::span<const std::string> packets) {
  CLEAVE_CHECK(check_count(packets.size(), "packets", decoders_.size()));
  std::vector<Tensor> values;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    values.push_back(
        CLEAVE_TRY(about("value '" + names_[i] + "'", decoders_[i].decode(as_bytes(packets[i])))));
  }
  return values;
}

}  // namespace cleave::bundle
