#include "data/dataset.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"
#include "tar.h"

namespace cleave::data {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class Sets : public testing::Test {
 protected:
  fs::path put(const std::string& name, const std::string& content) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    EXPECT_TRUE(write_file(path, content));
    return path;
  }
  void put_idx(const std::string& pictures, const std::string& labels) {
    put("fashion-mnist/t10k-images-idx3-ubyte.gz", pictures);
    put("fashion-mnist/t10k-labels-idx1-ubyte.gz", labels);
  }
  Result<Dataset> fashion(std::string_view split = "") {
    return Dataset::open("fashion-mnist", split, folder_.path());
  }

  TemporaryFolder folder_;
};

TEST_F(Sets, FolderAndArchiveAreTheSame) {
  const std::vector<std::pair<std::string, std::string>> files{{"set/dog/2.png", plain_png(20)},
                                                               {"set/cat/1.png", plain_png(10)},
                                                               {"set/cat/._1.png", "of macOS"},
                                                               {"set/notes.txt", "none"}};
  for (const auto& [path, content] : files) put(path, content);
  const fs::path archive = put("set.tar", tar_of(files));
  for (const fs::path& path : {folder_ / "set", archive}) {
    const auto set = Dataset::open(path.string());
    ASSERT_TRUE(set) << set.error().to_string();
    EXPECT_EQ(set->classes(), (Names{"cat", "dog"}));
    ASSERT_EQ(set->size(), 2U);
    EXPECT_EQ(set->label(1), 1);
    EXPECT_EQ(set->picture(0)->pixel(2, 2)[1], 10);
    EXPECT_EQ(set->picture(1)->pixel(0, 0)[0], 20);
  }
}

TEST_F(Sets, WhatCannotBeDecodedIsNamed) {
  const fs::path archive = put("set.tar", tar_of({{"1.png", plain_png(1)}, {"2.png", "no"}}));
  const auto set = Dataset::open(archive.string()).value();
  EXPECT_FALSE(set.label(0));
  EXPECT_TRUE(set.picture(0));
  const std::string message = set.picture(1).error().message;
  EXPECT_NE(message.find("'2.png' in '" + archive.string() + "'"), std::string::npos) << message;
}

TEST_F(Sets, ErrorsNameThePath) {
  const Error missing = Dataset::open("cifar11").error();
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.message,
            "'cifar11' is not there, expected cifar10, fashion-mnist, a folder of pictures or a "
            ".tar.gz of one");
  const Error other = Dataset::open(put("x.tar.gz", "something else").string()).error();
  EXPECT_EQ(other.code, ErrorCode::kNotThisFormat);
  EXPECT_NE(other.message.find("x.tar.gz"), std::string::npos);
  EXPECT_EQ(Dataset::open("cifar10", "", folder_.path()).error().code, ErrorCode::kNotFound);
}

TEST_F(Sets, IdxPicturesAreGray) {
  put_idx(idx_of({2, 2, 3}, "abcdefABCDEF"), idx_of({2}, {9, 0}));
  const auto set = fashion();
  ASSERT_TRUE(set) << set.error().to_string();
  EXPECT_EQ(set->size(), 2U);
  EXPECT_EQ(set->split(), "test");
  EXPECT_EQ(set->classes()[9], "Ankle boot");
  EXPECT_EQ(set->label(0), 9);
  const Image image = set->picture(1).value();
  EXPECT_EQ(image.width, 3);
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.pixel(1, 1)[0], 'E');
  EXPECT_EQ(image.pixel(1, 1)[2], 'E');
  EXPECT_EQ(fashion("train").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fashion("all").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Sets, IdxFilesMustAgree) {
  const std::string pictures = idx_of({2, 1, 1}, "ab");
  put_idx(pictures, idx_of({1}, {0}));
  EXPECT_NE(fashion().error().message.find("found 1 labels for 2 pictures"), std::string::npos);
  put_idx(pictures, idx_of({2}, {0, 10}));
  EXPECT_NE(fashion().error().message.find("found label 10, expected less than 10"),
            std::string::npos);
  put_idx(idx_of({2}, "ab"), idx_of({2}, "ab"));
  EXPECT_EQ(fashion().error().code, ErrorCode::kCorrupt);
  put_idx(idx_of({0, 1, 1}, ""), idx_of({0}, ""));
  EXPECT_EQ(fashion().error().code, ErrorCode::kCorrupt);
}

TEST(RealSets, AreWhole) {
  CLEAVE_NEEDS_DATA();
  const auto cifar = Dataset::open("cifar10", "test", data_folder());
  ASSERT_TRUE(cifar) << cifar.error().to_string();
  EXPECT_EQ(cifar->size(), 8000U);
  EXPECT_EQ(cifar->classes(), (Names{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog",
                                     "horse", "ship", "truck"}));
  EXPECT_EQ(cifar->picture(7999)->width, 32);
  EXPECT_EQ(cifar->label(7999), 9);
  const auto fashion = Dataset::open("fashion-mnist", "test", data_folder());
  ASSERT_TRUE(fashion) << fashion.error().to_string();
  EXPECT_EQ(fashion->size(), 10000U);
  EXPECT_EQ(fashion->label(0), 9) << "the first is an ankle boot";
  EXPECT_EQ(fashion->picture(0)->height, 28);
  const auto flowers =
      Dataset::open((data_folder() / "flowers/flowers_128px.tar.gz").string()).value();
  EXPECT_EQ(flowers.classes(), (Names{"daisy", "dandelion", "sunflower"}));
}

}  // namespace
}  // namespace cleave::data
