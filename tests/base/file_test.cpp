#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/folder.h"

namespace cleave {
namespace {

TEST(FileName, IsThatOfAFileInTheFolder) {
  EXPECT_TRUE(is_file_name("model.onnx"));
  for (const std::string& name :
       {std::string(), std::string("../a"), std::string("/etc/passwd"), std::string("a/b"),
        std::string("a\\b"), std::string("."), std::string(".hidden"), std::string("a\0b", 3)})
    EXPECT_FALSE(is_file_name(name)) << name;
}

namespace fs = std::filesystem;

/// Exit code of a child that does `work`, which must not allow the test's own state to change.
template <class F>
int in_child(F&& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ReadFile, GivesEveryByte) {
  const TemporaryFolder folder;
  const std::string content("a\0b\r\n\xff", 6);
  ASSERT_TRUE(write_file(folder / "f", content));
  EXPECT_EQ(read_file(folder / "f").value(), content);
  ASSERT_TRUE(write_file(folder / "empty", ""));
  EXPECT_EQ(read_file(folder / "empty").value(), "");
}

TEST(ReadFile, StopsAtTheLimit) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "f", "12345"));
  EXPECT_EQ(read_file(folder / "f", 5).value(), "12345");
  EXPECT_EQ(read_file(folder / "f", 4).error().code, ErrorCode::kResourceExhausted);
  // A device that says it has no bytes never ends.
  EXPECT_EQ(read_file("/dev/zero", 1000).error().code, ErrorCode::kResourceExhausted);
}

TEST(ReadFile, NamesWhatIsNotThereOrNoFile) {
  const TemporaryFolder folder;
  const Error missing = read_file(folder / "absent").error();
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  EXPECT_NE(missing.message.find("absent"), std::string::npos);
  EXPECT_EQ(read_file(folder.path()).error().code, ErrorCode::kIo);
}

TEST(FileWriting, SizeLimitLeavesTheOldFileWhole) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "f", "before"));
  const std::string large(100000, 'x');
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto written = write_file(folder / "f", large);
    return !written && written.error().code == ErrorCode::kIo ? 0 : 1;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(read_file(folder / "f").value(), "before");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(FileWriting, UnwritableFolderIsAnError) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "closed");
  fs::permissions(folder / "closed", fs::perms::owner_read | fs::perms::owner_exec);
  const int code = in_child([&] {
    // Root may write anywhere.
    if (::getuid() == 0 && (::chmod(folder.path().c_str(), 0755) != 0 || ::setuid(65534) != 0))
      return 77;
    const auto written = write_file(folder / "closed" / "f", "text");
    return !written && written.error().code == ErrorCode::kIo ? 0 : 1;
  });
  EXPECT_TRUE(fs::is_empty(folder / "closed"));
  fs::permissions(folder / "closed", fs::perms::owner_all);
  if (code == 77) GTEST_SKIP() << "skipped: this user cannot become another";
  EXPECT_EQ(code, 0);
}

TEST(FileWriting, MissingFolderIsNotFound) {
  const TemporaryFolder folder;
  EXPECT_EQ(write_file(folder / "absent" / "f", "text").error().code, ErrorCode::kNotFound);
}

TEST(FileWriting, FolderInItsPlaceStays) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "f");
  EXPECT_FALSE(write_file(folder / "f", "text"));
  EXPECT_TRUE(fs::is_directory(folder / "f"));
  EXPECT_EQ(folder.entries(), 1);
}

TEST(StagedFolder, AppearsWithItsCommit) {
  const TemporaryFolder folder;
  auto staged = StagedFolder::create(folder / "new");
  ASSERT_TRUE(staged) << staged.error().to_string();
  ASSERT_TRUE(write_file(staged->path() / "f", "text"));
  EXPECT_FALSE(fs::exists(folder / "new"));
  ASSERT_TRUE(staged->commit());
  EXPECT_EQ(read_file(folder / "new" / "f").value(), "text");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(StagedFolder, WithoutCommitNothingStays) {
  const TemporaryFolder folder;
  {
    auto staged = StagedFolder::create(folder / "new");
    ASSERT_TRUE(staged);
    const StagedFolder moved = *std::move(staged);
    fs::create_directory(moved.path() / "deep");
    ASSERT_TRUE(write_file(moved.path() / "deep" / "f", "text"));
    EXPECT_EQ(folder.entries(), 1);
  }
  EXPECT_EQ(folder.entries(), 0);
}

TEST(StagedFolder, TakesAnEmptyFolderAndASlashAtTheEnd) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "new");
  auto staged = StagedFolder::create(fs::path((folder / "new").string() + "/"));
  ASSERT_TRUE(staged) << staged.error().to_string();
  ASSERT_TRUE(write_file(staged->path() / "f", "text"));
  ASSERT_TRUE(staged->commit());
  EXPECT_TRUE(fs::exists(folder / "new" / "f"));
}

TEST(StagedFolder, RefusesWhatIsThere) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "full");
  ASSERT_TRUE(write_file(folder / "full" / "f", "mine"));
  ASSERT_TRUE(write_file(folder / "file", "mine"));
  for (const char* taken : {"full", "file"})
    EXPECT_EQ(StagedFolder::create(folder / taken).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(StagedFolder::create(folder / "absent" / "new").error().code, ErrorCode::kNotFound);
}

TEST(StagedFolder, CommitNeverReplacesWhatCameMeanwhile) {
  const TemporaryFolder folder;
  auto staged = StagedFolder::create(folder / "new");
  ASSERT_TRUE(staged);
  fs::create_directory(folder / "new");
  ASSERT_TRUE(write_file(folder / "new" / "f", "another's"));
  EXPECT_FALSE(staged->commit());
  EXPECT_EQ(read_file(folder / "new" / "f").value(), "another's");
}

}  // namespace
}  // namespace cleave
