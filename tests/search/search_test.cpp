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
  int epochs = 0;
  double proxy_s = 10;
  double full_s = 100;
  Candidate diverging{};
  bool diverges_in_full = false;
  std::vector<Candidate> order{};

  Tools tools() {
    return {
        .train = [this](const Candidate& candidate, Effort effort, const fs::path& checkpoint,
                        const Tick& tick) { return train(candidate, effort, checkpoint, tick); },
        .cost = [](const Candidate& candidate, double bytes) { return bytes * candidate.cut; },
        .told = {}};
  }

  /// In ten epochs; a checkpoint holds how many were done.
  Result<Trained> train(const Candidate& candidate, Effort effort, const fs::path& checkpoint,
                        const Tick& tick) {
    const bool is_full = effort == Effort::kFull;
    int done = 0;
    if (const auto former = read_file(checkpoint)) done = std::stoi(*former);
    const double epoch_s = (is_full ? full_s : proxy_s) / 10;
    for (; done < 10;) {
      clock.advance(from_ms(1000 * epoch_s));
      ++done;
      ++epochs;
      if (is_full) {
        EXPECT_TRUE(write_file(checkpoint, std::to_string(done)));
      }
      CLEAVE_CHECK(tick(epoch_s * (10 - done)));
    }
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
  const auto states = [&] {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(folder / "s"))
      count += entry.path().extension() == ".state" ? 1 : 0;
    return count;
  };
  // Time for the proxies and one training; after an epoch the second sees that it is too long.
  const auto first = run(200).value();
  EXPECT_FALSE(first.all_settled);
  EXPECT_EQ(played.full, 1);
  EXPECT_NEAR(first.progress.used_s, 4 * 10 + 100 + 10, 1e-6);
  EXPECT_EQ(states(), 1) << "to go on from";
  const auto second = run(1000).value();
  EXPECT_TRUE(second.all_settled);
  EXPECT_EQ(played.proxies, 4) << "none twice";
  EXPECT_EQ(played.full, 4);
  EXPECT_EQ(played.epochs, 40 + 40) << "none twice";
  EXPECT_EQ(states(), 0);
  EXPECT_NEAR(second.progress.records[3].full->seconds, 100, 1e-6);
  // Nothing is left to do, and with no time left nothing begins.
  const auto third = run(1).value();
  EXPECT_EQ(played.epochs, 80);
  EXPECT_EQ(third.kept, second.kept);
}

TEST(Search, WithAnUsedUpBudgetNothingBegins) {
  const TemporaryFolder folder;
  Played played;
  const auto run = [&] {
    return run_search("q", played.candidates, {.floor = 0.02, .budget_s = 40, .proxy_share = 1},
                      played.tools(), folder / "s", played.clock)
        .value();
  };
  EXPECT_FALSE(run().all_settled);
  EXPECT_EQ(played.epochs, 40) << "of the proxies";
  EXPECT_FALSE(run().all_settled);
  EXPECT_EQ(played.epochs, 40);
}

TEST(Search, OtherCandidatesOfTheFolderAreLeftAsTheyAre) {
  const TemporaryFolder folder;
  Played played;
  const std::vector<Candidate> all = played.candidates;
  const auto run = [&](const std::vector<Candidate>& candidates) {
    return run_search("q", candidates, {.floor = 0.02, .budget_s = 1000}, played.tools(),
                      folder / "s", played.clock)
        .value();
  };
  const auto one = run({all[2]});
  EXPECT_EQ(one.progress.records.size(), 1U);
  EXPECT_EQ(run({all[3]}).progress.records.size(), 1U);
  EXPECT_EQ(load_progress(folder / "s" / "search.json")->records.size(), 2U);
  const auto both = run({all[2], all[3]});
  EXPECT_EQ(played.full, 2);
  EXPECT_EQ(both.progress.records[0].network, one.progress.records[0].network);
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

TEST(Search, WhatFailsForTheFirstIsNoMatterOfCandidates) {
  const TemporaryFolder folder;
  Played played;
  played.diverging = played.candidates[0];
  const auto outcome =
      run_search("q", played.candidates, {}, played.tools(), folder / "s", played.clock);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "the run diverges");
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
  Json without = written;
  without["records"][2].erase("proxy");
  EXPECT_FALSE(progress_from_json(without)) << "what was trained had a proxy";
  EXPECT_EQ(code("/records/2/calibration", nullptr), std::nullopt) << "that is the codec's";
}

}  // namespace
}  // namespace cleave::search
