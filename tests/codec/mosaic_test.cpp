#include "codec/mosaic.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cleave::codec {
namespace {

void expect_mosaic(const Shape& shape, std::int64_t rows, std::int64_t columns, std::int64_t height,
                   std::int64_t width) {
  const Mosaic m = mosaic_for(shape);
  EXPECT_EQ((Shape{m.rows, m.columns, m.height(), m.width()}),
            (Shape{rows, columns, height, width}))
      << shape_text(shape);
}

TEST(Mosaic, ArrangesKnownShapes) {
  expect_mosaic({64, 56, 56}, 8, 8, 448, 448);
  expect_mosaic({1, 128, 28, 28}, 11, 12, 308, 336);
  expect_mosaic({2, 3, 4, 8}, 3, 2, 12, 16);
  expect_mosaic({10, 20}, 1, 1, 10, 20);
  expect_mosaic({1, 512, 1, 1}, 23, 23, 23, 23);
  expect_mosaic({1, 1000}, 32, 32, 32, 32);
  expect_mosaic({}, 1, 1, 1, 1);
  expect_mosaic({7}, 3, 3, 3, 3);
  expect_mosaic({2, 100000}, 447, 448, 447, 448);
}

RC_GTEST_PROP(Mosaic, HoldsEveryPlaneNearASquare, ()) {
  const Shape shape =
      *rc::gen::container<Shape>(*rc::gen::inRange(1, 5), rc::gen::inRange<std::int64_t>(1, 70));
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

}  // namespace
}  // namespace cleave::codec
