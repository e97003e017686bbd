#include "study/stream_trial.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"
#include "bundle/support.h"
#include "codec/has_video.h"
#include "study/codec_families.h"
#include "study/samples.h"

namespace cleave::study {
namespace {

using bundle::tiny;

constexpr int kFrames = 9;

/// A square that moves over a slope, in grey.
std::string film(int frames) {
  constexpr int kSide = 64;
  std::string file = "YUV4MPEG2 W64 H64 Cmono\n";
  for (int t = 0; t < frames; ++t) {
    file += "FRAME\n";
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x) {
        const bool square = y >= 20 && y < 36 && x >= 4 * t && x < 4 * t + 16;
        file += static_cast<char>(square ? 220 : 40 + x + y / 2);
      }
  }
  return file;
}

class StreamTrial : public testing::Test {
 protected:
  void SetUp() override { EXPECT_TRUE(write_file(folder_.path() / "film.y4m", film(kFrames))); }

  Result<FilmFrames> load(std::size_t limit = 100, std::int64_t max_bytes = 1 << 30) {
    const auto preprocess = choose_preprocess(model_.inputs(), "").value();
    return load_film(folder_.path() / "film.y4m", *preprocess, limit, max_bytes);
  }

  CutTrial trial(const char* cut = "5") {
    return CutTrial::create(model_, **model_.find_cut(cut), test_engine(), load().value().inputs)
        .value();
  }

  std::vector<codec::Codec> codecs(const CutTrial& trial, const std::string& spec) {
    return calibrated_codecs(spec, trial).value();
  }

  static constexpr const char* kInter = "quant:bits=8,range=sigma3|tile|h264:qp=20,gop=100";
  static constexpr const char* kIntra = "quant:bits=8,range=sigma3|tile|h264:qp=20,gop=1";

  TemporaryFolder folder_;
  graph::Model model_ = tiny();
};

TEST_F(StreamTrial, ReadsFramesUpToALimit) {
  const auto all = load();
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_EQ(all->inputs.size(), kFrames);
  EXPECT_EQ(all->width, 64);
  EXPECT_EQ(all->inputs[0][0].shape(), model_.inputs()[0].shape);
  EXPECT_EQ(load(4)->inputs.size(), 4);
  EXPECT_EQ(load(100, 3 * 64 * 64 * 4).error().code, ErrorCode::kResourceExhausted);
  const auto of = [&](const std::string& file) {
    EXPECT_TRUE(write_file(folder_.path() / "film.y4m", file));
    return load().error();
  };
  EXPECT_EQ(of("YUV4MPEG2 W4 H4\n").code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(of("no film").code, ErrorCode::kNotThisFormat);
  const Error cut_short = of(film(2).substr(0, 5000));
  EXPECT_EQ(cut_short.code, ErrorCode::kNeedMoreBytes);
  EXPECT_NE(cut_short.message.find("film.y4m"), std::string::npos);
}

TEST_F(StreamTrial, StillFramesAreBoundPackets) {
  CutTrial cut = trial();
  SteadyClock clock;
  const auto score = send_film(cut, codecs(cut, "raw"), FrameCoding::kStill, clock);
  ASSERT_TRUE(score) << score.error().to_string();
  EXPECT_EQ(score->bytes_per_frame, 32768 + 14);
  EXPECT_EQ(score->key_bytes, score->bytes_per_frame);
  EXPECT_FALSE(score->change_bytes);
  EXPECT_EQ(score->encode_ms.count, kFrames);
  EXPECT_EQ(score->accuracy.agreement->value, 1);
  EXPECT_LT(score->accuracy.kl_nats->value, 1e-9);
}

TEST_F(StreamTrial, ChangesAreSmallerThanKeyFrames) {
  CutTrial cut = trial();
  if (!codec::has_video()) GTEST_SKIP() << "without video";
  SteadyClock clock;
  const auto intra = send_film(cut, codecs(cut, kIntra), FrameCoding::kIntra, clock);
  const auto inter = send_film(cut, codecs(cut, kInter), FrameCoding::kInter, clock);
  ASSERT_TRUE(intra && inter);
  EXPECT_FALSE(intra->change_bytes);
  ASSERT_TRUE(inter->change_bytes && inter->key_bytes);
  EXPECT_LT(*inter->change_bytes, *inter->key_bytes);
  EXPECT_LT(inter->bytes_per_frame, intra->bytes_per_frame);
  EXPECT_NEAR(inter->bytes_per_frame,
              (*inter->key_bytes + (kFrames - 1) * *inter->change_bytes) / kFrames, 1e-6);
}

TEST_F(StreamTrial, SeveralValuesHaveAStreamEach) {
  CutTrial cut = trial("2");
  ASSERT_EQ(cut.values(0).size(), 2);
  if (!codec::has_video()) GTEST_SKIP() << "without video";
  const auto recovery = lose_packet(cut, codecs(cut, kInter), {3, 0});
  ASSERT_TRUE(recovery) << recovery.error().to_string();
  EXPECT_EQ(recovery->lost_frames, 2);
  EXPECT_EQ(recovery->differing_frames, 0);
}

TEST_F(StreamTrial, ALostPacketCostsFramesUntilTheKeyFrame) {
  CutTrial cut = trial();
  if (!codec::has_video()) GTEST_SKIP() << "without video";
  for (const std::size_t on_the_way : {0U, 2U}) {
    const auto recovery = lose_packet(cut, codecs(cut, kInter), {3, on_the_way});
    ASSERT_TRUE(recovery) << recovery.error().to_string();
    // The lost one, the one that shows it, and those that are sent meanwhile.
    EXPECT_EQ(recovery->lost_frames, 2 + on_the_way);
    EXPECT_EQ(recovery->decoded_frames, kFrames - 3 - recovery->lost_frames);
    EXPECT_EQ(recovery->differing_frames, 0);
    EXPECT_GT(recovery->key_bytes, 0);
  }
  EXPECT_EQ(lose_packet(cut, codecs(cut, kIntra), {3, 5})->lost_frames, 1);
  // The film ends before anything could mend it.
  EXPECT_EQ(lose_packet(cut, codecs(cut, kInter), {kFrames - 1, 0}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(lose_packet(cut, codecs(cut, kInter), {kFrames, 0}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(lose_packet(cut, codecs(cut, "raw"), {3, 0}).error().code, ErrorCode::kInvalidArgument);
}

TEST(StreamCodings, FollowFromTheCodec) {
  const auto of = [](const char* spec) { return codings_of(codec::Codec::create(spec).value()); };
  EXPECT_EQ(of("quant|zstd"), std::vector{FrameCoding::kStill});
  EXPECT_EQ(with_gop("tile|png", 1).value(), "tile|png:gop=1") << "whoever reads it will refuse";
  EXPECT_EQ(with_gop("tile|h264:gop=30,qp=7", 1).value(), "tile|h264:qp=7,gop=1");
  if (codec::Codec::create("tile|h264")) {
    EXPECT_EQ(of("tile|h264"), (std::vector{FrameCoding::kIntra, FrameCoding::kInter}));
  }
}

}  // namespace
}  // namespace cleave::study
