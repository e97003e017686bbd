#include "data/film.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/bytes.h"
#include "base/file.h"
#include "data/mp4.h"
#include "data/synthetic.h"

namespace cleave::data {
namespace {

std::string number(std::uint32_t value, int bytes = 4) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string box(const std::string& type, const std::string& body) {
  return number(static_cast<std::uint32_t>(8 + body.size())) + type + body;
}

std::string table(const std::string& type, std::uint32_t count, const std::string& entries) {
  return box(type, number(0) + number(count) + entries);
}

/// What a film is made of; each test spoils one thing.
struct Parts {
  std::string kind = "avc1";
  std::string config = "avcC";
  std::string handler = "vide";
  int width = 32;
  int height = 16;
  std::string sizes = number(0) + number(3) + number(2) + number(3) + number(1);
  std::string runs = number(1) + number(2) + number(1);
  std::uint32_t run_count = 1;
  std::string chunks = number(24) + number(29);
  std::uint32_t chunk_count = 2;
  std::string more;

  std::string file() const {
    const std::string entry = std::string(24, '\0') + number(static_cast<std::uint32_t>(width), 2) +
                              number(static_cast<std::uint32_t>(height), 2) +
                              std::string(50, '\0') + box(config, "settings");
    const std::string stbl =
        box("stbl", table("stsd", 1, box(kind, entry)) + box("stsz", number(0) + sizes) +
                        table("stsc", run_count, runs) + table("stco", chunk_count, chunks));
    const std::string mdia =
        box("mdia", box("hdlr", number(0) + number(0) + handler + "name") + box("minf", stbl));
    return box("ftyp", "isom1234") + box("mdat", "abcdef") +
           box("moov", box("mvhd", "") + box("trak", mdia) + more);
  }
};

ErrorCode code_of(const std::string& file) {
  const auto track = read_mp4(as_bytes(file));
  return track ? ErrorCode::kInternal : track.error().code;
}

TEST(Mp4, PicturesLieWhereTheTablesSay) {
  const std::string file = Parts{}.file();
  const auto track = read_mp4(as_bytes(file));
  ASSERT_TRUE(track) << track.error().to_string();
  EXPECT_EQ(track->format, codec::VideoFormat::kH264);
  EXPECT_EQ(track->width, 32);
  EXPECT_EQ(track->height, 16);
  EXPECT_EQ(as_text(track->config), "settings");
  ASSERT_EQ(track->samples.size(), 3);
  EXPECT_EQ(as_text(track->samples[0]), "ab");
  EXPECT_EQ(as_text(track->samples[1]), "cde");
  EXPECT_EQ(as_text(track->samples[2]), "f");
}

TEST(Mp4, OneSizeForAllAndChunksOfDifferentNumbers) {
  Parts parts;
  parts.kind = "hvc1";
  parts.config = "hvcC";
  parts.sizes = number(1) + number(4);
  parts.runs = number(1) + number(1) + number(1) + number(2) + number(3) + number(1);
  parts.run_count = 2;
  const std::string file = parts.file();
  const auto track = read_mp4(as_bytes(file));
  ASSERT_TRUE(track) << track.error().to_string();
  EXPECT_EQ(track->format, codec::VideoFormat::kH265);
  ASSERT_EQ(track->samples.size(), 4);
  EXPECT_EQ(as_text(track->samples[0]), "a");
  EXPECT_EQ(as_text(track->samples[1]), "f");
}

TEST(Mp4, WhatIsWrongIsToldApart) {
  EXPECT_EQ(code_of("not a film at all"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code_of(""), ErrorCode::kNotThisFormat);
  const std::string whole = Parts{}.file();
  for (const std::size_t size : {16U, 20U, 30U, 40U})
    EXPECT_EQ(code_of(whole.substr(0, size)), ErrorCode::kNeedMoreBytes) << size;
  const auto spoiled = [](auto spoil) {
    Parts parts;
    spoil(parts);
    return code_of(parts.file());
  };
  EXPECT_EQ(spoiled([](Parts& p) { p.handler = "soun"; }), ErrorCode::kUnsupported);
  EXPECT_EQ(spoiled([](Parts& p) { p.kind = "mp4v"; }), ErrorCode::kUnsupported);
  EXPECT_EQ(spoiled([](Parts& p) { p.more = box("mvex", ""); }), ErrorCode::kUnsupported);
  EXPECT_EQ(spoiled([](Parts& p) { p.config = "free"; }), ErrorCode::kCorrupt);
  EXPECT_EQ(spoiled([](Parts& p) { p.run_count = 0; }), ErrorCode::kCorrupt);
  EXPECT_EQ(spoiled([](Parts& p) { p.chunk_count = 1; }), ErrorCode::kCorrupt);
  EXPECT_EQ(spoiled([](Parts& p) { p.chunk_count = 1U << 31; }), ErrorCode::kCorrupt);
  EXPECT_EQ(spoiled([](Parts& p) { p.chunks = number(24) + number(4000); }),
            ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(spoiled([](Parts& p) { p.sizes = number(1) + number(0xffffffff); }),
            ErrorCode::kResourceExhausted);
}

TEST(Film, TellsWhatItIs) {
  Film y4m = Film::parse("YUV4MPEG2 W2 H1 Cmono\nFRAME\nab").value();
  EXPECT_EQ(y4m.width(), 2);
  EXPECT_EQ(y4m.height(), 1);
  EXPECT_TRUE(y4m.next().value().has_value());
  EXPECT_FALSE(y4m.next().value().has_value());
  const auto code = [](const std::string& file) { return Film::parse(file, 1000).error().code; };
  EXPECT_EQ(code(""), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code("\xff\xd8\xff and so on"), ErrorCode::kNotThisFormat);
  Parts large;
  large.width = 2000;
  EXPECT_EQ(code(large.file()), ErrorCode::kResourceExhausted);
}

/// The pictures of a file of the fuzzer's corpus, or why there are none.
Result<std::vector<Image>> pictures_of(const std::string& name) {
  Film film =
      CLEAVE_TRY(Film::open(std::string(CLEAVE_SOURCE_DIR) + "/tests/fuzz/corpus/film/" + name));
  std::vector<Image> images;
  while (auto image = CLEAVE_TRY(film.next())) images.push_back(*std::move(image));
  return images;
}

TEST(Film, SmallOnesOfEveryKind) {
  if (Film::parse(Parts{}.file()).error().code == ErrorCode::kUnsupported)
    GTEST_SKIP() << "without video";
  for (const char* name : {"h264", "h264_moov_first", "h265"}) {
    const auto images = pictures_of(name);
    ASSERT_TRUE(images) << images.error().to_string();
    ASSERT_EQ(images->size(), std::string_view(name) == "h264_moov_first" ? 1 : 2) << name;
    // The formula of the picture that was coded, which is grey.
    double sum = 0;
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 48; ++x)
        sum += std::abs((((x * 5 + y * 3) ^ (x * y / 7)) & 255) - images->front().pixel(x, y)[1]);
    EXPECT_LT(sum / (48 * 32), 12) << name;
  }
  EXPECT_TRUE(pictures_of("no_pictures").value().empty());
  EXPECT_EQ(pictures_of("wrong_size").error().message, "a picture of 48x32 in a film of 64x32");
  EXPECT_EQ(pictures_of("empty_picture").error().message, "picture 1: a picture without bytes");
  EXPECT_EQ(pictures_of("larger_than_said").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(pictures_of("damaged").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(pictures_of("cut_short").error().code, ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(pictures_of("y4m").value().size(), 1);
}

std::filesystem::path real_film() {
  const char* folder = std::getenv("CLEAVE_DATA");
  return folder == nullptr ? "" : std::filesystem::path(folder) / "video" / "realshort.mp4";
}

// The colours and the order of a film in which a picture seldom differs much from the one before.
TEST(Film, ReadsMp4) {
  if (real_film().empty()) GTEST_SKIP() << "CLEAVE_DATA not found";
  auto film = Film::open(real_film());
  if (!film && film.error().code == ErrorCode::kUnsupported) GTEST_SKIP() << "without video";
  ASSERT_TRUE(film) << film.error().to_string();
  std::vector<Image> images;
  for (;;) {
    auto image = film->next();
    ASSERT_TRUE(image) << image.error().to_string();
    if (!*image) break;
    images.push_back(**std::move(image));
  }
  ASSERT_EQ(images.size(), 36);
  const auto difference = [](const Image& a, const Image& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(int{a.rgb[i]} - b.rgb[i]);
    return sum / static_cast<double>(a.rgb.size());
  };
  for (std::size_t i = 1; i < images.size(); ++i) {
    EXPECT_EQ(images[i].width, 320);
    EXPECT_EQ(images[i].height, 240);
    EXPECT_LT(difference(images[i - 1], images[i]), 12) << i;
  }
  EXPECT_GT(difference(images.front(), images.back()), 0);
}

TEST(Film, BrokenMp4IsAnErrorNotAPicture) {
  if (real_film().empty()) GTEST_SKIP() << "CLEAVE_DATA not found";
  std::string file = read_file(real_film()).value();
  EXPECT_EQ(Film::parse(file.substr(0, file.size() / 2)).error().code, ErrorCode::kNeedMoreBytes);
  for (std::size_t i = 30000; i < 31000; ++i) file[i] = static_cast<char>(i * 31);
  auto film = Film::parse(file);
  if (!film && film.error().code == ErrorCode::kUnsupported) GTEST_SKIP() << "without video";
  ASSERT_TRUE(film);
  Result<std::optional<Image>> image = film->next();
  while (image && *image) image = film->next();
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(image.error().message.starts_with("picture ")) << image.error().message;
}

TEST(H264Picture, DecodesToNearlyTheSame) {
  for (const auto& [width, height] : {std::pair{64, 48}, std::pair{33, 17}, std::pair{1, 1}}) {
    const Image image = synthetic_picture(width, height, 7);
    const auto coded = encode_h264(image, 8, "medium");
    if (!coded && coded.error().code == ErrorCode::kUnsupported) GTEST_SKIP() << "without video";
    ASSERT_TRUE(coded) << coded.error().to_string();
    const auto decoded = decode_image(*coded);
    ASSERT_TRUE(decoded) << decoded.error().to_string();
    ASSERT_EQ(decoded->width, width);
    ASSERT_EQ(decoded->height, height);
    double sum = 0;
    for (std::size_t i = 0; i < image.rgb.size(); ++i)
      sum += std::abs(int{image.rgb[i]} - decoded->rgb[i]);
    EXPECT_LT(sum / static_cast<double>(image.rgb.size()), 8);
    EXPECT_LT(encode_h264(image, 40, "veryfast")->size(), coded->size());
  }
}

TEST(H264Picture, HostileOnesAreErrors) {
  const auto coded = encode_h264(synthetic_picture(64, 48, 7), 20, "medium");
  if (!coded) GTEST_SKIP() << "without video";
  EXPECT_EQ(decode_image(*coded, 64 * 48 - 1).error().code, ErrorCode::kResourceExhausted);
  const std::span whole(*coded);
  for (std::size_t size = 5; size < whole.size(); ++size)
    EXPECT_FALSE(decode_image(whole.first(size))) << size;
  Bytes twice = *coded;
  twice.insert(twice.end(), coded->begin(), coded->end());
  EXPECT_FALSE(decode_image(twice));
  Bytes longer = *coded;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_image(longer));
  EXPECT_EQ(encode_h264(Image(8194, 2), 20, "medium").error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace cleave::data
