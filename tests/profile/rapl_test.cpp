// The processor's energy counters, on folders made up as Linux shows them.
#include "profile/rapl.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/folder.h"

namespace cleave::profile {
namespace {

/// A tree of counters that the test turns by hand.
class FakePowercap {
 public:
  void domain(const std::string& folder, const std::string& name, const std::string& energy_uj,
              const std::string& range_uj = "1000000000") {
    std::filesystem::create_directory(root() / folder);
    write(folder + "/name", name);
    write(folder + "/max_energy_range_uj", range_uj);
    write(folder + "/energy_uj", energy_uj);
  }
  void write(const std::string& file, const std::string& line) {
    std::ofstream(root() / file) << line << '\n';
  }
  const std::filesystem::path& root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST(Rapl, AddsUpPackagesAndNothingElse) {
  FakePowercap tree;
  tree.domain("intel-rapl:0", "package-0", "1000");
  tree.domain("intel-rapl:0:0", "core", "77");
  tree.domain("intel-rapl:1", "package-1", "5000");
  tree.domain("intel-rapl:2", "psys", "99");
  tree.domain("intel-rapl-mmio:0", "package-0", "1000");
  const RaplCounters counters = RaplCounters::open(tree.root()).value();
  const auto before = counters.read().value();
  EXPECT_EQ(before, (RaplCounters::Reading{1000, 5000}));
  tree.write("intel-rapl:0/energy_uj", "1300");
  tree.write("intel-rapl:0:0/energy_uj", "177");
  tree.write("intel-rapl:1/energy_uj", "5050");
  EXPECT_EQ(counters.between_uj(before, counters.read().value()), 350);
}

TEST(Rapl, CountersBeginAgain) {
  FakePowercap tree;
  tree.domain("intel-rapl:0", "package-0", "0", "262143328850");
  const RaplCounters counters = RaplCounters::open(tree.root()).value();
  EXPECT_EQ(counters.between_uj({262143328000}, {150}), 1000);
  EXPECT_EQ(counters.between_uj({5}, {5}), 0);
}

TEST(Rapl, ErrorsNameWhatIsMissing) {
  const auto expect_error = [](const std::filesystem::path& root, ErrorCode code,
                               const std::string& part) {
    const auto opened = RaplCounters::open(root);
    ASSERT_FALSE(opened) << part;
    EXPECT_EQ(opened.error().code, code) << opened.error().to_string();
    EXPECT_NE(opened.error().message.find(part), std::string::npos) << opened.error().to_string();
  };
  FakePowercap tree;
  expect_error(tree.root() / "none", ErrorCode::kNotFound, (tree.root() / "none").string());
  expect_error(tree.root(), ErrorCode::kNotFound, "no folder intel-rapl:N");
  tree.domain("intel-rapl:0", "package-0", "12 apples");
  expect_error(tree.root(), ErrorCode::kCorrupt, "'12 apples', expected a whole number");
  const auto energy = tree.root() / "intel-rapl:0" / "energy_uj";
  std::filesystem::remove(energy);
  expect_error(tree.root(), ErrorCode::kNotFound, energy.string());
  std::filesystem::remove(tree.root() / "intel-rapl:0" / "name");
  expect_error(tree.root(), ErrorCode::kNotFound, "intel-rapl:0/name");
}

/// A machine that draws 2 W while it sleeps, by a counter that begins again at 6 J.
class IdlingClock final : public Clock {
 public:
  explicit IdlingClock(FakePowercap& tree) : tree_(tree) {}
  Nanos now() const override { return now_; }
  void sleep_until(Nanos when) override { pass(when - now_, 2); }
  void pass(Nanos time, std::uint64_t watt) {
    now_ += time;
    energy_uj_ += static_cast<std::uint64_t>(time.count()) / 1000 * watt;
    tree_.write("intel-rapl:0/energy_uj", std::to_string(energy_uj_ % 6'000'000));
  }

 private:
  FakePowercap& tree_;
  Nanos now_{0};
  std::uint64_t energy_uj_ = 0;
};

TEST(Rapl, PowerIsWhatComputingAddsToIdling) {
  FakePowercap tree;
  tree.domain("intel-rapl:0", "package-0", "0", "6000000");
  IdlingClock clock(tree);
  const RaplCounters counters = RaplCounters::open(tree.root()).value();
  const auto draws = [&](std::uint64_t watt) {
    return [&clock, watt]() -> Result<void> {
      clock.pass(std::chrono::milliseconds(300), watt);
      return {};
    };
  };
  // 1.2 s of four runs at 4 W, less idling; the counter has begun again meanwhile.
  EXPECT_DOUBLE_EQ(measure_power_mw(counters, draws(4), clock).value(), 2000);
  const auto no_more = measure_power_mw(counters, draws(2), clock);
  ASSERT_FALSE(no_more);
  EXPECT_NE(no_more.error().message.find("expected more while computing"), std::string::npos);
  const auto broken = measure_power_mw(
      counters, [] { return Result<void>(fail(ErrorCode::kCorrupt, "work", "broken")); }, clock);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().place, "work");
}

}  // namespace
}  // namespace cleave::profile
