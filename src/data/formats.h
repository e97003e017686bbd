#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "data/image.h"

/// What the decoders of the several picture formats share.
namespace cleave::data {

/// The library's own words, with the code they mean.
std::unexpected<Error> undecodable(std::string_view format, std::string_view reason);

/// kResourceExhausted for a picture of more than `max_pixels` or of none. To be asked before memory
/// is taken for it.
Result<void> check_size(std::string_view format, std::int64_t width, std::int64_t height,
                        std::int64_t max_pixels);

/// True for what begins as a WebP file does.
bool is_webp(std::span<const std::byte> bytes);
Result<Image> decode_webp(std::span<const std::byte> bytes, std::int64_t max_pixels);

/// True for what begins as encode_h264()'s pictures do.
bool is_h264(std::span<const std::byte> bytes);
Result<Image> decode_h264(std::span<const std::byte> bytes, std::int64_t max_pixels);

}  // namespace cleave::data
