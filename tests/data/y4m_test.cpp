#include "data/y4m.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace cleave::data {
namespace {

std::string film_of(const std::string& parameters, const std::string& samples) {
  return "YUV4MPEG2" + parameters + "\nFRAME\n" + samples;
}

Image first_frame(const std::string& file) {
  return Y4m::parse(as_bytes(file)).value().next().value().value();
}

std::vector<int> rgb_at(const Image& image, int x, int y) {
  const std::uint8_t* pixel = image.pixel(x, y);
  return {pixel[0], pixel[1], pixel[2]};
}

TEST(Y4m, ColoursAreThoseOfItuR601) {
  // Black, white and grey; the primaries' studio-range codes are the standard's.
  EXPECT_EQ(rgb_at(first_frame(film_of(" W1 H1 C444", "\x10\x80\x80")), 0, 0),
            (std::vector{0, 0, 0}));
  EXPECT_EQ(rgb_at(first_frame(film_of(" W1 H1 C444", "\xEB\x80\x80")), 0, 0),
            (std::vector{255, 255, 255}));
  const auto red = rgb_at(first_frame(film_of(" W1 H1 C444", "\x51\x5A\xF0")), 0, 0);
  EXPECT_NEAR(red[0], 255, 1);
  EXPECT_NEAR(red[1], 0, 1);
  EXPECT_NEAR(red[2], 0, 1);
  EXPECT_EQ(rgb_at(first_frame(film_of(" W1 H1 C444 XCOLORRANGE=FULL", "\x10\x80\x80")), 0, 0),
            (std::vector{16, 16, 16}));
  EXPECT_EQ(rgb_at(first_frame(film_of(" W1 H1 Cmono XCOLORRANGE=FULL", "\x80")), 0, 0),
            (std::vector{128, 128, 128}));
}

// Sides of 3 have two chroma samples, the second for the last pixel alone.
TEST(Y4m, OddSidesAreCovered) {
  const std::string luma(9, '\x80');
  const Image image = first_frame(
      film_of(" W3 H3 F10:1 Ip A1:1", luma + "\x80\x80\x80\xF0" + std::string(4, '\x80')));
  EXPECT_EQ(rgb_at(image, 0, 0), rgb_at(image, 1, 2));
  EXPECT_EQ(rgb_at(image, 2, 0), rgb_at(image, 0, 2));
  EXPECT_GT(rgb_at(image, 2, 2)[2], rgb_at(image, 0, 0)[2]) << "more blue";
}

TEST(Y4m, FramesComeInTheirOrder) {
  const std::string file = film_of(" W2 H1 Cmono", "ab") + "FRAME Ip\ncd";
  Y4m film = Y4m::parse(as_bytes(file)).value();
  const Image first = film.next().value().value();
  const Image second = film.next().value().value();
  EXPECT_LT(first.pixel(0, 0)[0], second.pixel(0, 0)[0]);
  EXPECT_FALSE(film.next().value().has_value());
  EXPECT_FALSE(film.next().value().has_value());
}

TEST(Y4m, WhatIsWrongIsToldApart) {
  const auto header = [](const std::string& file) {
    const auto film = Y4m::parse(as_bytes(file), 100);
    return film ? ErrorCode::kInternal : film.error().code;
  };
  EXPECT_EQ(header("RIFF"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(header("YUV4MPEG22 W1 H1\n"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(header(""), ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(header("YUV4MPEG2 W1 H1"), ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(header("YUV4MPEG2 " + std::string(2000, 'X')), ErrorCode::kCorrupt);
  EXPECT_EQ(header("YUV4MPEG2 W1\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(header("YUV4MPEG2 W-1 H1\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(header("YUV4MPEG2 W1 H99999999999\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(header("YUV4MPEG2 W2147483647 H2147483647\n"), ErrorCode::kResourceExhausted);
  EXPECT_EQ(header("YUV4MPEG2 W1 H1 C420p10\n"), ErrorCode::kUnsupported);
  EXPECT_EQ(header("YUV4MPEG2 W10 H10 XANY\n"), ErrorCode::kInternal) << "none of these";

  const auto frame = [](const std::string& file) {
    const auto image = Y4m::parse(as_bytes(file)).value().next();
    return image ? ErrorCode::kInternal : image.error().code;
  };
  const std::string whole = film_of(" W2 H2", "abcdef");
  EXPECT_EQ(frame(whole), ErrorCode::kInternal);
  for (std::size_t cut = 1; cut <= 12; ++cut)
    EXPECT_EQ(frame(whole.substr(0, whole.size() - cut)),
              cut == 12 ? ErrorCode::kInternal : ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(frame("YUV4MPEG2 W2 H2\nFRAMES\nabcdef"), ErrorCode::kCorrupt);
}

TEST(Y4m, ReadsAFilm) {
  const char* folder = std::getenv("CLEAVE_DATA");
  if (folder == nullptr) GTEST_SKIP() << "CLEAVE_DATA not found";
  const std::string file =
      read_file(std::filesystem::path(folder) / "video" / "newtonscradle_200x150_420jpeg.y4m")
          .value();
  Y4m film = Y4m::parse(as_bytes(file)).value();
  int frames = 0;
  while (const auto frame = film.next().value()) {
    EXPECT_EQ(frame->width, 200);
    EXPECT_EQ(frame->height, 150);
    ++frames;
  }
  EXPECT_EQ(frames, 36);
}

}  // namespace
}  // namespace cleave::data
