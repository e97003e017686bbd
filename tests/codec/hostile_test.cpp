// Payloads that were cut short or altered give an error or a tensor of the type and shape that was
// asked for. Below the packet's checksum, which would notice.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "codec/codec.h"
#include "codec/samples.h"

namespace cleave::codec {
namespace {

/// Payloads that are altered, of each codec; `./dev.sh verify` takes the larger number.
int mutations() { return std::getenv("CLEAVE_VERIFY_ALL") != nullptr ? 100'000 : 400; }

struct Hostile {
  std::string spec;
  bool calibrated = false;
};

std::vector<Hostile> every_codec() {
  std::vector<Hostile> all;
  for (const char* spec : kEverySpec) {
    const bool cleave = std::string_view(spec).starts_with("cleave");
    all.push_back({spec});
    if (cleave) all.push_back({spec, true});
  }
  return all;
}

class HostilePayloads : public testing::TestWithParam<Hostile> {
 protected:
  void expect_error_or_tensor(std::span<const std::byte> payload) {
    const auto decoded = codec_.decode(payload, DType::kF32, tensor_.shape());
    if (!decoded) return;
    ASSERT_EQ(decoded->dtype(), DType::kF32);
    ASSERT_EQ(decoded->shape(), tensor_.shape());
  }

  const Tensor tensor_ = sample(DType::kF32, {2, 5, 9, 7});
  const Codec codec_ = [this] {
    const Json calibration =
        GetParam().calibrated ? *Codec::calibrate(GetParam().spec, std::span(&tensor_, 1)) : Json();
    return *Codec::create(GetParam().spec, calibration);
  }();
  const Bytes payload_ = *codec_.encode(tensor_);
};

TEST_P(HostilePayloads, CutShort) {
  for (std::size_t size = 0; size < payload_.size(); ++size)
    expect_error_or_tensor(std::span(payload_).first(size));
}

TEST_P(HostilePayloads, Altered) {
  Random random(7);
  const int count = mutations();
  for (int i = 0; i < count; ++i) {
    Bytes altered = payload_;
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t change = 0; change < changes && !altered.empty(); ++change) {
      const auto at = static_cast<std::size_t>(random.below(altered.size()));
      switch (random.below(4)) {
        case 0:
          altered[at] ^= static_cast<std::byte>(1U << random.below(8));
          break;
        case 1:
          altered[at] = static_cast<std::byte>(random.below(256));
          break;
        case 2:
          altered.erase(altered.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        default:
          altered.insert(altered.begin() + static_cast<std::ptrdiff_t>(at),
                         static_cast<std::byte>(random.below(256)));
      }
    }
    expect_error_or_tensor(altered);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCodec, HostilePayloads, testing::ValuesIn(every_codec()),
                         [](const auto& codec) {
                           std::string name = codec.param.spec;
                           for (char& c : name)
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           return name + (codec.param.calibrated ? "_calibrated" : "");
                         });

}  // namespace
}  // namespace cleave::codec
