#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/spec.h"
#include "data/image.h"

namespace cleave::data {

/// How a picture is sent whole, named by a spec string such as "webp:q=60" (picture_kinds() lists
/// them). decode_image() reads what any of them makes. Immutable and thread-safe.
class PictureCodec {
 public:
  using Encode = std::function<Result<Bytes>(const Image&)>;

  /// jpeg:q=85.
  PictureCodec();
  /// Errors: kInvalidArgument for an unknown name, key or value, listing the known ones.
  static Result<PictureCodec> parse(std::string_view spec);

  /// The canonical spec, with every setting.
  const std::string& spec() const { return spec_; }
  /// Errors: those of encode_jpeg() and so on.
  Result<Bytes> encode(const Image& image) const { return encode_(image); }

 private:
  PictureCodec(std::string spec, Encode encode)
      : spec_(std::move(spec)), encode_(std::move(encode)) {}
  std::string spec_;
  Encode encode_;
};

/// A row of the table of picture codecs.
struct PictureKind {
  std::string_view name;
  std::string_view settings;  ///< for people: keys with their values, defaults first
  /// Checks the settings and writes those that are not given into `spec`.
  Result<PictureCodec::Encode> (*make)(Spec& spec);
};

/// Every picture codec. The one place to add one.
std::span<const PictureKind> picture_kinds();

}  // namespace cleave::data
