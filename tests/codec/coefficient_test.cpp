#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "codec/arithmetic_coder.h"
#include "codec/coefficient_coder.h"

namespace cleave::codec {
namespace {

TEST(ArithmeticCoder, BitsOfAnyProbabilityComeBack) {
  Random random(7);
  for (int run = 0; run < 200; ++run) {
    std::vector<std::pair<bool, Probability>> bits(random.below(300));
    for (auto& [bit, one] : bits) {
      one = static_cast<Probability>(1 + random.below(65535));
      bit = random.below(65536) < one;
    }
    Bytes coded;
    ArithmeticEncoder encoder(coded);
    for (const auto& [bit, one] : bits) encoder.encode(bit, one);
    encoder.finish();
    ArithmeticDecoder decoder(coded);
    for (const auto& [bit, one] : bits) ASSERT_EQ(decoder.decode(one), bit);
  }
}

std::vector<float> draw(const CoefficientLayout& layout, double spread, Random& random) {
  std::vector<float> values(layout.count());
  for (float& v : values) {
    const double size = random.normal() * spread;
    v = static_cast<float>(random.below(3) == 0 ? size * size * size : size);
  }
  return values;
}

TEST(CoefficientModel, WhatIsCodedIsRead) {
  Random random(3);
  for (const CoefficientLayout& layout : {CoefficientLayout{5, 9, 7, 1},
                                          {3, 16, 16, 8},
                                          {2, 13, 27, 4},
                                          {40, 1, 1, 1},
                                          {1, 1, 1, 8}}) {
    for (const double spread : {0.1, 1.0, 6.0, 12.0}) {
      CoefficientModel writer(layout, {});
      CoefficientModel reader(layout, {});
      for (int image = 0; image < 3; ++image) {
        const std::vector<float> values = draw(layout, spread, random);
        std::vector<std::int32_t> coded(layout.count());
        std::vector<std::int32_t> read(layout.count());
        // In two pieces, the first of which may be empty.
        const int half = layout.components / 2;
        for (const ComponentRange range : {ComponentRange{0, half}, {half, layout.components}}) {
          Bytes bytes;
          writer.encode(values, range, {0.1, {0.1, 0, 0}}, bytes, coded);
          reader.decode(bytes, range, read);
        }
        ASSERT_EQ(read, coded) << layout.block << " " << spread;
        for (std::size_t i = 0; i < values.size(); ++i)
          ASSERT_LE(std::abs(values[i] - static_cast<float>(coded[i])), 1.5F);
      }
    }
  }
}

}  // namespace
}  // namespace cleave::codec
