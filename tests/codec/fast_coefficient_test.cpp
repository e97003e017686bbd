#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "base/random.h"
#include "codec/codec.h"
#include "codec/fast_coefficients.h"
#include "codec/feature_design.h"
#include "samples.h"

namespace cleave::codec {
namespace {

TEST(Rans, SymbolsOfAnyFrequencyComeBack) {
  Random random(11);
  for (int run = 0; run < 300; ++run) {
    std::vector<RansSymbol> symbols(random.below(400));
    Bytes signs;
    for (RansSymbol& symbol : symbols) {
      // As often as not one of the least or the greatest.
      const auto drawn = static_cast<std::uint16_t>(1 + random.below(4095));
      symbol.frequency = run % 3 == 0 ? 1 : run % 3 == 1 ? 4095 : drawn;
      symbol.start = static_cast<std::uint16_t>(random.below(4096U - symbol.frequency + 1));
    }
    RansCode code;
    RansEncoder& encoder = code.encoder(12 * symbols.size() + symbols.size());
    for (std::size_t i = symbols.size(); i-- > 0;) encoder.put(i % kRansStates, symbols[i]);
    BitWriter bits;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      bits.put_if(i % 3 == 0 ? 0 : 1, symbols[i].start & 1);
      bits.flush();
    }
    Bytes coded;
    code.finish(bits.finish(), coded);
    const PaddedCode padded(coded);
    RansDecoder decoder(padded);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const std::uint32_t slot = decoder.slot(i % kRansStates);
      ASSERT_GE(slot, symbols[i].start);
      ASSERT_LT(slot, symbols[i].start + symbols[i].frequency);
      decoder.take(i % kRansStates, symbols[i]);
      decoder.refill();
      ASSERT_EQ(decoder.bit_if(i % 3 == 0 ? 0 : 1), i % 3 == 0 ? 0 : symbols[i].start & 1);
    }
  }
}

TEST(Rans, DivisionIsExact) {
  Random random(12);
  for (std::uint32_t frequency = 1; frequency <= 4096; ++frequency) {
    const RansDivisor divisor(frequency);
    for (const std::uint32_t x :
         {0U, frequency - 1, frequency, 0x7fffffffU, 0x7ffffffeU,
          0x7fffffffU / frequency * frequency, static_cast<std::uint32_t>(random.below(1U << 31))})
      ASSERT_EQ(divisor.divide(x), x / frequency) << x << " / " << frequency;
  }
}

const CoefficientLayout kLayouts[] = {
    {5, 9, 7, 1},  {3, 16, 16, 8}, {2, 13, 27, 4},  {40, 1, 1, 1},  {1, 1, 1, 8},
    {7, 1, 19, 8}, {7, 19, 1, 1},  {2, 40, 33, 32}, {130, 3, 5, 1}, {20, 27, 27, 8}};

std::vector<float> draw(const CoefficientLayout& layout, double spread, bool negative,
                        Random& random) {
  std::vector<float> values(layout.count());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t component = i / layout.pixels();
    const double size = random.normal() * spread / (1.0 + static_cast<double>(component));
    values[i] = static_cast<float>(random.below(3) == 0 ? size * size * size : size);
    if (!negative) values[i] = std::abs(values[i]);
  }
  return values;
}

