#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "codec/stream.h"

/// The values that cross a cut, frame after frame: one codec::StreamEncoder or StreamDecoder for
/// each of them, in the order of CutEntry::crossing. Not thread-safe.
namespace cleave::bundle {

class CutStreamEncoder {
 public:
  /// Errors: those of codec::StreamEncoder::create(), naming the value that it refuses.
  static Result<CutStreamEncoder> create(const CutCodec& codec);

  /// One stream packet per value. After an error the next frame is coded as a key frame.
  Result<std::vector<std::string>> encode(std::span<const Tensor* const> values);
  /// As codec::StreamEncoder::request_key_frame().
  void request_key_frame();

 private:
  explicit CutStreamEncoder(std::vector<std::string> names) : names_(std::move(names)) {}
  std::vector<std::string> names_;
  std::vector<codec::StreamEncoder> encoders_;
};

class CutStreamDecoder {
 public:
  /// As CutStreamEncoder::create().
  static Result<CutStreamDecoder> create(const CutCodec& codec);

  /// The values of packets from outside; errors name the value. kOutOfSync as
  /// codec::StreamDecoder::decode(), if only for one of them: key frames of all put it right.
  Result<std::vector<Tensor>> decode(std::span<const std::string> packets);

 private:
  explicit CutStreamDecoder(std::vector<std::string> names) : names_(std::move(names)) {}
  std::vector<std::string> names_;
  std::vector<codec::StreamDecoder> decoders_;
};

}  // namespace cleave::bundle
