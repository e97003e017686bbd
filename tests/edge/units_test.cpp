// A bundle with two networks that were trained to be cut, against the real server: `auto` goes from
// one to the other as the link and the server's load say (BottleNet; thesis, section 3.3.3).
#include <gtest/gtest.h>

#include "base/random_tensor.h"
#include "bundle/writer.h"
#include "edge/support.h"
#include "zoo/zoo.h"

namespace cleave::edge {
namespace {

graph::Model tiny(std::uint64_t seed) {
  return graph::Model::parse(zoo::build("tiny", seed).value()).value();
}

/// One network whole and two others cut, early and late, at what they are said to cost.
class Units {
 public:
  Units(const bundle::CutCosts& early, const bundle::CutCosts& late) {
    const auto cut = [](const graph::Model& network, const char* at,
                        const bundle::CutCosts& costs) {
      return bundle::CutRequest{.cut = network.find_cut(at).value(),
                                .network = &network,
                                .codec = "raw",
                                .costs = costs,
                                .unit = "bottleneck:channels=4",
                                .accuracy = 0.9};
    };
    bundle::WriteRequest request;
    request.name = "units";
    request.model_name = "tiny";
    request.cuts = {cut(early_, "2", early), cut(late_, "5", late)};
    request.samples.push_back(random_tensors(whole_.inputs(), 1));
    request.costs = bundle::WholeCosts{1e6, 1, 1e6, {100, 0, 0}, ""};
    const auto written = bundle::write_bundle(whole_, test_engine(), request, path());
    EXPECT_TRUE(written) << written.error().to_string();
    service_ = std::make_unique<HookedService>(path());
    server_ = std::make_unique<TestServer>(*service_);
  }

  std::string address() const { return server_->address(); }

  std::unique_ptr<Runner> runner(const std::string& server) const {
    auto runner = Runner::create(bundle::Bundle::load(path()).value(), test_engine(), test_clock(),
                                 {.strategy = "auto", .server = server});
    EXPECT_TRUE(runner) << runner.error().to_string();
    return *std::move(runner);
  }

  /// Sends a frame; the cut that it took. Its answer has to be that of this cut's network.
  std::string send(Runner& runner) const {
    const Frame frame = frame_of(runner.manifest(), 3);
    const auto result = runner.run_frame(frame);
    EXPECT_TRUE(result) << result.error().to_string();
    EXPECT_EQ(result->fallback, "");
    const graph::Model& network = result->cut == "2" ? early_ : late_;
    const auto session = test_engine().compile(network.to_bytes().value(), {}).value();
    EXPECT_LE(difference(result->outputs, session->run(frame.inputs).value()), kSameAnswer);
    return result->cut;
  }

 private:
  std::filesystem::path path() const { return folder_ / "bundle"; }

  TemporaryFolder folder_;
  graph::Model whole_ = tiny(1);
  graph::Model early_ = tiny(2);
  graph::Model late_ = tiny(3);
  std::unique_ptr<HookedService> service_;
  std::unique_ptr<TestServer> server_;
};

TEST(Units, TheLinkDecidesWhichIsTaken) {
  const Units units({.head_ms = 1, .tail_ms = 1, .codec = {.payload_bytes = 100'000}},
                    {.head_ms = 40, .tail_ms = 1, .codec = {.payload_bytes = 100}});
  EXPECT_EQ(units.send(*units.runner(units.address())), "2");
  const auto slow = start_link(units.address(), link_presets()[0]);
  EXPECT_EQ(units.send(*units.runner(slow->address())), "5") << "100 kB take 700 ms";
}

TEST(Units, ALoadedServerIsLeftWithLess) {
  // What the server takes for the early one's tail, whatever it be, is far above what is recorded.
  const Units units({.head_ms = 0, .tail_ms = 1e-3, .codec = {.payload_bytes = 100}},
                    {.head_ms = 1e-2, .tail_ms = 1e-9, .codec = {.payload_bytes = 100}});
  const auto runner = units.runner(units.address());
  EXPECT_EQ(units.send(*runner), "2") << "the load is not known yet";
  EXPECT_GT(runner->measured_load().value(), 10);
  EXPECT_EQ(units.send(*runner), "5");
}

}  // namespace
}  // namespace cleave::edge
