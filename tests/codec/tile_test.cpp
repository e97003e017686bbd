#include <gtest/gtest.h>

#include <numeric>

#include "codec/channel_order.h"
#include "codec/codec.h"
#include "codec/samples.h"
#include "codec/stages.h"

namespace cleave::codec {
namespace {

Tensor counted(const Shape& shape) {
  Tensor tensor(DType::kU8, shape);
  std::iota(tensor.as<std::uint8_t>().begin(), tensor.as<std::uint8_t>().end(), std::uint8_t{0});
  return tensor;
}

std::unique_ptr<const Stage> tile(std::string_view spec, const Json& calibration = {}) {
  return *make_tile(*canonical_stage(*parse_spec(spec)), calibration);
}

Tensor picture_of(const Stage& stage, const Tensor& tensor, Bytes& side) {
  return *stage.encode(tensor.bytes(), {Kind::kValues, tensor.dtype(), tensor.shape(), 0}, side);
}

std::vector<int> row(const Tensor& picture, std::int64_t y) {
  const auto* begin = picture.as<std::uint8_t>().data() + y * picture.shape()[1];
  return {begin, begin + picture.shape()[1]};
}

TEST(Tile, PaddingRepeatsTheLastColumnAndRow) {
  Bytes side;
  const Tensor picture = picture_of(*tile("tile:pad=8"), counted({2, 3}), side);
  ASSERT_EQ(picture.shape(), (Shape{8, 8}));
  EXPECT_EQ(row(picture, 0), (std::vector{0, 1, 2, 2, 2, 2, 2, 2}));
  for (std::int64_t y = 1; y < 8; ++y)
    EXPECT_EQ(row(picture, y), (std::vector{3, 4, 5, 5, 5, 5, 5, 5}));
}

TEST(Tile, PlacesLeftOverAreZero) {
  Bytes side;
  const Tensor picture = picture_of(*tile("tile:layout=pow2"), counted({5, 2, 2}), side);
  ASSERT_EQ(picture.shape(), (Shape{4, 8}));
  EXPECT_EQ(row(picture, 0), (std::vector{0, 1, 4, 5, 8, 9, 12, 13}));
  EXPECT_EQ(row(picture, 2), (std::vector{16, 17, 0, 0, 0, 0, 0, 0}));
}

/// Channels of each sample: even ones one picture at several strengths, odd ones another.
Tensor two_families(std::uint64_t seed) {
  Random random(seed);
  Tensor tensor(DType::kF32, {2, 6, 20, 18});
  const std::int64_t size = 20 * 18;
  for (std::int64_t sample = 0; sample < 2; ++sample) {
    std::array<std::vector<double>, 2> pictures;
    for (auto& picture : pictures) {
      // Smooth over cells, so that averages still tell the families apart.
      const double x = random.uniform(), y = random.uniform();
      for (std::int64_t i = 0; i < size; ++i)
        picture.push_back(std::sin(0.3 * x * double(i % 18)) + std::cos(0.4 * y * double(i / 18)));
    }
    for (std::int64_t i = 0; i < 6 * size; ++i) {
      const auto channel = static_cast<std::size_t>(i / size);
      tensor.as<float>()[sample * 6 * size + i] = static_cast<float>(
          pictures[channel % 2][i % size] * double(channel + 1) + 0.01 * random.normal());
    }
  }
  return tensor;
}

TEST(Tile, CalibrationPutsLikeChannelsTogether) {
  const std::array samples{two_families(1), two_families(2)};
  const auto calibration = Codec::calibrate("tile:order=similar|png", samples);
  ASSERT_TRUE(calibration) << calibration.error().to_string();
  const auto order = (*calibration)["tile"]["order"].get<std::vector<int>>();
  ASSERT_EQ(order.size(), 6u);
  int changes = 0;
  for (std::size_t i = 1; i < order.size(); ++i) changes += (order[i] - order[i - 1]) % 2 != 0;
  EXPECT_EQ(changes, 1) << calibration->dump();
}

TEST(Tile, CalibratedOrderTakesNoRoom) {
  const std::array samples{two_families(1)};
  const char* spec = "tile:order=similar|png";
  const auto calibration = Codec::calibrate(spec, samples);
  const auto fixed = Codec::create(spec, *calibration);
  const auto measured = Codec::create(spec);
  ASSERT_TRUE(fixed) << fixed.error().to_string();
  EXPECT_NE(fixed->id(), measured->id());
  const Shape& shape = samples[0].shape();
  const auto with = fixed->encode(samples[0]);
  const auto without = measured->encode(samples[0]);
  EXPECT_EQ(*fixed->max_payload_bytes(DType::kF32, shape) + 2 * 6,
            *measured->max_payload_bytes(DType::kF32, shape));
  EXPECT_TRUE(same(*fixed->decode(*with, DType::kF32, shape),
                   *measured->decode(*without, DType::kF32, shape)));
  // Those of a batch keep their places, and so do tensors without channels.
  EXPECT_TRUE(fixed->encode(sample(DType::kF32, {4, 6, 5, 5})));
  EXPECT_TRUE(fixed->encode(sample(DType::kF32, {30})));
  EXPECT_EQ(fixed->encode(sample(DType::kF32, {7, 5, 5})).error().to_string(),
            "[codec.tile] 7 channels, expected the 6 of the calibration");
}

TEST(Tile, RefusesWhatIsNoOrder) {
  const char* spec = "tile:order=similar|png";
  for (const char* order : {"[0,0]", "[0,2]", "[0,-1]", "[0,1.5]", "[]", "3", "[\"0\"]", "{}"}) {
    const Json calibration{{"tile", {{"order", *parse_json(order, "test")}}}};
    EXPECT_FALSE(Codec::create(spec, calibration)) << order;
  }
  EXPECT_FALSE(Codec::create("tile|png", Json{{"tile", {{"order", {0, 1}}}}}));
  const std::array unlike{sample(DType::kF32, {3, 4, 4}), sample(DType::kF32, {2, 4, 4})};
  EXPECT_FALSE(Codec::calibrate(spec, unlike));
  Tensor infinite = sample(DType::kF32, {3, 4, 4});
  infinite.as<float>()[5] = INFINITY;
  EXPECT_FALSE(Codec::calibrate(spec, std::span(&infinite, 1)));

  const Tensor tensor = sample(DType::kU8, {3, 4, 4});
  Bytes payload = *Codec::create(spec)->encode(tensor);
  payload[0] = payload[2];
  payload[1] = payload[3];
  EXPECT_EQ(Codec::create(spec)->decode(payload, DType::kU8, tensor.shape()).error().to_string(),
            "[codec.tile] an order that does not hold every channel once");
}

TEST(Tile, NothingToSortIsNoCalibration) {
  for (const Shape& shape : {Shape{5}, {3, 4}, {1, 8, 1, 1}}) {
    const Tensor tensor = sample(DType::kF32, shape);
    EXPECT_EQ(*Codec::calibrate("tile:order=similar|png", std::span(&tensor, 1)), Json::object());
  }
  const Tensor whole = sample(DType::kI32, {3, 4, 4});
  EXPECT_EQ(*Codec::calibrate("tile:order=similar|png", std::span(&whole, 1)), Json::object());
}

}  // namespace
}  // namespace cleave::codec