/// What a coder with such priors writes, read again.
void expect_round_trip(const CoefficientLayout& layout, const FastModel& model, int step_eighths,
                       std::vector<float> values) {
  FastCoefficientCoder writer(layout, model, step_eighths);
  FastCoefficientCoder reader(layout, model, step_eighths);
  std::vector<std::int32_t> coded(layout.count() + kSlack);
  values.resize(layout.count() + kSlack);
  // Twice: a coder begins every image anew.
  for (int image = 0; image < 2; ++image) {
    Bytes bytes;
    writer.encode(values, {0.1, {0.1, 0, 0}}, bytes, coded);
    std::vector<std::int32_t> read(layout.count());
    reader.decode(bytes, [&](int k, std::span<const std::int32_t> plane) {
      std::ranges::copy(plane, read.begin() + static_cast<std::ptrdiff_t>(k * layout.pixels()));
    });
    for (std::size_t i = 0; i < layout.count(); ++i) {
      ASSERT_EQ(read[i], coded[i])
          << i << " of " << layout.components << "x" << layout.height << "x" << layout.width;
      const float bounded = std::clamp<float>(values[i], -kMaxCoefficient, kMaxCoefficient);
      ASSERT_LE(std::abs(bounded - static_cast<float>(coded[i])), 7.0F);
    }
  }
}

TEST(FastCoefficients, WhatIsCodedIsRead) {
  Random random(3);
  for (const CoefficientLayout& layout : kLayouts) {
    for (const double spread : {0.0, 0.05, 1.0, 6.0, 40.0, 3000.0}) {
      for (const bool negative : {false, true}) {
        FastPriors priors = FastPriors::plain(layout.components, layout.block);
        for (std::int8_t& component : priors.component)
          component = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
        for (std::int8_t& place : priors.place)
          place = static_cast<std::int8_t>(-static_cast<int>(random.below(129)));
        for (auto& odds : priors.shape)
          for (std::uint8_t& odd : odds) odd = static_cast<std::uint8_t>(random.below(256));
        priors.prior_weight = static_cast<std::uint8_t>(random.below(256));
        priors.past_weight = static_cast<std::uint8_t>(random.below(256));
        priors.above_weight = static_cast<std::uint8_t>(random.below(256));
        const auto values = draw(layout, spread, negative, random);
        const int step = static_cast<int>(random.below(256)) - 128;
        expect_round_trip(layout, FastModel(priors), step, values);
        expect_round_trip(layout, FastModel(FastPriors::plain(layout.components, layout.block)), 0,
                          values);
      }
    }
  }
}

TEST(FastCoefficients, TheLargestAreRead) {
  const CoefficientLayout layout{3, 8, 8, 8};
  std::vector<float> values(layout.count());
  values[0] = 3e38F;
  values[70] = -static_cast<float>(kMaxCoefficient);
  values[130] = -INFINITY;
  expect_round_trip(layout, FastModel(FastPriors::plain(3, 8)), 0, values);
}

TEST(FastCoefficients, AnyBytesDecodeWithinBounds) {
  Random random(5);
  for (const CoefficientLayout& layout : kLayouts) {
    const FastModel model(FastPriors::plain(layout.components, layout.block));
    FastCoefficientCoder reader(layout, model, 0);
    for (int run = 0; run < 30; ++run) {
      Bytes bytes(random.below(200));
      for (std::byte& b : bytes) b = static_cast<std::byte>(run % 3 == 0 ? 255 : random.below(256));
      reader.decode(bytes, [&](int, std::span<const std::int32_t> plane) {
        for (const std::int32_t value : plane) ASSERT_LE(std::abs(value), kMaxCoefficient);
      });
    }
  }
}

TEST(FastPriors, OfAPayloadComeBack) {
  const CoefficientLayout layout{3, 16, 16, 8};
  FastPriors priors = FastPriors::plain(3, 8);
  priors.component = {-128, 7, 127};
  for (std::size_t f = 0; f < kFrequencies; ++f)
    priors.place[f] = static_cast<std::int8_t>(-5 * static_cast<int>((f / 8 + f % 8 + 1) / 2));
  priors.above_weight = 99;
  Bytes bytes;
  priors.write_plain(layout, bytes);
  std::span<const std::byte> in = bytes;
  const auto read = FastPriors::read_plain(layout, in);
  ASSERT_TRUE(read);
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(read->component, priors.component);
  EXPECT_EQ(read->place, priors.place);
  EXPECT_EQ(read->above_weight, 99);
  in = std::span(bytes).first(bytes.size() - 1);
  EXPECT_EQ(FastPriors::read_plain(layout, in).error().code, ErrorCode::kNeedMoreBytes);
}

