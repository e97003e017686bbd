#include "data/picture_tree.h"

#include <gtest/gtest.h>

namespace cleave::data {
namespace {

using Names = std::vector<std::string>;

TEST(PictureTree, FoldersAreClasses) {
  const auto tree =
      arrange_pictures(Names{"set/b/2.png", "set/a/9.png", "set/b/deep/1.png"}, "").value();
  EXPECT_EQ(tree.classes, (Names{"a", "b"}));
  EXPECT_EQ(tree.files, (std::vector<std::size_t>{1, 0, 2}));
  EXPECT_EQ(tree.labels, (std::vector<int>{0, 1, 1}));
  EXPECT_EQ(tree.split, "");
}

TEST(PictureTree, SplitsCountClassesAlike) {
  const Names paths{"s/train/a/1.png", "s/train/c/2.png", "s/test/c/3.png", "s/test/b/4.png"};
  const auto test = arrange_pictures(paths, "").value();
  EXPECT_EQ(test.split, "test");
  EXPECT_EQ(test.classes, (Names{"a", "b", "c"}));
  EXPECT_EQ(test.files, (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(test.labels, (std::vector<int>{1, 2}));
  EXPECT_EQ(arrange_pictures(paths, "train")->labels, (std::vector<int>{0, 2}));
  const auto one_split = arrange_pictures(Names{"train/a/1.png", "train/b/1.png"}, "");
  EXPECT_EQ(one_split.error().code, ErrorCode::kNotFound);
}

TEST(PictureTree, WithoutFoldersThereAreNoLabels) {
  for (const Names& paths : {Names{"1.png", "2.png"}, Names{"photos/1.png", "photos/2.png"}}) {
    const auto tree = arrange_pictures(paths, "").value();
    EXPECT_TRUE(tree.classes.empty());
    EXPECT_TRUE(tree.labels.empty());
    EXPECT_EQ(tree.files.size(), 2U);
  }
  EXPECT_TRUE(arrange_pictures(Names{"test/1.png", "train/2.png"}, "")->labels.empty());
}

TEST(PictureTree, SaysWhatItFoundInstead) {
  const auto code = [](const Names& paths, std::string_view split = "") {
    return arrange_pictures(paths, split).error().code;
  };
  EXPECT_EQ(code({}), ErrorCode::kNotFound);
  EXPECT_EQ(code({"a/1.png", "a/1.png"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"a/1.png", "b/1.png"}, "train"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"test/a/1.png"}, "validation"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(arrange_pictures(Names{"a/1.png", "2.png"}, "").error().message,
            "found picture '2.png' beside 1 folder(s) such as 'a', expected every picture in a "
            "class's folder, or none");
}

}  // namespace
}  // namespace cleave::data
