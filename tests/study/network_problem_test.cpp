// Schedules of real graphs: their costs against the cut's, their pictures, and measuring lazily.
#include "study/network_problem.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bundle/support.h"
#include "graph/builder.h"
#include "plan/planner.h"
#include "plan/scaling.h"
#include "study/explain.h"
#include "study/plan_table.h"
#include "study/refine.h"
#include "study/schedule_dot.h"
#include "study/tier_problem.h"

namespace cleave::study {
namespace {

using bundle::tiny;

/// Costs that rise along the layers; the cloud is ten times faster.
plan::Problem problem_of(const graph::Model& model) {
  plan::Problem p;
  const std::size_t n = model.layers().size();
  const auto fill = [&](profile::Profile& profile, double layer_ms) {
    profile.head.resize(n + 1);
    profile.tail.resize(n + 1);
    for (std::size_t k = 0; k <= n; ++k) {
      profile.head[k] = profile::Cost{layer_ms * static_cast<double>(k), 0, 0, 3};
      profile.tail[k] = profile::Cost{layer_ms * static_cast<double>(n - k), 0, 0, 3};
    }
    profile.whole_ms = layer_ms * static_cast<double>(n);
    for (const graph::Layer& layer : model.layers()) profile.layer_names.push_back(layer.name);
  };
  fill(p.device, 10);
  fill(p.cloud, 1);
  p.device.slowdown = 2;
  p.link = *parse_link("4g");
  p.codec.resize(n + 1);
  p.codec.front() = plan::CodecCost{5000, 0.5, 0.25};
  double bytes = 100;
  for (const graph::Cut& cut : model.cuts()) {
    plan::CodecCost& sum = p.codec[static_cast<std::size_t>(cut.index)].emplace();
    for (const TensorSpec& value : cut.values) {
      const auto& cost =
          p.value_codec.try_emplace(value.name, plan::CodecCost{bytes += 37, 0.1, 0.2})
              .first->second;
      sum.payload_bytes += cost.payload_bytes;
      sum.encode_ms += cost.encode_ms;
      sum.decode_ms += cost.decode_ms;
    }
  }
  for (const TensorSpec& output : model.outputs())
    p.answer_bytes += static_cast<double>(output.byte_size().value());
  return p;
}

/// A block whose input is added to its output.
graph::Model residual() {
  graph::Builder b(13, 7);
  b.input("x", {1, 8}).node("Sin", {"x"}, {"a"}).node("Cos", {"a"}, {"b"});
  b.node("Exp", {"b"}, {"c"}).node("Add", {"a", "c"}, {"y"}).output("y");
  return graph::Model::parse(b.bytes()).value();
}

/// The input goes on to the end, and two inputs meet.
std::vector<graph::Model> awkward() {
  graph::Builder skip(13, 7);
  skip.input("x", {1, 800}).node("Sin", {"x"}, {"a"}).node("Cos", {"a"}, {"b"});
  skip.node("Add", {"x", "b"}, {"y"}).output("y");
  graph::Builder two(13, 7);
  two.input("x", {1, 1}).input("z", {1, 800}).node("Sin", {"x"}, {"a"});
  two.node("Add", {"a", "z"}, {"b"}).node("Cos", {"b"}, {"y"}).output("y");
  std::vector<graph::Model> models;
  for (const graph::Builder* b : {&skip, &two})
    models.push_back(graph::Model::parse(b->bytes()).value());
  return models;
}

void expect_same_as_cuts(const graph::Model& model, const std::string& link) {
  plan::Problem p = problem_of(model);
  p.link = *parse_link(link);
  const auto network = network_problem(model, p, {}).value();
  const int n = network.layers;
  for (const graph::Cut& cut : model.cuts()) {
    SCOPED_TRACE(cut.index);
    const auto by_cut = plan::evaluate(p, static_cast<std::size_t>(cut.index)).value();
    const auto by_groups = plan::evaluate(
        network, {{1, cut.index, plan::Side::kDevice}, {cut.index + 1, n, plan::Side::kCloud}});
    ASSERT_TRUE(by_groups) << by_groups.error().to_string();
    EXPECT_NEAR(by_groups->latency_ms, by_cut.latency_ms, 1e-9);
    EXPECT_NEAR(by_groups->energy_mj, by_cut.energy_mj, 1e-9);
    EXPECT_NEAR(by_groups->bytes, by_cut.bytes_up + by_cut.bytes_down, 1e-9);
    EXPECT_NEAR(by_groups->cloud_ms, by_cut.terms.tail_ms, 1e-9);
  }
  const auto device = plan::evaluate(network, {{1, n, plan::Side::kDevice}}).value();
  EXPECT_NEAR(device.latency_ms, p.device.whole_ms, 1e-9);
  EXPECT_EQ(device.bytes, 0);
  if (model.inputs().size() > 1) return;  // the test's problem knows one input's bytes alone
  const auto cloud = plan::evaluate(network, {{1, n, plan::Side::kCloud}}).value();
  EXPECT_NEAR(cloud.latency_ms, plan::evaluate(p, 0)->latency_ms, 1e-9);
}

TEST(NetworkProblem, OneCrossingCostsWhatTheCutDoes) {
  for (const char* link : {"4g", "4g:tail_ms=300,tail_mw=1000"}) {
    expect_same_as_cuts(tiny(), link);
    for (const graph::Model& model : awkward()) expect_same_as_cuts(model, "4g");
    expect_same_as_cuts(residual(), link);
  }
}

TEST(NetworkProblem, TheTailIsCountedWithEveryAnswer) {
  const graph::Model model = residual();
  plan::Problem p = problem_of(model);
  using enum plan::Side;
  const std::vector<plan::ScheduledGroup> twice{
      {1, 1, kCloud}, {2, 2, kDevice}, {3, 3, kCloud}, {4, 4, kDevice}};
  const auto energy_mj = [&] {
    const auto network = network_problem(model, p, {}).value();
    return plan::evaluate(network, twice).value().energy_mj;
  };
  const double without = energy_mj();
  p.link.radio.tail_ms = 300;
  p.link.radio.tail_mw = 1000;
  EXPECT_NEAR(energy_mj(), without + 2 * 300, 1e-9);
}

TEST(NetworkProblem, AnUncodableValueIsNotSent) {
  const graph::Model model = residual();
  plan::Problem p = problem_of(model);
  p.value_codec.erase("b");
  const auto network = network_problem(model, p, {}).value();
  EXPECT_FALSE(plan::evaluate(network, {{1, 2, plan::Side::kDevice}, {3, 4, plan::Side::kCloud}}));
  EXPECT_TRUE(plan::evaluate(network, {{1, 1, plan::Side::kDevice}, {2, 4, plan::Side::kCloud}}));
}

class BestSchedule : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Networks, BestSchedule, testing::Values(0, 1, 2));

TEST_P(BestSchedule, IsNoWorseThanTheBestCut) {
  std::vector<graph::Model> models = awkward();
  models.push_back(tiny());
  const graph::Model& model = models[static_cast<std::size_t>(GetParam())];
  plan::Problem p = problem_of(model);
  double bytes = 0;
  for (const TensorSpec& input : model.inputs())
    bytes += static_cast<double>(input.byte_size().value());
  p.codec.front() = plan::CodecCost{bytes, 0, 0};
  for (const auto objective :
       {plan::Objective::kLatency, plan::Objective::kEnergy, plan::Objective::kBytes}) {
    const auto planned = plan_schedule(model, p, {{}, objective, {}}).value();
    ASSERT_EQ(planned.solution.status, plan::Status::kOptimal);
    const double best = plan::objective_value(plan::rank_cuts(p, objective)->front(), objective);
    EXPECT_LE(planned.solution.lower_bound, best * (1 + 1e-9));
  }
}

TEST(BestSchedule, FallsBackToOneCrossingWhereTheNetworkIsTooWide) {
  graph::Builder b(13, 7);
  b.input("x", {1, 4}).node("Sin", {"x"}, {"s"});
  std::vector<std::string> branches;
  for (int i = 0; i < 70; ++i) {
    branches.push_back("b" + std::to_string(i));
    b.node("Cos", {"s"}, {branches.back()});
  }
  b.node("Sum", branches, {"y"}).output("y");
  const graph::Model model = graph::Model::parse(b.bytes()).value();
  const plan::Problem p = problem_of(model);
  const auto planned = plan_schedule(model, p, {});
  ASSERT_TRUE(planned) << planned.error().to_string();
  EXPECT_EQ(planned->solution.status, plan::Status::kFeasible);
  const double best = plan::rank_cuts(p, plan::Objective::kLatency)->front().latency_ms;
  EXPECT_NEAR(planned->solution.schedule.latency_ms, best, 1e-9);
  EXPECT_TRUE(explain(model, p, {}));
  EXPECT_TRUE(make_table(model, p, {}, {{1, 2, 2}, {1, 2, 2}}));
}

TEST(Refine, MeasuresWhatTheScheduleRestsOn) {
  const graph::Model model = tiny();
  profile::MeasureOptions options;
  options.inputs = bundle::request_for(model, "raw").samples.front();
  options.rounds = 3;
  options.idle_ms = 0;
  options.budget_s = 1;
  options.layers = false;
  SteadyClock clock;
  plan::Problem p = problem_of(model);
  p.device = profile::measure(model, test_engine(), options, clock).value();
  p.cloud = p.device;
  p.cloud.slowdown = 1;
  options.budget_s = 60;
  const auto planned = refine_schedule(model, test_engine(), p, {}, options, clock);
  ASSERT_TRUE(planned) << planned.error().to_string();
  EXPECT_TRUE(planned->measured_through());
  EXPECT_GT(planned->measured_groups, 0);
  EXPECT_LE(planned->measured_groups, planned->all_groups);

  p.device.machine = "another machine";
  options.groups = {{1, 2}};
  const auto refused = profile::add_groups(p.device, model, test_engine(), options, clock);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("another machine"), std::string::npos);
}

