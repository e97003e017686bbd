// A search over candidates whose trainings are played: what is trained, in which order, and what is
// left for another day.
#include "search/search.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/folder.h"

namespace cleave::search {
namespace {

namespace fs = std::filesystem;

/// Four candidates at two cuts; full training leaves a third of a proxy's loss.
struct Played {
  std::vector<Candidate> candidates{
      {1, "small", "raw"}, {2, "small", "raw"}, {1, "large", "raw"}, {2, "large", "raw"}};
  ManualClock clock;
  int proxies = 0;
  int full = 0;
  double proxy_s = 10;
  double full_s = 100;
  Candidate diverging{};
  bool diverges_in_full = false;
  std::vector<Candidate> order{};

  Tools tools() {
    return {.train = [this](const Candidate& candidate, Effort effort, const fs::path& checkpoint,
                            double left) { return train(candidate, effort, checkpoint, left); },
            .cost = [](const Candidate& candidate, double bytes) { return bytes * candidate.cut; },
            .told = {}};
  }

  Result<Trained> train(const Candidate& candidate, Effort effort, const fs::path& checkpoint,
                        double left) {
    const bool is_full = effort == Effort::kFull;
    const double needed = is_full ? full_s : proxy_s;
    if (is_full && needed > left) {
      clock.advance(from_ms(1000 * left));
      EXPECT_TRUE(write_file(checkpoint, "half done"));
      return fail(ErrorCode::kDeadlineExceeded, "test", "no time");
    }
    clock.advance(from_ms(1000 * needed));
    if (is_full == diverges_in_full && candidate == diverging)
      return fail(ErrorCode::kInvalidArgument, "test", "the run diverges");
    (is_full ? full : proxies) += 1;
    if (is_full) order.push_back(candidate);
    const bool small = candidate.unit == "small";
    const double loss = (small ? 0.09 : 0.03) * (is_full ? 1.0 / 3 : 1);
    return Trained{.score = {.accuracy = 0.9 - loss,
                             .uncut_accuracy = 0.9,
                             .payload_bytes = small ? 50.0 : 100.0},
                   .onnx_bytes = candidate.unit,
                   .code = "code",
                   .calibration = {{"low", 1}}};
  }
};

TEST(Search, FindsTheCheapestWithinTheFloorOfEachCut) {
  const TemporaryFolder folder;
  Played played;
  const auto outcome = run_search("q", played.candidates, {.floor = 0.02, .budget_s = 1000},
                                  played.tools(), folder / "s", played.clock);
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_TRUE(outcome->all_proxies);
  EXPECT_TRUE(outcome->all_settled);
  EXPECT_EQ(played.proxies, 4);
  // The large ones may do, the cheaper cut first; then what is cheaper still is seen not to.
  ASSERT_EQ(played.order.size(), 4U);
  EXPECT_EQ(played.order[0], played.candidates[2]);
  EXPECT_EQ(outcome->kept, (std::vector<std::size_t>{2, 3}));
  EXPECT_NEAR(outcome->progress.used_s, 4 * 10 + 4 * 100, 1e-6);
  EXPECT_EQ(read_file(folder / "s" / outcome->progress.records[2].network).value(), "large");
}

TEST(Search, KeepsToItsBudgetAndGoesOn) {
  const TemporaryFolder folder;
  Played played;
  const auto run = [&](double budget_s) {
    return run_search("q", played.candidates, {.floor = 0.02, .budget_s = budget_s}, played.tools(),
                      folder / "s", played.clock);
  };
  // Time for the proxies and one training and a half.
  const auto first = run(200).value();
  EXPECT_FALSE(first.all_settled);
  EXPECT_EQ(played.full, 1);
  EXPECT_NEAR(first.progress.used_s, 200, 1e-6);
  EXPECT_TRUE(fs::exists(folder / "s" / "3.state")) << "to go on from";
  const auto second = run(1000).value();
  EXPECT_TRUE(second.all_settled);
  EXPECT_EQ(played.proxies, 4) << "none twice";
  EXPECT_EQ(played.full, 4);
  EXPECT_FALSE(fs::exists(folder / "s" / "3.state"));
  EXPECT_NEAR(second.progress.records[3].full->seconds, 60 + 100, 1e-6);
  // Nothing is left to do.
  const auto third = run(1000).value();
  EXPECT_EQ(played.full, 4);
  EXPECT_EQ(third.kept, second.kept);
}

TEST(Search, GoesOnWithoutWhatCannotBeTrained) {
  for (const bool in_full : {false, true}) {
    const TemporaryFolder folder;
    Played played;
    played.diverging = played.candidates[2];
    played.diverges_in_full = in_full;
    const auto outcome = run_search("q", played.candidates, {.floor = 0.02, .budget_s = 1000},
                                    played.tools(), folder / "s", played.clock)
                             .value();
    EXPECT_EQ(outcome.kept, std::vector<std::size_t>{3});
    EXPECT_EQ(outcome.progress.records[2].failure, "the run diverges");
    EXPECT_EQ(outcome.progress.records[2].proxy.has_value(), in_full);
    EXPECT_TRUE(outcome.all_settled);
  }
}

TEST(Search, ProxiesLeaveTimeForTraining) {
  const TemporaryFolder folder;
  Played played;
  const auto outcome =
      run_search("q", played.candidates, {.floor = 0.02, .budget_s = 60, .proxy_share = 0.5},
                 played.tools(), folder / "s", played.clock)
          .value();
  EXPECT_EQ(played.proxies, 3);
  EXPECT_FALSE(outcome.all_proxies);
}

TEST(Search, AFolderIsForOneQuestion) {
  const TemporaryFolder folder;
  Played played;
  ASSERT_TRUE(
      run_search("this", played.candidates, {}, played.tools(), folder / "s", played.clock));
  const auto other =
      run_search("that", played.candidates, {}, played.tools(), folder / "s", played.clock);
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("another search (this), expected that"), std::string::npos)
      << other.error().message;
  EXPECT_FALSE(run_search("q", {}, {}, played.tools(), folder / "t", played.clock));
}

TEST(Search, ProgressIsReadAsItWasWritten) {
  const TemporaryFolder folder;
  Played played;
  const auto outcome = run_search("q", played.candidates, {.floor = 0.02, .budget_s = 200},
                                  played.tools(), folder / "s", played.clock)
                           .value();
  const Json written = to_json(outcome.progress);
  EXPECT_EQ(to_json(progress_from_json(written).value()), written);
  const auto code = [&](const char* pointer, const Json& value) {
    Json json = written;
    json[Json::json_pointer(pointer)] = value;
    const auto read = progress_from_json(json);
    return read ? std::optional<ErrorCode>() : read.error().code;
  };
  EXPECT_EQ(code("/format", "cleave-search/2"), ErrorCode::kUnsupported);
  EXPECT_EQ(code("/format", "cleave-bundle/2"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code("/used_s", -1), ErrorCode::kCorrupt);
  EXPECT_EQ(code("/records", 3), ErrorCode::kCorrupt);
  EXPECT_EQ(code("/records/0/cut", 1.5), ErrorCode::kCorrupt);
  EXPECT_EQ(code("/records/0/proxy/accuracy", 2), ErrorCode::kCorrupt);
  EXPECT_EQ(code("/records/2/network", "../2.onnx"), ErrorCode::kCorrupt);
  EXPECT_EQ(code("/records/2/calibration", nullptr), std::nullopt) << "that is the codec's";
}

}  // namespace
}  // namespace cleave::search
