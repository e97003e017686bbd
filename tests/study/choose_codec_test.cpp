#include "study/choose_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "bundle/support.h"
#include "plan/planner.h"

namespace cleave::study {
namespace {

std::set<std::string> crossing(const graph::Model& model) {
  std::set<std::string> names;
  for (const graph::Cut& cut : model.cuts())
    for (const TensorSpec& value : cut.values) names.insert(value.name);
  return names;
}

/// Costs without rhyme or reason of every codec and value, some of which are not listed.
plan::CodecChoice random_choice(Random& random, const std::string& codec,
                                const std::set<std::string>& names, double listed) {
  plan::CodecChoice choice{codec, {}};
  for (const std::string& name : names) {
    if (random.uniform() > listed) continue;
    const plan::CodecCost cost{random.uniform(0, 2e5), random.uniform(0, 5), random.uniform(0, 5)};
    choice.values.emplace(name, plan::CodedValue{cost, random.uniform()});
  }
  return choice;
}

plan::Problem random_problem(Random& random, const graph::Model& model) {
  plan::Problem problem;
  const auto layers = model.layers().size();
  for (auto* profile : {&problem.device, &problem.cloud}) {
    profile->model_name = "tiny";
    for (const graph::Layer& layer : model.layers()) profile->layer_names.push_back(layer.name);
    const double scale = profile == &problem.device ? 30 : 3;
    for (std::size_t k = 0; k <= layers; ++k) {
      const auto cost = [&](double ms) { return profile::Cost{ms, ms, ms, 9}; };
      profile->head.emplace_back(cost(scale * static_cast<double>(k)));
      profile->tail.emplace_back(cost(scale * static_cast<double>(layers - k)));
    }
  }
  problem.device.slowdown = random.uniform(1, 20);
  problem.link = *parse_link("4g");
  problem.link.up_mbps = random.uniform(0.5, 200);
  problem.link.down_mbps = random.uniform(0.5, 200);
  problem.link.rtt_ms = random.uniform(0, 60);
  problem.codec.resize(layers + 1);
  problem.codec.front() = plan::CodecCost{random.uniform(0, 2e6), 1, 1};
  return problem;
}

/// Whatever the costs: at the cut that was chosen, values sent raw would not have been faster.
TEST(ChooseCodec, NoCodecIsChosenThatIsSlowerThanRaw) {
  const graph::Model model = bundle::tiny();
  const auto names = crossing(model);
  const ScheduleRequest request;
  int coded = 0;
  for (int round = 0; round < 300; ++round) {
    Random random(static_cast<std::uint64_t>(round));
    const plan::Problem problem = random_problem(random, model);
    CodecOptions options;
    options.choices = {random_choice(random, "raw", names, 1),
                       random_choice(random, "a", names, 0.9),
                       random_choice(random, "b", names, 0.9)};
    options.calibrated = random_choice(random, "calibrated", names, 0.3);
    const auto ranked = [&](plan::Problem& p) -> Result<PlannedSchedule> {
      PlannedSchedule planned;
      planned.problem = CLEAVE_TRY(network_problem(model, p, request));
      for (const plan::Candidate& way : CLEAVE_TRY(plan::rank_cuts(p, request.objective))) {
        if (way.strategy != plan::Strategy::kSplit) continue;
        planned.solution.status = plan::Status::kOptimal;
        planned.solution.schedule.latency_ms = way.latency_ms;
        planned.solution.schedule.groups = {
            {1, static_cast<int>(way.cut), plan::Side::kDevice},
            {static_cast<int>(way.cut) + 1, planned.problem.layers, plan::Side::kCloud}};
        break;
      }
      return planned;
    };
    const auto chosen = choose_codec(model, problem, options, request.objective, ranked, {});
    ASSERT_TRUE(chosen) << chosen.error().to_string();
    const plan::Schedule& schedule = chosen->schedule.solution.schedule;
    plan::Problem raw = problem;
    ASSERT_TRUE(set_codec(raw, model, options.choices.front(), kAnyLoss));
    const auto cut = static_cast<std::size_t>(schedule.groups.front().last);
    EXPECT_LE(schedule.latency_ms, plan::evaluate(raw, cut)->latency_ms + 1e-9);
    EXPECT_NEAR(schedule.latency_ms, plan::evaluate(chosen->problem, cut)->latency_ms, 1e-9);
    if (chosen->codec != "raw" || !chosen->calibrated.empty()) ++coded;
  }
  EXPECT_GT(coded, 100) << "and codecs are chosen where they pay";
}

TEST(ChooseCodec, LossKeepsChoicesOutButNotCalibrations) {
  const graph::Model model = bundle::tiny();
  const auto names = crossing(model);
  Random random(1);
  const plan::Problem problem = random_problem(random, model);
  CodecOptions options;
  options.choices = {{"raw", {}}, {"coarse", {}}};
  for (const std::string& name : names) {
    options.choices[0].values.emplace(name, plan::CodedValue{{1e5, 0, 0}, 0});
    options.choices[1].values.emplace(name, plan::CodedValue{{100, 0, 0}, 0.5});
  }
  options.max_loss = 0.1;
  options.calibrated.values.emplace("pool1", plan::CodedValue{{50, 0, 0}, 0.9});
  const Planner planner = [&](plan::Problem& p) { return plan_schedule(model, p, {}); };
  std::vector<std::string> notes;
  const auto chosen = choose_codec(model, problem, options, plan::Objective::kLatency, planner,
                                   [&](const std::string& note) { notes.push_back(note); });
  ASSERT_TRUE(chosen) << chosen.error().to_string();
  EXPECT_EQ(chosen->codec, "raw");
  EXPECT_EQ(chosen->calibrated, std::set<std::string>{"pool1"});
  EXPECT_EQ(chosen->problem.codec[5]->payload_bytes, 50);
  EXPECT_TRUE(notes.empty()) << notes.front();
  options.choices.erase(options.choices.begin());
  options.calibrated.values.clear();
  EXPECT_EQ(
      choose_codec(model, problem, options, plan::Objective::kLatency, planner, {}).error().code,
      ErrorCode::kUnsupported);
}

TEST(CompareCodecs, SetsEveryCodecBesideRaw) {
  const graph::Model model = bundle::tiny();
  const auto names = crossing(model);
  Random random(3);
  plan::Problem problem = random_problem(random, model);
  CodecOptions options;
  options.choices = {random_choice(random, "raw", names, 1), random_choice(random, "a", names, 1)};
  options.calibrated.values.emplace("pool1", plan::CodedValue{{50, 1, 2}, 0});
  const std::vector<Link> links{*parse_link("3g"), *parse_link("wifi")};
  const auto rows = compare_codecs(model, problem, options, links);
  ASSERT_TRUE(rows) << rows.error().to_string();
  int calibrated = 0;
  for (const CodecRow& row : *rows) {
    EXPECT_TRUE(row.codec != "raw" || row.beside_raw_ms == 0);
    problem.link = *parse_link(row.link);
    const bool own = row.codec == kAsCalibrated;
    ASSERT_TRUE(set_codec(problem, model,
                          own                  ? options.calibrated
                          : row.codec == "raw" ? options.choices[0]
                                               : options.choices[1],
                          kAnyLoss));
    EXPECT_EQ(row.way.latency_ms, plan::evaluate(problem, row.way.cut)->latency_ms);
    if (!own) continue;
    ++calibrated;
    EXPECT_EQ(row.way.cut, 5U);
    EXPECT_DOUBLE_EQ(row.sending_ms(), problem.device.slowdown + 2 + row.way.terms.up_ms);
  }
  EXPECT_EQ(calibrated, 2) << "one for each link";
}

}  // namespace
}  // namespace cleave::study
