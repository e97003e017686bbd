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

std::size_t capacity_for(std::span<const TensorSpec> values) {
  constexpr std::size_t kTimesValues = 8;
  std::size_t bytes = 0;
  for (const TensorSpec& value : values)
    bytes += static_cast<std::size_t>(value.byte_size().value_or(0));
  return std::clamp<std::size_t>(kMaxSequenceBytes / std::max<std::size_t>(1, kTimesValues * bytes),
                                 1, kMaxSequences);
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

Sequences::Sequences(bundle::CutCodec codec)
    : codec_(std::move(codec)), capacity_(capacity_for(codec_.values())) {}

Result<std::vector<Tensor>> Sequences::decode(const Sequence& sequence,
                                              std::span<const std::string> packets) {
  std::shared_ptr<Stream> stream = find(sequence);
  // What cannot be decoded is no reason to forget others: a new stream is kept when it has begun.
  if (!stream)
    stream = std::make_shared<Stream>(CLEAVE_TRY(bundle::CutStreamDecoder::create(codec_)));
  const std::lock_guard lock(stream->mutex);
  auto values = CLEAVE_TRY(stream->decoder.decode(packets));
  keep(sequence, stream);
  return values;
}

std::size_t Sequences::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

/// The stream that a packet goes on with; null for a new one.
std::shared_ptr<Sequences::Stream> Sequences::find(const Sequence& sequence) {
  const std::lock_guard lock(mutex_);
  const auto it = streams_.find(sequence.id);
  if (it == streams_.end()) return nullptr;
  if (!sequence.start) return it->second;
  streams_.erase(it);
  return nullptr;
}

void Sequences::keep(const Sequence& sequence, std::shared_ptr<Stream> stream) {
  const std::lock_guard lock(mutex_);
  if (sequence.end) {
    streams_.erase(sequence.id);
    return;
  }
  if (streams_.size() >= capacity_ && !streams_.contains(sequence.id)) {
    streams_.erase(std::ranges::min_element(streams_, {},
                                            [](const auto& entry) { return entry.second->used; }));
  }
  stream->used = ++uses_;
  streams_[sequence.id] = std::move(stream);
}

}  // namespace cleave::cloud
