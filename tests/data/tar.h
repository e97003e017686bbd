#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/image.h"
#include "pictures.h"

namespace cleave::data {

/// A header of the POSIX tar format, whose size may promise anything.
inline std::string tar_header(const std::string& path, std::uint64_t size) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  const auto octal = [](std::uint64_t value, int digits) {
    char text[24];
    std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
    return std::string(text);
  };
  put(0, path);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, octal(size, 11));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}

/// A tar archive of these files.
inline std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  for (const auto& [path, content] : files) {
    archive += tar_header(path, content.size()) + content;
    archive.resize((archive.size() + 511) / 512 * 512, '\0');
  }
  return archive + std::string(1024, '\0');
}

/// The PNG of a picture of one colour.
inline std::string plain_png(std::uint8_t value) {
  Image image(4, 4);
  image.rgb.assign(image.rgb.size(), value);
  const auto png = encode_png(image).value();
  return {reinterpret_cast<const char*>(png.data()), png.size()};
}

/// The bytes of an IDX file of unsigned bytes.
inline std::string idx_of(const std::vector<std::uint32_t>& shape, const std::string& elements) {
  std::string file{0, 0, 8, static_cast<char>(shape.size())};
  for (const std::uint32_t dimension : shape)
    for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>(dimension >> shift);
  return file + elements;
}

}  // namespace cleave::data
