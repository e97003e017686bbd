// Schedules with any number of crossings, run through a real server, against the uncut network.
#include "study/schedule_runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "base/folder.h"
#include "base/random_tensor.h"
#include "bundle/support.h"
#include "bundle/tolerance.h"
#include "cloud/inference_service.h"
#include "cloud/repository.h"
#include "graph/builder.h"
#include "study/joined.h"
#include "wire/server.h"

namespace cleave::study {
namespace {

using bundle::forked;
using bundle::tiny;
using Groups = std::vector<plan::ScheduledGroup>;
using enum plan::Side;

/// Values that skip far: x to the end, a over three layers, and b from one stretch to the next.
graph::Model skips() {
  graph::Builder b(13, 7);
  b.input("x", {1, 8}).node("Sin", {"x"}, {"a"}).node("Cos", {"a"}, {"b"});
  b.node("Sigmoid", {"b"}, {"c"}).node("Add", {"a", "c"}, {"d"}).node("Mul", {"b", "d"}, {"e"});
  b.node("Sub", {"e", "x"}, {"y"}).output("y");
  return graph::Model::parse(b.bytes()).value();
}

/// The layers in equal parts, on the sides named.
Groups in_turn(const graph::Model& model, const std::vector<plan::Side>& sides) {
  const int layers = static_cast<int>(model.layers().size());
  const int parts = static_cast<int>(sides.size());
  Groups groups;
  for (int i = 0; i < parts; ++i) {
    groups.push_back(
        {layers * i / parts + 1, layers * (i + 1) / parts, sides[static_cast<std::size_t>(i)]});
  }
  return groups;
}

/// The cloud's stretches of some schedules, served in this process.
class Cloud {
 public:
  Cloud(const graph::Model& model, const std::vector<RunnableSchedule>& schedules) {
    const auto paths = write_cloud_stretches(model, schedules, folder_.path()).value();
    service_ = cloud::InferenceService::start(
                   cloud::load_repository(test_engine(), paths, {}).value(), {}, clock_)
                   .value();
    server_ = wire::Server::start(*service_, {.host = "127.0.0.1", .http_port = -1}).value();
    client_ = wire::Client::connect("127.0.0.1:" + std::to_string(server_->grpc_port())).value();
  }
  wire::Client& client() { return *client_; }

 private:
  TemporaryFolder folder_;
  SteadyClock clock_;
  std::unique_ptr<cloud::InferenceService> service_;
  std::unique_ptr<wire::Server> server_;
  std::unique_ptr<wire::Client> client_;
};

void expect_same_answers(const graph::Model& model, const std::vector<Groups>& all) {
  std::vector<RunnableSchedule> schedules;
  for (const Groups& groups : all) schedules.push_back(make_runnable(model, groups).value());
  Cloud cloud(model, schedules);
  SteadyClock clock;
  ScheduleRunner runner(model, test_engine(), {}, clock);
  const auto inputs = random_tensors(model.inputs(), 7);
  const auto expected =
      test_engine().compile(model.to_bytes().value(), {}).value()->run(inputs).value();
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_TRUE(runner.compile(schedules[i]));
    const auto run = runner.run(schedules[i], inputs, cloud.client(), engine::Slowdown(1, clock));
    ASSERT_TRUE(run) << run.error().to_string();
    EXPECT_GT(run->latency_ms, 0);
    ASSERT_EQ(run->outputs.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k)
      EXPECT_LE(bundle::relative_difference(run->outputs[k], expected[k]), kJoinedTolerance);
  }
}

std::vector<Groups> of_every_kind(const graph::Model& model) {
  return {in_turn(model, {kDevice}),
          in_turn(model, {kCloud}),
          in_turn(model, {kDevice, kCloud}),
          in_turn(model, {kCloud, kDevice}),
          in_turn(model, {kDevice, kCloud, kDevice}),
          in_turn(model, {kCloud, kDevice, kCloud}),
          in_turn(model, {kDevice, kCloud, kDevice, kCloud}),
          in_turn(model, {kCloud, kDevice, kCloud, kDevice})};
}

TEST(ScheduleRunner, UpToThreeCrossingsGiveTheUncutNetworksAnswer) {
  for (const graph::Model& model : {tiny(), skips(), forked()})
    expect_same_answers(model, of_every_kind(model));
}

TEST(ScheduleRunner, NeighboursOnOneSideRunAsOne) {
  const graph::Model model = skips();
  const auto schedule = make_runnable(model, in_turn(model, {kDevice, kDevice, kCloud})).value();
  ASSERT_EQ(schedule.stretches.size(), 2u);
  EXPECT_EQ(schedule.stretches[0].group, (plan::ScheduledGroup{1, 4, kDevice}));
  EXPECT_EQ(schedule.stretches[1].model_name(), "layers_5_6");
  EXPECT_EQ(schedule.stretches[1].inputs.size(), 3u) << "x, b and d";
  EXPECT_TRUE(schedule.sent_again.empty());
}

TEST(ScheduleRunner, SaysWhatTheCloudHadAlready) {
  const graph::Model model = skips();
  const auto sent_again = [&](const Groups& groups) {
    auto names = make_runnable(model, groups).value().sent_again;
    std::ranges::sort(names);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(sent_again({{1, 2, kDevice}, {3, 4, kCloud}, {5, 6, kDevice}}), Names{});
  // b is made by the first stretch in the cloud, x was sent to it.
  EXPECT_EQ(sent_again({{1, 2, kCloud}, {3, 4, kDevice}, {5, 6, kCloud}}), (Names{"b", "x"}));
}

TEST(ScheduleRunner, Errors) {
  const graph::Model model = skips();
  for (const Groups& wrong : {Groups{}, Groups{{1, 3, kDevice}}, Groups{{1, 7, kDevice}},
                              Groups{{1, 3, kDevice}, {5, 6, kCloud}}, Groups{{1, 0, kDevice}}})
    EXPECT_EQ(make_runnable(model, wrong).error().code, ErrorCode::kInvalidArgument);
  const auto schedule = make_runnable(model, in_turn(model, {kDevice, kCloud})).value();
  Cloud other(model, {make_runnable(model, in_turn(model, {kCloud})).value()});
  SteadyClock clock;
  const engine::Slowdown none(1, clock);
  const auto inputs = random_tensors(model.inputs(), 7);
  ScheduleRunner runner(model, test_engine(), {}, clock);
  EXPECT_EQ(runner.run(schedule, {}, other.client(), none).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(runner.run(schedule, inputs, other.client(), none).error().code, ErrorCode::kNotFound)
      << "not compiled";
  ASSERT_TRUE(runner.compile(schedule));
  EXPECT_EQ(runner.run(schedule, inputs, other.client(), none).error().code, ErrorCode::kNotFound)
      << "not served";
}

}  // namespace
}  // namespace cleave::study
