#include "edge/frame_reader.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/file.h"
#include "data/npy.h"
#include "edge/support.h"

namespace cleave::edge {
namespace {

using data::InputItem;
using data::InputKind;

bundle::Manifest manifest_with(std::vector<TensorSpec> inputs, std::string preprocess = "") {
  bundle::Manifest manifest;
  manifest.inputs = std::move(inputs);
  manifest.preprocess = std::move(preprocess);
  return manifest;
}

class FrameReaderTest : public testing::Test {
 protected:
  InputItem npy(const std::string& name, Shape shape) {
    Tensor tensor(DType::kF32, std::move(shape));
    std::ranges::fill(tensor.bytes(), std::byte{0});
    EXPECT_TRUE(data::write_npy(folder_ / name, tensor));
    return {folder_ / name, InputKind::kTensor};
  }
  std::optional<Error> error_of(const bundle::Manifest& manifest, std::vector<InputItem> items) {
    auto reader = FrameReader::create(manifest, items, 0, 1, test_clock());
    if (!reader) return reader.error();
    while (true) {
      const auto frame = reader->next();
      if (!frame) return frame.error();
      if (!*frame) return std::nullopt;
    }
  }
  /// Names of all frames, those of the warm-up in brackets; `look` sees each.
  std::string names_of(const bundle::Manifest& manifest, std::vector<InputItem> items, int warmup,
                       const std::function<void(const Frame&)>& look = {}) {
    auto reader = FrameReader::create(manifest, items, warmup, 2, test_clock()).value();
    std::string names;
    std::size_t expected_index = 0;
    while (const auto frame = reader.next().value()) {
      names += (frame->warmup ? "(" + frame->name + ")" : frame->name) + " ";
      EXPECT_EQ(frame->index, frame->warmup ? 0 : expected_index++);
      if (look) look(*frame);
    }
    return names;
  }
  TemporaryFolder folder_;
};

TEST_F(FrameReaderTest, RepeatsAfterTheWarmUp) {
  const auto manifest = manifest_with({{"x", DType::kF32, {2}}});
  EXPECT_EQ(names_of(manifest, {npy("a.npy", {2}), npy("b.npy", {2})}, 1),
            "(a.npy) a.npy b.npy a.npy b.npy ");
}

TEST_F(FrameReaderTest, AFilmIsAFrameForEachPicture) {
  const auto manifest =
      manifest_with({{"x", DType::kF32, {1, 3, 8, 8}}}, "image:size=8,mean=imagenet");
  const std::string head = "YUV4MPEG2 W8 H8 Cmono\n";
  const auto picture = [](char grey) { return "FRAME\n" + std::string(64, grey); };
  ASSERT_TRUE(write_file(folder_ / "two.y4m", head + picture(60) + picture(120)));
  ASSERT_TRUE(write_file(folder_ / "none.y4m", head));
  const auto looks_right = [](const Frame& frame) {
    ASSERT_TRUE(frame.picture);
    EXPECT_EQ(frame.picture->pixel(0, 0)[0] < 80, frame.name.ends_with(":0"));
  };
  EXPECT_EQ(names_of(manifest, {{folder_ / "two.y4m", InputKind::kFilm}}, 2, looks_right),
            "(two.y4m:0) (two.y4m:0) two.y4m:0 two.y4m:1 two.y4m:0 two.y4m:1 ");

  const auto none = error_of(manifest, {{folder_ / "none.y4m", InputKind::kFilm}});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->message.contains("none.y4m': no pictures")) << none->message;
}

TEST_F(FrameReaderTest, TakesAsManyTensorsAsTheNetworkHasInputs) {
  const auto manifest = manifest_with({{"x", DType::kF32, {2}}, {"y", DType::kF32, {3}}});
  const std::vector<InputItem> items{npy("x.npy", {2}), npy("y.npy", {3})};
  auto reader = FrameReader::create(manifest, items, 0, 1, test_clock());
  ASSERT_TRUE(reader);
  auto frame = reader->next();
  ASSERT_TRUE(frame);
  ASSERT_EQ((*frame)->inputs.size(), 2U);
  EXPECT_EQ((*frame)->inputs[1].shape(), Shape{3});
  EXPECT_FALSE(*reader->next());

  const auto alone = error_of(manifest, {npy("x.npy", {2})});
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->code, ErrorCode::kInvalidArgument);
}

TEST_F(FrameReaderTest, ErrorsNameTheFile) {
  const auto manifest =
      manifest_with({{"x", DType::kF32, {1, 3, 8, 8}}}, "image:size=8,mean=imagenet");
  ASSERT_TRUE(write_file(folder_ / "fake.jpg", "this is no picture"));
  const auto fake = error_of(manifest, {{folder_ / "fake.jpg", InputKind::kImage}});
  ASSERT_TRUE(fake);
  EXPECT_EQ(fake->code, ErrorCode::kNotThisFormat);
  EXPECT_TRUE(fake->message.contains("fake.jpg")) << fake->message;

  const auto shape = error_of(manifest, {npy("small.npy", {1, 3, 4, 4})});
  ASSERT_TRUE(shape);
  EXPECT_TRUE(shape->message.contains("small.npy")) << shape->message;

  const auto plain = manifest_with({{"x", DType::kF32, {1, 3, 8, 8}}});
  const auto photo = error_of(plain, {{folder_ / "fake.jpg", InputKind::kImage}});
  ASSERT_TRUE(photo);
  EXPECT_EQ(photo->code, ErrorCode::kInvalidArgument) << "no preprocessing";
  EXPECT_TRUE(error_of(plain, {})) << "no input at all";
}

}  // namespace
}  // namespace cleave::edge
