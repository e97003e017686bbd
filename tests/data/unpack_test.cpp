#include "data/unpack.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tar.h"

namespace cleave::data {
namespace {

using namespace std::string_literals;

// gzip.compress(b"halves", mtime=0)
const std::string kGzipped =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcc\x29\x4b\x2d\x06\x00"
    "\x54\x91\x3d\x01\x06\x00\x00\x00"s;

Result<PackedFiles> unpack(const std::string& archive, const UnpackLimits& limits = {}) {
  return unpack_tar(
      as_bytes(archive), [](std::string_view path) { return path != "left.out"; }, limits);
}

ErrorCode code(const std::string& archive, const UnpackLimits& limits = {}) {
  const auto found = unpack(archive, limits);
  return found ? ErrorCode::kInternal : found.error().code;
}

TEST(UnpackTar, FilesLieOneBehindTheOther) {
  const auto found =
      unpack(tar_of({{"./a/b.txt", "first"}, {"left.out", "x"}, {"c", ""}, {"d", "last"}}));
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->files.size(), 3U);
  EXPECT_EQ(found->files[0].path, "a/b.txt");
  EXPECT_EQ(as_text(found->content(0)), "first");
  EXPECT_EQ(as_text(found->content(1)), "");
  EXPECT_EQ(as_text(found->content(2)), "last");
  EXPECT_EQ(found->bytes.size(), 9U);
}

TEST(UnpackTar, NamesAreOnlyNames) {
  const auto found = unpack(tar_of({{"/etc/x", ""}, {"../../y", ""}}));
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->files[0].path, "etc/x");
  EXPECT_EQ(found->files[1].path, "../../y");
}

TEST(UnpackTar, EachFaultHasItsError) {
  const std::string good = tar_of({{"a", std::string(700, 'a')}});
  EXPECT_EQ(code(std::string(2048, 'x')), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code(good.substr(0, 512)), ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(code(good.substr(0, 900)), ErrorCode::kNeedMoreBytes);
  EXPECT_EQ(code(good + "x"), ErrorCode::kInternal) << "what follows the end is not read";
}

TEST(UnpackTar, LimitsHoldForWhatIsPassedOverToo) {
  const std::string two = tar_of({{"a", "12345"}, {"left.out", "12345"}});
  EXPECT_TRUE(unpack(two, {.files = 2, .bytes = 10}));
  EXPECT_EQ(code(two, {.files = 2, .bytes = 9}), ErrorCode::kResourceExhausted);
  EXPECT_EQ(code(two, {.files = 1, .bytes = 10}), ErrorCode::kResourceExhausted);
}

TEST(UnpackTar, APromiseAllocatesNothing) {
  const std::uint64_t promised = std::uint64_t{8} << 30;
  EXPECT_EQ(code(tar_header("a", promised) + "few"), ErrorCode::kResourceExhausted);
  EXPECT_EQ(code(tar_header("a", promised) + "few", {.files = 9, .bytes = promised}),
            ErrorCode::kNeedMoreBytes);
}

TEST(Gunzip, OrAsItIs) {
  EXPECT_EQ(as_text(gunzip(as_bytes(kGzipped), 6).value()), "halves");
  EXPECT_EQ(as_text(gunzip(as_bytes("plain"), 5).value()), "plain");
  EXPECT_TRUE(gunzip({}, 0).value().empty());
}

TEST(Gunzip, IsBounded) {
  EXPECT_EQ(gunzip(as_bytes(kGzipped), 5).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(gunzip(as_bytes("plain"), 4).error().code, ErrorCode::kResourceExhausted);
  for (std::size_t size = 2; size < kGzipped.size() - 8; ++size)
    EXPECT_FALSE(gunzip(as_bytes(kGzipped).first(size), 100)) << size;
}

}  // namespace
}  // namespace cleave::data
