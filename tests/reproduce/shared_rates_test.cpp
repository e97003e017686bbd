#include "reproduce/shared_rates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "base/folder.h"
#include "engine/openvino_engine.h"
#include "reproduce/shared_inference.h"

namespace cleave::reproduce {
namespace {

TEST(SharedRates, CurvesCrossWhereTheyAreEqual) {
  const Way client{"client", 160, 0};
  const Way shared{"shared", 60, 50'000};
  const double above = faster_above(shared, client).value();
  EXPECT_NEAR(above, 500, 1e-9);
  EXPECT_NEAR(shared.ms(above), client.ms(above), 1e-9);
  EXPECT_LT(shared.ms(above + 1), client.ms(above + 1));
  EXPECT_GT(shared.ms(above - 1), client.ms(above - 1));
  EXPECT_FALSE(faster_above(client, shared)) << "only below";
  EXPECT_EQ(faster_above({"less of both", 50, 40'000}, shared), 0);
  EXPECT_FALSE(faster_above(shared, shared));
}

/// One pair's claims by name, at a device of 160 ms and a server of 20.
std::string claim(const std::vector<Claim>& claims, std::string_view what) {
  const auto it = std::ranges::find(claims, what, &Claim::what);
  return it == claims.end() ? "no such claim" : it->modelled;
}

TEST(SharedRates, ClaimsFollowFromTheWays) {
  Ways ways;
  ways.pair = "modelled";
  ways.client = {"client-only", 160, 0, 160};
  ways.server = {{"floats", 25, 600'000}, {"picture", 25, 150'000}};
  // Of the time, half lies before the first and all but a tenth before the second.
  ways.shared = {{std::string(kEighthAdd), 95, 50'000, 80},
                 {"late", 151, 1'000, 144},
                 {"next to nothing", 159, 10, 159}};
  const std::vector<Claim> claims = rate_claims(ways, nullptr);
  EXPECT_EQ(claim(claims, "one ResNet-34: device, server"), "160 ms, 20 ms");
  EXPECT_EQ(claim(claims, "shared beats client-only above, best cut"), "111 kB/s (late)");
  EXPECT_EQ(claim(claims, "shared beats client-only above, 8th add"), "769 kB/s");
  EXPECT_EQ(claim(claims, "client-only beats floats, up to"), "4444 kB/s");
  EXPECT_EQ(claim(claims, "client-only beats picture, up to"), "1111 kB/s");
  EXPECT_EQ(claim(claims, "shared, best cut, beats picture, up to"), "1429 kB/s");
  EXPECT_EQ(claim(claims, "share of the device's time before the 8th add"), "50%");
  EXPECT_EQ(claims.front().measured, "-");
  EXPECT_EQ(best_shared(ways, 30).name, "next to nothing");
  EXPECT_EQ(best_shared(ways, 200).name, "late");
  EXPECT_EQ(best_shared(ways, 3000).name, kEighthAdd);
}

TEST(SharedRates, AWayThatIsSlowAtAnyRateIsSaidToBe) {
  Ways ways;
  ways.client = {"client-only", 160, 0, 160};
  ways.server = {{"small picture", 25, 1'000}};
  ways.shared = {{std::string(kEighthAdd), 170, 50'000, 80}};
  const std::vector<Claim> claims = rate_claims(ways, nullptr);
  EXPECT_EQ(claim(claims, "shared beats client-only above, best cut"), "at no rate");
  EXPECT_EQ(claim(claims, "shared, best cut, beats small picture, up to"), "at no rate");
}

// The paper's conditions on ResNet-34: a byte a value, the ping, and nothing else beside the
// shares.
TEST(SharedRates, TheModelledPairHasThePapersTotals) {
  const auto engine = engine::make_openvino_engine();
  SteadyClock clock;
  const TemporaryFolder folder;
  SharedInferenceOptions options;
  options.out = folder.path() / "out";
  options.measure = false;
  const auto report = reproduce_shared_inference(options, *engine, clock);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(claim(report->claims, "one ResNet-34: device, server"), "160 ms, 20 ms");
  // 150,528 bytes of a picture in 160 - 20 - 5 ms.
  EXPECT_EQ(claim(report->claims, "client-only beats server, 8 bits, up to"), "1115 kB/s");
  EXPECT_TRUE(claim(report->claims, "shared beats client-only above, 8th add").ends_with(" kB/s"));
  const std::string rates = read_file(options.out / "rates.csv").value();
  // 200 to 3000 kB/s in steps of 100: the client, two pictures, the best cut and the stated one.
  EXPECT_EQ(std::ranges::count(rates, '\n'), 1 + 29 * 5);
  EXPECT_NE(rates.find("modelled,3000,\"shared, 8th add\",layer3.0.relu2,"), std::string::npos);
  EXPECT_TRUE(std::ranges::any_of(report->left_out, [](const std::string& line) {
    return line.find("CLEAVE_DATA") != std::string::npos;
  }));
  EXPECT_TRUE(std::filesystem::exists(options.out / "claims.csv"));
}

}  // namespace
}  // namespace cleave::reproduce
