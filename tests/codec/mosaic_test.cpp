#include "codec/mosaic.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>

namespace cleave::codec {
namespace {

void expect_mosaic(const Shape& shape, const Shape& expected, const MosaicStyle& style = {}) {
  const Mosaic m = mosaic_for(shape, style);
  EXPECT_EQ((Shape{m.rows, m.columns, m.height(), m.width()}), expected) << shape_text(shape);
}

TEST(Mosaic, ArrangesKnownShapes) {
  expect_mosaic({64, 56, 56}, {8, 8, 448, 448});
  expect_mosaic({1, 128, 28, 28}, {11, 12, 308, 336});
  expect_mosaic({2, 3, 4, 8}, {3, 2, 12, 16});
  expect_mosaic({10, 20}, {1, 1, 10, 20});
  expect_mosaic({1, 512, 1, 1}, {23, 23, 23, 23});
  expect_mosaic({1, 1000}, {32, 32, 32, 32});
  expect_mosaic({}, {1, 1, 1, 1});
  expect_mosaic({7}, {3, 3, 3, 3});
  expect_mosaic({2, 100000}, {447, 448, 447, 448});
}

TEST(Mosaic, PowersOfTwoAreThoseOfTheThesis) {
  const MosaicStyle pow2{.powers_of_two = true};
  expect_mosaic({1, 64, 56, 56}, {8, 8, 448, 448}, pow2);
  expect_mosaic({1, 128, 28, 28}, {8, 16, 224, 448}, pow2);
  expect_mosaic({5, 3, 4}, {2, 4, 6, 16}, pow2);
  expect_mosaic({33, 2, 2}, {8, 8, 16, 16}, pow2);
  expect_mosaic({1, 1000}, {32, 32, 32, 32}, pow2);
  expect_mosaic({9, 1}, {4, 4, 4, 4}, pow2);
  expect_mosaic({10, 20}, {1, 1, 10, 20}, pow2);
  expect_mosaic({}, {1, 1, 1, 1}, pow2);
}

TEST(Mosaic, PadsToWholeBlocks) {
  expect_mosaic({5, 3, 4}, {3, 2, 16, 8}, {.pad = 8});
  expect_mosaic({5, 3, 4}, {2, 4, 16, 16}, {.powers_of_two = true, .pad = 16});
  expect_mosaic({64, 56, 56}, {8, 8, 448, 448}, {.pad = 16});
  expect_mosaic({}, {1, 1, 8, 8}, {.pad = 8});
  const Mosaic m = mosaic_for({5, 3, 4}, {.pad = 8});
  EXPECT_EQ((Shape{m.tiled_height(), m.tiled_width()}), (Shape{9, 8}));
}

TEST(Mosaic, KnowsWhichPlanesAreChannels) {
  const auto channels = [](const Shape& shape) { return mosaic_for(shape).channels; };
  EXPECT_EQ(channels({2, 3, 4, 8}), 3);
  EXPECT_EQ(channels({5, 3, 4}), 5);
  for (const Shape& shape : {Shape{}, {7}, {10, 20}, {1, 512, 1, 1}, {3, 8, 1}, {4, 2, 100000}})
    EXPECT_EQ(channels(shape), 1) << shape_text(shape);
}

Shape any_shape() {
  return *rc::gen::container<Shape>(*rc::gen::inRange(1, 5), rc::gen::inRange<std::int64_t>(1, 70));
}

RC_GTEST_PROP(Mosaic, HoldsEveryPlaneNearASquare, ()) {
  const Shape shape = any_shape();
  const Mosaic m = mosaic_for(shape);
  RC_ASSERT(m.planes * m.plane_height * m.plane_width == *element_count(shape));
  RC_ASSERT(m.rows * m.columns >= m.planes);
  RC_ASSERT((m.rows - 1) * m.columns < m.planes);
  const auto wide = [&](std::int64_t columns) {
    return columns * columns * m.plane_width >= m.planes * m.plane_height;
  };
  RC_ASSERT(m.columns == m.planes || wide(m.columns));
  RC_ASSERT(m.columns == 1 || !wide(m.columns - 1));
}

RC_GTEST_PROP(Mosaic, PowersOfTwoWasteLessThanHalf, ()) {
  const Mosaic m = mosaic_for(any_shape(), {.powers_of_two = true, .pad = 16});
  const auto columns = static_cast<std::uint64_t>(m.columns);
  const auto rows = static_cast<std::uint64_t>(m.rows);
  RC_ASSERT(std::has_single_bit(columns) && std::has_single_bit(rows));
  RC_ASSERT(columns == rows || columns == 2 * rows);
  RC_ASSERT(m.rows * m.columns >= m.planes && m.rows * m.columns < 2 * m.planes);
  RC_ASSERT(m.planes % m.channels == 0);
  RC_ASSERT(m.height() % 16 == 0 && m.height() - m.tiled_height() < 16);
  RC_ASSERT(m.width() % 16 == 0 && m.width() - m.tiled_width() < 16);
}

}  // namespace
}  // namespace cleave::codec
