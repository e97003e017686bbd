#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cleave::bench {

/// Seeded crops and flips of photos, each a picture.
Result<data::Dataset> crops(std::span<const std::string> photos, std::size_t count,
                            std::uint64_t seed);

using PhotoHalves = std::array<std::vector<std::string>, 2>;
/// The photos of the data folder in two halves: one to calibrate on, one to score on.
Result<PhotoHalves> photo_halves();

}  // namespace cleave::bench
