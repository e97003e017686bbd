#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/checksum.h"
#include "data/image.h"

namespace cleave::data {

/// A picture given by a formula, which other programs can make too.
inline Image formula_picture(int width, int height) {
  Image image(width, height);
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const auto x = static_cast<unsigned>(column), y = static_cast<unsigned>(row);
      image.pixel(column, row)[0] = static_cast<std::uint8_t>(x * 7 + y * 13);
      image.pixel(column, row)[1] = static_cast<std::uint8_t>(x * x + y);
      image.pixel(column, row)[2] = static_cast<std::uint8_t>(x * y * 3);
    }
  }
  return image;
}

inline std::string pixels_sha256(const Image& image) {
  return sha256_hex(std::as_bytes(std::span(image.rgb)));
}

/// The folder of real photographs and networks.
inline std::filesystem::path data_folder() {
  const char* set = std::getenv("CLEAVE_DATA");
  return set ? std::filesystem::path(set)
             : std::filesystem::path(CLEAVE_SOURCE_DIR) / "../shared/data";
}

inline std::filesystem::path corpus(const std::string& file = "") {
  return std::filesystem::path(CLEAVE_SOURCE_DIR) / "tests/fuzz/corpus/image" / file;
}

}  // namespace cleave::data

#define CLEAVE_NEEDS_DATA()                                  \
  if (!std::filesystem::exists(cleave::data::data_folder())) \
  GTEST_SKIP() << "skipped: CLEAVE_DATA not found"
