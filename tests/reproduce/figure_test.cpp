#include "reproduce/figure.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/folder.h"

namespace cleave::reproduce {
namespace {

Figure lines() {
  return {"lines",
          "Two \"lines\"",
          "below",
          Style::kLines,
          "x",
          "y",
          2,
          {{"first, \"quoted\"", {"1", "2", "10"}, {{"a", {1, 2, 3}}, {"b", {0.5, 0, 7}}}},
           {"nothing", {"1", "2"}, {{"a", {0, 0}}}}}};
}

Figure bars() {
  Figure figure{"bars", "Bars", "", Style::kStackedBars, "", "kB", 1, {{"many", {}, {{"", {}}}}}};
  for (int i = 0; i < 60; ++i) {
    // A name that would end gnuplot's data and run a command, were it let.
    figure.panels[0].points.push_back(i == 0 ? "x\nEND\n!false #" : "layer_" + std::to_string(i));
    figure.panels[0].series[0].values.push_back(i);
  }
  return figure;
}

/// PATH as it was when the test began.
class Path : public testing::Test {
 protected:
  void TearDown() override { ::setenv("PATH", before_.c_str(), 1); }
  std::string before_ = std::getenv("PATH");
};

TEST_F(Path, FiguresAreNumbersAndPictures) {
  const TemporaryFolder folder;
  for (const Figure& figure : {lines(), bars()}) ASSERT_TRUE(write_figure(folder.path(), figure));
  EXPECT_EQ(read_file(folder.path() / "lines.csv").value(),
            R"(panel,series,point,value
"first, ""quoted""",a,1,1
"first, ""quoted""",a,2,2
"first, ""quoted""",a,10,3
"first, ""quoted""",b,1,0.5
"first, ""quoted""",b,2,0
"first, ""quoted""",b,10,7
nothing,a,1,0
nothing,a,2,0
)");
  const auto drawn = draw(folder.path(), {"lines", "bars"});
  if (!drawn && drawn.error().code == ErrorCode::kUnavailable)
    GTEST_SKIP() << drawn.error().message;
  ASSERT_TRUE(drawn) << drawn.error().to_string();
  for (const char* name : {"lines.png", "bars.png"})
    EXPECT_TRUE(read_file(folder.path() / name).value().starts_with("\x89PNG")) << name;
}

TEST_F(Path, CurvesHavePlacesOfTheirOwn) {
  const TemporaryFolder folder;
  Figure figure{"curves", "Curves", "", Style::kCurves, "bytes", "share", 2, {}};
  figure.panels = {{"one", {}, {{"a", {0.5, 0.9}, {100, 1000}}, {"b", {0.7}, {300}}}},
                   {"level", {}, {{"a", {1, 1}, {100, 1000}}}}};
  figure.format = Format::kSvg;
  ASSERT_TRUE(write_figure(folder.path(), figure));
  EXPECT_EQ(read_file(folder.path() / "curves.csv").value(),
            "panel,series,point,value\none,a,100,0.5\none,a,1000,0.9\none,b,300,0.7\n"
            "level,a,100,1\nlevel,a,1000,1\n");
  const auto drawn = draw(folder.path(), {"curves"});
  if (!drawn && drawn.error().code == ErrorCode::kUnavailable)
    GTEST_SKIP() << drawn.error().message;
  ASSERT_TRUE(drawn) << drawn.error().to_string();
  EXPECT_TRUE(read_file(folder.path() / "curves.svg").value().contains("<svg"));
}

TEST_F(Path, AnAxisEndsAndPlacesAreMarkedWhereThePanelSays) {
  const TemporaryFolder folder;
  Figure figure = lines();
  figure.panels[0].y_top = 2.5;
  figure.panels[0].marks = {-1.5, 4};
  ASSERT_TRUE(write_figure(folder.path(), figure));
  const std::string plot = read_file(folder.path() / "lines.gp").value();
  EXPECT_NE(plot.find("set yrange [0:2.5]"), std::string::npos);
  EXPECT_NE(plot.find("from first -1.5, graph 0"), std::string::npos);
  // The second panel has neither.
  EXPECT_NE(plot.find("unset arrow\nset title \"nothing\""), std::string::npos);
  const auto drawn = draw(folder.path(), {"lines"});
  if (!drawn && drawn.error().code == ErrorCode::kUnavailable)
    GTEST_SKIP() << drawn.error().message;
  EXPECT_TRUE(drawn) << drawn.error().to_string();
}

TEST_F(Path, WhatGnuplotRefusesIsAnError) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "bad.gp", "no such command\n"));
  const auto drawn = draw(folder.path(), {"bad"});
  ASSERT_FALSE(drawn);
  if (drawn.error().code == ErrorCode::kUnavailable) GTEST_SKIP() << drawn.error().message;
  EXPECT_EQ(drawn.error().code, ErrorCode::kInternal);
}

TEST_F(Path, WithoutGnuplotIsSaid) {
  const TemporaryFolder folder;
  ::setenv("PATH", folder.path().c_str(), 1);
  const auto drawn = draw(folder.path(), {"lines"});
  ASSERT_FALSE(drawn);
  EXPECT_EQ(drawn.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(drawn.error().message, "cannot run gnuplot: No such file or directory");
}

}  // namespace
}  // namespace cleave::reproduce