TEST(MakeTable, HoldsTheBestScheduleOfEveryPoint) {
  const graph::Model model = tiny();
  const plan::Problem p = problem_of(model);
  const auto table = make_table(model, p, {}, {{0.5, 64, 8}, {1, 16, 3}}).value();
  EXPECT_GT(table.schedules.size(), 1u);
  for (std::size_t l = 0; l < 3; ++l) {
    for (std::size_t r = 0; r < 8; ++r) {
      plan::Problem there = p;
      plan::scale_link(there, table.up_mbps.at(r) / p.link.up_mbps);
      plan::load_server(there, table.load.at(l));
      const auto planned = plan_schedule(model, there, {}).value();
      EXPECT_EQ(table.lookup(table.up_mbps.at(r), table.load.at(l)).groups,
                planned.solution.schedule.groups);
    }
  }
}

TEST(MakeTable, CrossesOnceAtMostWhereThatIsWanted) {
  const graph::Model model = tiny();
  const plan::Problem p = problem_of(model);
  const auto table = make_table(model, p, {}, {{0.5, 64, 8}, {1, 16, 3}, true}).value();
  for (std::size_t l = 0; l < 3; ++l) {
    for (std::size_t r = 0; r < 8; ++r) {
      plan::Problem there = p;
      plan::scale_link(there, table.up_mbps.at(r) / p.link.up_mbps);
      plan::load_server(there, table.load.at(l));
      const auto best = plan::rank_cuts(there, plan::Objective::kLatency).value().front();
      const auto& groups = table.lookup(table.up_mbps.at(r), table.load.at(l)).groups;
      const auto network = network_problem(model, there, {}).value();
      EXPECT_NEAR(plan::evaluate(network, groups).value().latency_ms, best.latency_ms, 1e-9);
    }
  }
}

