#include "data/idx.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tar.h"

namespace cleave::data {
namespace {

TEST(Idx, TheHeaderIsHeldAgainstTheLength) {
  const auto code = [](const std::string& file) {
    const auto tensor = parse_idx(as_bytes(file));
    return tensor ? ErrorCode::kInternal : tensor.error().code;
  };
  const std::string good = idx_of({2, 3}, "abcdef");
  EXPECT_EQ(parse_idx(as_bytes(good))->shape(), (Shape{2, 3}));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(code(good.substr(0, size)), ErrorCode::kNeedMoreBytes) << size;
  EXPECT_EQ(code(good + "g"), ErrorCode::kCorrupt);
  EXPECT_EQ(code(idx_of({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "")), ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(code("\x1f\x8b something"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code(idx_of({1, 1, 1, 1, 1}, "a")), ErrorCode::kNotThisFormat);
  std::string floats = good;
  floats[2] = 0x0D;
  EXPECT_EQ(code(floats), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace cleave::data
