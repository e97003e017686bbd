#include "cloud/sequences.h"

#include <algorithm>

namespace cleave::cloud {
namespace {

constexpr std::string_view kPlace = "cloud.sequence";

std::unexpected<Error> refuse(std::string_view key, std::string_view expected) {
  return fail(
      ErrorCode::kInvalidArgument, kPlace,
      "parameter '" + std::string(key) + "' is of another kind, expected " + std::string(expected));
}

Result<bool> flag(const wire::Parameters& parameters, std::string_view key) {
  const auto it = parameters.find(key);
  if (it == parameters.end()) return false;
  if (const bool* value = std::get_if<bool>(&it->second)) return *value;
  return refuse(key, "true or false");
}

/// Empty where no sequence is meant.
Result<std::string> read_id(const wire::Parameters& parameters) {
  constexpr std::string_view kKey = "sequence_id";
  const auto it = parameters.find(kKey);
  if (it == parameters.end()) return "";
  if (const auto* number = std::get_if<std::int64_t>(&it->second))
    return *number == 0 ? "" : std::to_string(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&it->second))
    return *number == 0 ? "" : std::to_string(*number);
  const auto* text = std::get_if<std::string>(&it->second);
  if (text && text->size() <= kMaxSequenceIdBytes) return *text;
  return refuse(kKey, "a whole number or a text of up to 128 bytes");
}

}  // namespace

Result<std::optional<Sequence>> read_sequence(const wire::Parameters& parameters) {
  Sequence sequence;
  sequence.id = CLEAVE_TRY(read_id(parameters));
  if (sequence.id.empty()) return std::nullopt;
  sequence.start = CLEAVE_TRY(flag(parameters, "sequence_start"));
  sequence.end = CLEAVE_TRY(flag(parameters, "sequence_end"));
  return sequence;
}

Result<std::shared_ptr<Sequences>> Sequences::create(bundle::CutCodec codec) {
  CLEAVE_CHECK(bundle::CutStreamDecoder::create(codec));
  return std::shared_ptr<Sequences>(new Sequences(std::move(codec)));
}

Result<std::vector<Tensor>> Sequences::decode(const Sequence& sequence,
                                              std::span<const std::string> packets) {
  const std::shared_ptr<Stream> stream = CLEAVE_TRY(find(sequence));
  const std::lock_guard lock(stream->mutex);
  return stream->decoder.decode(packets);
}

std::size_t Sequences::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

Result<std::shared_ptr<Sequences::Stream>> Sequences::find(const Sequence& sequence) {
  const std::lock_guard lock(mutex_);
  auto it = streams_.find(sequence.id);
  if (it != streams_.end() && sequence.start) {
    streams_.erase(it);
    it = streams_.end();
  }
  if (it == streams_.end()) {
    if (streams_.size() >= kMaxSequences) forget_quietest();
    auto decoder = CLEAVE_TRY(bundle::CutStreamDecoder::create(codec_));
    it = streams_.emplace(sequence.id, std::make_shared<Stream>(std::move(decoder))).first;
  }
  std::shared_ptr<Stream> stream = it->second;
  stream->used = ++uses_;
  if (sequence.end) streams_.erase(it);
  return stream;
}

void Sequences::forget_quietest() {
  streams_.erase(
      std::ranges::min_element(streams_, {}, [](const auto& entry) { return entry.second->used; }));
}

}  // namespace cleave::cloud
