#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"

namespace cleave {
namespace {

namespace fs = std::filesystem;

class WriteFile : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(WriteFile, ReplacesAFileAndLeavesNothingElse) {
  ASSERT_TRUE(write_file(folder_ / "f", "long before"));
  ASSERT_TRUE(write_file(folder_ / "f", "after"));
  EXPECT_EQ(read_file(folder_ / "f").value(), "after");
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(WriteFile, WritesIntoAPipe) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  EXPECT_TRUE(write_file(pipe, "through"));
  char found[8] = {};
  EXPECT_EQ(::read(reader, found, sizeof found), 7);
  EXPECT_STREQ(found, "through");
  ::close(reader);
  EXPECT_TRUE(fs::is_fifo(pipe));
}

// By way of a link, so that a failure of this test could not replace the device itself.
TEST_F(WriteFile, FullDeviceIsAnErrorAndStays) {
  const fs::path link = folder_ / "full";
  fs::create_symlink("/dev/full", link);
  const auto written = write_file(link, "text");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("No space left on device"), std::string::npos)
      << written.error().message;
  EXPECT_TRUE(fs::is_symlink(link));
}

}  // namespace
}  // namespace cleave
