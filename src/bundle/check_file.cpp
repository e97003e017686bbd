#include "bundle/check_file.h"

#include "base/file.h"
#include "codec/packet.h"

namespace cleave::bundle {
namespace {

constexpr std::string_view kPlace = "bundle.check";
/// Lossless, so that what was computed is what is compared.
constexpr std::string_view kSpec = "raw|zstd:level=3";

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

Result<std::uint32_t> take_u32(std::span<const std::byte>& bytes) {
  if (bytes.size() < 4)
    return fail(ErrorCode::kNeedMoreBytes, kPlace, "the file ends within a number");
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
  bytes = bytes.subspan(4);
  return value;
}

Result<void> append_list(std::string& out, const codec::Codec& codec,
                         const std::vector<Tensor>& tensors) {
  append_u32(out, static_cast<std::uint32_t>(tensors.size()));
  for (const Tensor& tensor : tensors) {
    const Bytes packet = CLEAVE_TRY(codec::encode_packet(codec, tensor));
    append_u32(out, static_cast<std::uint32_t>(packet.size()));
    out += as_text(packet);
  }
  return {};
}

Result<std::vector<Tensor>> take_list(std::span<const std::byte>& bytes) {
  const std::uint32_t count = CLEAVE_TRY(take_u32(bytes));
  if (count > bytes.size() / sizeof(std::uint32_t)) {
    return fail(ErrorCode::kNeedMoreBytes, kPlace,
                "a list of " + std::to_string(count) + " tensors has " +
                    std::to_string(bytes.size()) + " bytes left");
  }
  std::vector<Tensor> tensors;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t size = CLEAVE_TRY(take_u32(bytes));
    if (size > bytes.size()) {
      return fail(ErrorCode::kNeedMoreBytes, kPlace,
                  "a packet of " + std::to_string(size) + " bytes has " +
                      std::to_string(bytes.size()) + " left");
    }
    tensors.push_back(CLEAVE_TRY(codec::decode_packet(bytes.first(size))));
    bytes = bytes.subspan(size);
  }
  return tensors;
}

}  // namespace

Result<std::string> make_check_file(const CheckVector& check) {
  const codec::Codec codec = CLEAVE_TRY(codec::Codec::create(kSpec));
  std::string out;
  for (const auto* list :
       {&check.inputs, &check.head_outputs, &check.crossing, &check.tail_outputs}) {
    CLEAVE_CHECK(append_list(out, codec, *list));
  }
  return out;
}

Result<CheckVector> parse_check_file(std::span<const std::byte> bytes) {
  CheckVector check;
  for (auto* list : {&check.inputs, &check.head_outputs, &check.crossing, &check.tail_outputs}) {
    *list = CLEAVE_TRY(take_list(bytes));
  }
  if (!bytes.empty()) {
    return fail(ErrorCode::kCorrupt, kPlace,
                std::to_string(bytes.size()) + " bytes follow the last list");
  }
  return check;
}

}  // namespace cleave::bundle