/// Smooth planes that are mixed into many channels.
Tensor mixed_features(std::uint64_t seed, std::int64_t images = 1) {
  Random random(seed);
  Tensor tensor(DType::kF32, {images, 10, 18, 21});
  std::size_t at = 0;
  for (std::int64_t i = 0; i < 10 * images; ++i) {
    const double phase = random.uniform(0, 6);
    for (int y = 0; y < 18; ++y)
      for (int x = 0; x < 21; ++x)
        tensor.as<float>()[at++] = static_cast<float>(std::max(
            0.0, std::sin(phase + 0.3 * y) + std::cos(0.2 * x * static_cast<double>(i % 3)) +
                     0.1 * random.normal()));
  }
  return tensor;
}

Json calibration() {
  std::vector<Tensor> samples;
  for (std::uint64_t i = 0; i < 6; ++i) samples.push_back(mixed_features(i));
  return *Codec::calibrate("cleave:step=0.1", samples);
}

TEST(FastProfile, ErrorsAreAsSmallAndBytesNearlyAsFewAsThoseOfSmall) {
  const Json known = calibration();
  const Tensor tensor = mixed_features(100, 3);
  std::array<double, 2> error{};
  std::array<double, 2> bytes{};
  for (const int fast : {0, 1}) {
    const auto codec = Codec::create(fast ? "cleave:profile=fast" : "cleave", known);
    ASSERT_TRUE(codec) << codec.error().to_string();
    const auto payload = codec->encode(tensor);
    const auto decoded = codec->decode(*payload, DType::kF32, tensor.shape());
    ASSERT_TRUE(decoded) << decoded.error().to_string();
    bytes[fast] = static_cast<double>(payload->size());
    for (std::size_t i = 0; i < tensor.as<float>().size(); ++i) {
      const double difference = tensor.as<float>()[i] - decoded->as<float>()[i];
      error[fast] += difference * difference;
    }
  }
  EXPECT_LT(error[1], 1.15 * error[0]);
  EXPECT_LT(bytes[1], 1.15 * bytes[0]);
}

TEST(FastProfile, PayloadsKeepToATarget) {
  const Tensor tensor = mixed_features(7);
  for (const Json& known : {Json(), calibration()}) {
    for (const std::size_t target : {200, 1000}) {
      const auto codec =
          Codec::create("cleave:profile=fast,target=" + std::to_string(target), known);
      const auto payload = codec->encode(tensor);
      ASSERT_TRUE(payload);
      EXPECT_LE(payload->size(), target);
      EXPECT_GT(payload->size(), target / 2);
    }
  }
}

TEST(FastProfile, ThreadsShareACodec) {
  for (const char* spec : {"cleave:profile=fast", "cleave"}) {
    const auto codec = Codec::create(spec, calibration());
    std::vector<Tensor> tensors;
    std::vector<Bytes> payloads;
    std::vector<Tensor> expected;
    for (std::uint64_t i = 0; i < 4; ++i) {
      tensors.push_back(mixed_features(200 + i, 1 + static_cast<std::int64_t>(i % 2)));
      payloads.push_back(*codec->encode(tensors.back()));
      expected.push_back(*codec->decode(payloads.back(), DType::kF32, tensors.back().shape()));
    }
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 6; ++t)
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 12; ++i) {
          const std::size_t at = (i + static_cast<std::size_t>(t)) % tensors.size();
          if (*codec->encode(tensors[at]) != payloads[at]) ++wrong;
          const auto decoded = codec->decode(payloads[at], DType::kF32, tensors[at].shape());
          if (!std::ranges::equal(decoded->bytes(), expected[at].bytes())) ++wrong;
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << spec;
  }
}

}  // namespace
}  // namespace cleave::codec
