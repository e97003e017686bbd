#include "data/inputs.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"
#include "pictures.h"

namespace cleave::data {
namespace {

namespace fs = std::filesystem;

class Inputs : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_ / "b/deep");
    fs::create_directories(root_ / "empty");
    for (const char* file :
         {"z.JPG", "a.png", "b/t.npy", "b/deep/x.jpeg", "b/deep/y.webp", "b/readme.txt"}) {
      ASSERT_TRUE(write_file(root_ / file, ""));
    }
  }

  Result<std::vector<std::string>> expand(const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back((root_ / name).string());
    std::vector<std::string> found;
    for (const InputItem& item : CLEAVE_TRY(expand_inputs(paths))) {
      found.push_back((item.kind == InputKind::kTensor ? "tensor " : "image ") +
                      item.path.lexically_relative(root_).string());
    }
    return found;
  }

  TemporaryFolder folder_;
  const fs::path root_ = folder_.path();
};

TEST_F(Inputs, FolderIsSortedAndDeep) {
  EXPECT_EQ(expand({""}).value(),
            (std::vector<std::string>{"image a.png", "image b/deep/x.jpeg", "image b/deep/y.webp",
                                      "tensor b/t.npy", "image z.JPG"}));
}

TEST_F(Inputs, FilesKeepTheirOrder) {
  EXPECT_EQ(expand({"z.JPG", "b", "a.png"}).value(),
            (std::vector<std::string>{"image z.JPG", "image b/deep/x.jpeg", "image b/deep/y.webp",
                                      "tensor b/t.npy", "image a.png"}));
  EXPECT_TRUE(expand({}).value().empty());
}

TEST_F(Inputs, LinksAreFollowedToFilesOnly) {
  fs::create_symlink(root_ / "a.png", root_ / "b/link.png");
  fs::create_symlink(root_ / "nowhere.png", root_ / "b/dangling.png");
  fs::create_directory_symlink(root_, root_ / "b/loop");
  EXPECT_EQ(expand({"b"}).value(),
            (std::vector<std::string>{"image b/deep/x.jpeg", "image b/deep/y.webp",
                                      "image b/link.png", "tensor b/t.npy"}));
}

TEST_F(Inputs, RefusesWhatIsNoInput) {
  EXPECT_EQ(expand({"a.png", "no.png"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(expand({"b/readme.txt"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(
      expand({"empty"}).error().message.find("holds no .jpg, .jpeg, .png, .webp or .npy file"),
      std::string::npos);
}

}  // namespace
}  // namespace cleave::data
