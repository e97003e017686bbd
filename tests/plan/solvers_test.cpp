// Every solver against brute force.
#include "plan/solver.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "plan/random_schedules.h"

namespace cleave::plan {
namespace {

constexpr int kLayers = 9;

std::string describe(const ScheduleProblem& p) {
  std::string text =
      std::to_string(p.layers) + " layers, " + std::string(objective_name(p.objective));
  for (const auto& limit : {p.limits.deadline_ms, p.limits.battery_mj, p.limits.cloud_ms})
    text += limit ? " " + std::to_string(*limit) : " -";
  return text;
}

bool limited(const ScheduleProblem& p) {
  return p.limits.deadline_ms || p.limits.battery_mj || p.limits.cloud_ms;
}

/// The schedule is one, is what it says, and is within the limits.
void expect_sound(const ScheduleProblem& p, const Solution& found) {
  if (found.status == Status::kInfeasible) return;
  const auto again = evaluate(p, found.schedule.groups);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_DOUBLE_EQ(again->latency_ms, found.schedule.latency_ms);
  EXPECT_DOUBLE_EQ(again->energy_mj, found.schedule.energy_mj);
  EXPECT_DOUBLE_EQ(again->cloud_ms, found.schedule.cloud_ms);
  EXPECT_TRUE(within(*again, p.limits));
}

void expect_optimal(const ScheduleProblem& p, const Solution& found, const Solution& oracle) {
  expect_sound(p, found);
  ASSERT_EQ(status_name(found.status), status_name(oracle.status));
  const double cost = objective_of(oracle.schedule, p.objective);
  EXPECT_NEAR(objective_of(found.schedule, p.objective), cost, 1e-9 * (1 + cost));
}

/// Runs a solver and the oracle on problems of a seed, with or without limits.
void compare(std::string_view solver, bool with_limits, int problems, std::uint64_t seed,
             void (*expect)(const ScheduleProblem&, const Solution&, const Solution&)) {
  Random random(seed);
  int infeasible = 0;
  for (int i = 0; i < problems; ++i) {
    ScheduleProblem p = random_problem(random, kLayers);
    if (!with_limits) p.limits = {};
    SCOPED_TRACE(std::to_string(i) + ": " + describe(p));
    const auto oracle = (*find_solver("brute-force"))->solve(p);
    const auto found = (*find_solver(solver))->solve(p);
    ASSERT_TRUE(oracle && found);
    expect(p, *found, *oracle);
    infeasible += oracle->status == Status::kInfeasible ? 1 : 0;
    if (testing::Test::HasFailure()) return;
  }
  // In a few problems there may by chance be none of one kind.
  if (problems < 100) return;
  EXPECT_GT(infeasible, 0);
  EXPECT_LT(infeasible, problems * 9 / 10);
}

TEST(Solvers, ShortestPathIsOptimal) {
  compare("shortest-path", false, kProblems, 1, expect_optimal);
}

TEST(Solvers, ParetoLabelsAreOptimal) {
  compare("pareto-labels", true, kProblems, 2, expect_optimal);
  compare("pareto-labels", false, kProblems / 10, 3, expect_optimal);
}

TEST(Solvers, IntegerProgrammeIsOptimal) {
  const char* all = std::getenv("CLEAVE_VERIFY_ALL");
  const int problems = all != nullptr && std::string_view(all) == "1" ? kProblems : kProblems / 100;
  compare("ilp", true, problems, 4, expect_optimal);
  compare("ilp", false, problems / 4, 5, expect_optimal);
}

TEST(Solvers, LaracIsWithinItsGap) {
  Random random(6);
  int exact = 0;
  int bounded = 0;
  for (int i = 0; i < kProblems; ++i) {
    ScheduleProblem p = random_problem(random, kLayers);
    const int kept = static_cast<int>(random.below(3));
    if (kept != 0) p.limits.deadline_ms.reset();
    if (kept != 1) p.limits.battery_mj.reset();
    if (kept != 2) p.limits.cloud_ms.reset();
    SCOPED_TRACE(std::to_string(i) + ": " + describe(p));
    const Solution oracle = (*find_solver("brute-force"))->solve(p).value();
    const Solution found = (*find_solver("larac"))->solve(p).value();
    expect_sound(p, found);
    ASSERT_EQ(found.status == Status::kInfeasible, oracle.status == Status::kInfeasible);
    if (oracle.status == Status::kInfeasible) continue;
    const double cost = objective_of(found.schedule, p.objective);
    EXPECT_LE(oracle.lower_bound, cost * (1 + 1e-9));
    EXPECT_GE(oracle.lower_bound, found.lower_bound * (1 - 1e-9) - 1e-9);
    if (found.status == Status::kOptimal) {
      EXPECT_NEAR(cost, oracle.lower_bound, 1e-9 * (1 + cost));
      ++exact;
    }
    bounded += limited(p) ? 1 : 0;
  }
  EXPECT_GT(exact, kProblems / 100);
  EXPECT_GT(bounded, kProblems / 100);
}

TEST(Solvers, RefuseWhatTheyCannotTake) {
  Random random(7);
  ScheduleProblem p = random_problem(random, 5);
  p.limits = {1, 1, std::nullopt};
  EXPECT_EQ((*find_solver("shortest-path"))->solve(p).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ((*find_solver("larac"))->solve(p).error().code, ErrorCode::kUnsupported);
  p.limits = {};
  p.limits.cloud_memory_bytes = 1;
  EXPECT_EQ(solve(p).error().code, ErrorCode::kInvalidArgument) << "a chain knows no memory";
  p.limits = {1, 1, std::nullopt};
  p.layers = 13;
  EXPECT_EQ((*find_solver("brute-force"))->solve(p).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(find_solver("oracle").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace cleave::plan
