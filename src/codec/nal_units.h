#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/video.h"

namespace cleave::codec {

/// What a NAL unit is to a picture.
enum class UnitRole { kParameters, kKeySlice, kSlice, kEnd, kOther };

struct Unit {
  UnitRole role;
  /// The type's number in its standard.
  int type;
  /// Without start code and zeros around it.
  std::span<const std::byte> bytes;
};

/// The units of a byte stream; none where it does not begin with a start code.
std::vector<Unit> split_units(VideoFormat format, std::span<const std::byte> stream);

/// Appends a unit behind its start code, which is longer before parameter sets and at the start of
/// a picture.
void append_unit(const Unit& unit, Bytes& stream);

/// Marks the end of a stream. Within a unit its bytes cannot occur.
std::span<const std::byte> end_unit(VideoFormat format);

/// True for one picture: each parameter set once, then slices of a key frame; or slices of another
/// frame alone.
bool is_picture(VideoFormat format, std::span<const Unit> units, bool key);

}  // namespace cleave::codec