/// One tier behind the device is its cloud.
TEST(Tiers, OneBehindTheDeviceCostsWhatTheCutDoes) {
  const graph::Model model = tiny();
  plan::Problem p = problem_of(model);
  const std::vector<Tier> one{{"cloud", p.link, p.cloud}};
  const auto built = tier_problem(model, p, one, plan::Objective::kLatency).value();
  for (const graph::Cut& cut : model.cuts()) {
    const auto by_cut = plan::evaluate(p, static_cast<std::size_t>(cut.index)).value();
    const auto by_tier =
        plan::evaluate(built, {{1, cut.index, 0}, {cut.index + 1, built.layers, 1}}).value();
    EXPECT_NEAR(by_tier.latency_ms, by_cut.latency_ms, 1e-9);
    EXPECT_NEAR(by_tier.energy_mj, by_cut.energy_mj, 1e-9);
  }
  // A second link as fast as light changes nothing but what the last tier computes.
  std::vector<Tier> two = one;
  two.push_back({"far", *parse_link("link:up=1e9,down=1e9,rtt=0"), p.cloud});
  for (auto* costs : {&two[1].profile.head, &two[1].profile.tail})
    for (auto& cost : *costs) cost->median_ms /= 100;
  const auto far = tier_problem(model, p, two, plan::Objective::kLatency).value();
  const auto best = plan::solve(far).value();
  ASSERT_FALSE(best.groups.empty());
  EXPECT_EQ(best.groups.back().tier, 2u);
  two[1].profile.model_sha256 = "another";
  EXPECT_FALSE(tier_problem(model, p, two, plan::Objective::kLatency));
}

