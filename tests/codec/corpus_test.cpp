#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cleave::codec {
namespace {

TEST(PacketCorpus, EverySeedIsHandled) {
  int seeds = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(CLEAVE_SOURCE_DIR "/tests/fuzz/corpus/packet")) {
    const auto seed = read_file(entry.path());
    ASSERT_TRUE(seed);
    EXPECT_EQ(
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(seed->data()), seed->size()),
        0);
    ++seeds;
  }
  EXPECT_GT(seeds, 10);
}

}  // namespace
}  // namespace cleave::codec
