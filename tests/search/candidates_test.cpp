#include "search/candidates.h"

#include <gtest/gtest.h>

#include <set>

#include "zoo/zoo.h"

namespace cleave::search {
namespace {

graph::Model tiny() { return graph::Model::parse(zoo::build("tiny", 1).value()).value(); }

std::vector<int> indices(const std::vector<const graph::Cut*>& cuts) {
  std::vector<int> found;
  for (const graph::Cut* cut : cuts) found.push_back(cut->index);
  return found;
}

TEST(Candidates, CutsAreThoseThroughOnePicture) {
  const graph::Model model = tiny();
  for (const graph::Cut* cut : unit_cuts(model)) {
    EXPECT_TRUE(cut->single());
    EXPECT_EQ(cut->values.front().shape.size(), 4U) << "not behind the flattening";
  }
  // 32x32x32 to cut 4, 32x16x16 at 5, 128x16x16 and 128x8x8 behind the fork; 128x1x1 is no picture.
  std::set<Shape> shapes;
  for (const graph::Cut* cut : stage_ends(model)) {
    EXPECT_TRUE(shapes.insert(cut->values.front().shape).second) << "one cut for each size";
    EXPECT_GT(cut->values.front().shape[2], 1);
  }
  const std::vector<int> ends = indices(stage_ends(model));
  EXPECT_EQ(ends.front(), 4) << "the last of its size";
  EXPECT_EQ(ends[1], 5);
}

TEST(Candidates, EverythingWithEverythingThatFits) {
  const graph::Model model = tiny();
  const Space space{.cuts = {model.find_cut("4").value(), model.find_cut("5").value()},
                    .units = {"butterfly", "bottleneck"},
                    .channels = {2, 32, 64},
                    .strides = {2, 32},
                    .codecs = {"raw", "f16"}};
  const std::vector<Candidate> all = candidates(space);
  // 64 channels fit nowhere, a stride of 32 only the larger picture.
  EXPECT_EQ(all.size(), 2U * (2 * 2 + 2 * 2 + 2 * 1));
  EXPECT_EQ(all[0], (Candidate{4, "butterfly:channels=2", "raw"}));
  EXPECT_EQ(all[1], (Candidate{5, "butterfly:channels=2", "raw"})) << "cuts go fastest";
  EXPECT_EQ(all[4], (Candidate{4, "bottleneck:channels=2,stride=2", "raw"}));
}

}  // namespace
}  // namespace cleave::search
