#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bundle/cut_stream.h"
#include "wire/types.h"

namespace cleave::cloud {

/// Streams that one model holds at a time, and what their last pictures may take: up to eight times
/// the bytes of all values each.
inline constexpr std::size_t kMaxSequences = 64;
inline constexpr std::size_t kMaxSequenceBytes = std::size_t{512} << 20;
inline constexpr std::size_t kMaxSequenceIdBytes = 128;

/// The protocol's parameters of a request that is one of a row: `sequence_id`, a number or a text,
/// with `sequence_start` and `sequence_end`.
struct Sequence {
  std::string id;
  bool start = false;
  bool end = false;
};

/// Nothing for a request without `sequence_id`, or with 0 or an empty text, which say the same.
/// Errors (kInvalidArgument): parameters of another type, a text over kMaxSequenceIdBytes.
Result<std::optional<Sequence>> read_sequence(const wire::Parameters& parameters);

/// The streams that clients are sending to one tail. A stream is there from its first key frame
/// that could be decoded to its `end`; where there are more than capacity(), the one that was quiet
/// for longest goes, and its sender is told kOutOfSync when it comes back, as it is after a lost
/// frame. Thread-safe: packets of one stream wait for each other, those of several do not.
class Sequences {
 public:
  /// Errors: those of CutStreamDecoder::create().
  static Result<std::shared_ptr<Sequences>> create(bundle::CutCodec codec);

  /// The values of a stream's next packets. Errors: as CutStreamDecoder::decode().
  Result<std::vector<Tensor>> decode(const Sequence& sequence,
                                     std::span<const std::string> packets);
  std::size_t size() const;
  /// kMaxSequences, or as many as kMaxSequenceBytes allow, one at least.
  std::size_t capacity() const { return capacity_; }

 private:
  struct Stream {
    explicit Stream(bundle::CutStreamDecoder d) : decoder(std::move(d)) {}
    std::mutex mutex;
    bundle::CutStreamDecoder decoder;
    std::uint64_t used = 0;  ///< guarded by Sequences::mutex_
  };
  explicit Sequences(bundle::CutCodec codec);
  std::shared_ptr<Stream> find(const Sequence& sequence);
  void keep(const Sequence& sequence, std::shared_ptr<Stream> stream);

  const bundle::CutCodec codec_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::uint64_t uses_ = 0;
  std::map<std::string, std::shared_ptr<Stream>, std::less<>> streams_;
};

}  // namespace cleave::cloud