TEST(NetworkProblem, MemoryIsThatOfTheProfiles) {
  const graph::Model model = tiny();
  plan::Problem p = problem_of(model);
  ScheduleRequest request;
  request.limits.device_memory_bytes = 30e6;
  const auto unknown = network_problem(model, p, request);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(unknown.error().message.find("device"), std::string::npos);
  const std::size_t n = model.layers().size();
  for (std::size_t k = 0; k <= n; ++k) {
    p.device.head[k]->memory_bytes = static_cast<std::int64_t>(10'000'000 * k);
    p.device.tail[k]->memory_bytes = static_cast<std::int64_t>(10'000'000 * (n - k));
  }
  const auto planned = plan_schedule(model, p, request).value();
  const int last = static_cast<int>(n);
  for (int k = 1; k < last; ++k) {
    const auto by_groups = plan::evaluate(
        planned.problem, {{1, k, plan::Side::kDevice}, {k + 1, last, plan::Side::kCloud}});
    if (!by_groups) continue;
    EXPECT_EQ(by_groups->device_memory_bytes, 10e6 * k);
    EXPECT_EQ(by_groups->cloud_memory_bytes, 0) << "not known";
  }
  EXPECT_LE(planned.solution.schedule.device_memory_bytes, 30e6);
  EXPECT_NE(explain(model, p, request).value().find("of 30.0 MB on the device; it does not fit"),
            std::string::npos);
  request.limits.cloud_memory_bytes = 1;
  EXPECT_EQ(network_problem(model, p, request).error().code, ErrorCode::kInvalidArgument);
  request.limits.cloud_memory_bytes.reset();
  request.training = TrainingSpec{};
  EXPECT_EQ(network_problem(model, p, request).error().code, ErrorCode::kInvalidArgument);
}

TEST(Explain, NamesTheChoiceAndItsTurns) {
  const graph::Model model = tiny();
  const plan::Problem p = problem_of(model);
  const std::string text = explain(model, p, {}).value();
  const auto planned = plan_schedule(model, p, {}).value();
  const std::string choice = describe(model, planned.solution.schedule.groups);
  EXPECT_NE(text.find("The best is " + choice), std::string::npos) << text;
  EXPECT_NE(text.find("device-only takes"), std::string::npos) << text;
  // Every turn is one: just before it the choice is the same, just after it is what is said.
  const auto turns = sensitivities(model, p, {}).value();
  for (const Sensitivity& s : turns) {
    if (s.figure != "the link's rates, up") continue;
    ASSERT_TRUE(s.below);
    plan::Problem slower = p;
    slower.link.up_mbps = s.below->at;
    slower.link.down_mbps *= s.below->at / p.link.up_mbps;
    const auto there = plan_schedule(model, slower, {}).value();
    EXPECT_EQ(describe(model, there.solution.schedule.groups), s.below->schedule);
    EXPECT_NE(s.below->schedule, choice);
  }
}

TEST(Training, IsInferenceAndItsMirror) {
  const graph::Model model = tiny();
  plan::Problem p = problem_of(model);
  p.codec.front()->payload_bytes = 500'000;
  ScheduleRequest request;
  request.training = TrainingSpec{0, 2};
  const auto free_weights = plan_schedule(model, p, request).value();
  const int n = static_cast<int>(model.layers().size());
  EXPECT_EQ(free_weights.problem.layers, 2 * n);
  EXPECT_TRUE(free_weights.measured_through());
  const std::string text = describe(model, free_weights.solution.schedule.groups);
  EXPECT_EQ(text.rfind("split after ", 0), 0u) << text;
  request.training->updated = 1;
  const auto all_weights = plan_schedule(model, p, request).value();
  EXPECT_GE(all_weights.solution.lower_bound, free_weights.solution.lower_bound);
  const auto device =
      plan::evaluate(all_weights.problem, {{1, 2 * n, plan::Side::kDevice}}).value();
  EXPECT_NEAR(device.latency_ms, 3 * p.device.whole_ms, 1e-9);
}

TEST(Explain, DescribesSchedulesOfEveryKind) {
  const graph::Model model = residual();
  using enum plan::Side;
  EXPECT_EQ(describe(model, {{1, 4, kDevice}}), "device-only");
  EXPECT_EQ(describe(model, {{1, 2, kCloud}, {3, 4, kCloud}}), "cloud-only");
  EXPECT_EQ(describe(model, {{1, 2, kDevice}, {3, 4, kCloud}}),
            "split after " + model.layers()[1].name);
  EXPECT_EQ(describe(model, {{1, 1, kDevice}, {2, 3, kCloud}, {4, 4, kDevice}}),
            "device to " + model.layers()[0].name + ", cloud to " + model.layers()[2].name +
                ", device to the end");
}

TEST(ScheduleDot, ColoursAndMarksWhatCrosses) {
  const graph::Model model = residual();
  const std::string text =
      schedule_dot(model, {{1, 2, plan::Side::kDevice}, {3, 4, plan::Side::kCloud}});
  const auto count = [&](std::string_view part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("#fde0b2"), 2);
  EXPECT_EQ(count("#c6dbef"), 2);
  EXPECT_EQ(count("penwidth=3"), 3);  // a and b go up, y comes back
  EXPECT_EQ(text.rfind("digraph", 0), 0u);
  EXPECT_EQ(schedule_dot(model, {}).find("#fde0b2"), std::string::npos);
}

}  // namespace
}  // namespace cleave::study
