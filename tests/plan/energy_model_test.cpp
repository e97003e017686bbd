// How the power of a device is named, and what energy it makes.
#include "plan/energy_model.h"

#include <gtest/gtest.h>

namespace cleave::plan {
namespace {

Result<double> no_meter() {
  ADD_FAILURE() << "nothing was to be measured";
  return 0;
}

TEST(Power, ConstantPower) {
  const EnergyModel thesis = read_power("const", no_meter).value();
  EXPECT_DOUBLE_EQ(thesis.compute_mw, 20.5 / 15.7 * 1000);
  EXPECT_NE(thesis.source.find("table 3.5, 20.5 mJ in 15.7 ms"), std::string::npos);
  EXPECT_EQ(thesis.power, EnergyModel{}.power) << "it is the default";
  const EnergyModel given = read_power("const:mw=900", no_meter).value();
  EXPECT_EQ(given.compute_mw, 900);
  EXPECT_EQ(given.source, "as given");
  EXPECT_EQ(given.power, "const:mw=900");
  EXPECT_EQ(given.server_speedup, std::nullopt);
}

TEST(Power, TheJetsonOfTheThesis) {
  const EnergyModel tx2 = read_power("tx2", no_meter).value();
  EXPECT_NEAR(compute_energy_mj(tx2, 15.7), 20.5, 1e-9);
  EXPECT_EQ(tx2.server_speedup, 30);
  EXPECT_NE(tx2.source.find("table 3.5"), std::string::npos);
}

TEST(Power, TheMeterMeasures) {
  const EnergyModel measured = read_power("rapl", [] { return Result<double>(4500); }).value();
  EXPECT_EQ(measured.compute_mw, 4500);
  EXPECT_EQ(measured.power, "rapl");
  const auto failed = read_power("rapl", []() -> Result<double> {
    return fail(ErrorCode::kNotFound, "meter", "no counters");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no counters");
}

TEST(Power, ErrorsSayWhatWasFoundAndExpected) {
  for (const auto& [bad, message] :
       {std::pair("solar", "unknown power 'solar', expected one of const[:mw=N], tx2, rapl"),
        std::pair("const:mw=-1", "mw is -1, expected 0 or more"), std::pair("const:mw=hot", "hot"),
        std::pair("const:watt=1", "watt"), std::pair("tx2:mw=5", "mw"),
        std::pair("rapl:root=/sys", "root"), std::pair("const|tx2", "const|tx2"),
        std::pair("", "''")}) {
    const auto power = read_power(bad, no_meter);
    ASSERT_FALSE(power) << bad;
    EXPECT_EQ(power.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(power.error().message.find(message), std::string::npos) << power.error().to_string();
  }
}

TEST(Energy, IsComputingAndRadioAndTail) {
  // 1000 bytes at 8 Mbit/s take 1 ms, at 16 Mbit/s half of that.
  Link link{"by hand", 8, 16, 20, {100, 50, 1000}};
  EnergyModel model;
  model.compute_mw = 2000;
  EXPECT_DOUBLE_EQ(compute_energy_mj(model, 10), 20);
  EXPECT_DOUBLE_EQ(radio_energy_mj(link, 1000, 0), 1.8);
  EXPECT_DOUBLE_EQ(radio_energy_mj(link, 0, 1000), 0.9);
  EXPECT_DOUBLE_EQ(device_energy_mj(model, link, 10, 1000, 1000), 22.7);
  link.radio.tail_ms = 50;
  link.radio.tail_mw = 600;
  EXPECT_DOUBLE_EQ(radio_energy_mj(link, 1000, 1000), 2.7) << "transfers have no tail of their own";
  EXPECT_DOUBLE_EQ(device_energy_mj(model, link, 10, 1000, 1000), 52.7);
  EXPECT_DOUBLE_EQ(device_energy_mj(model, link, 10, 0, 0), 20) << "no bytes, no radio";
}

TEST(Energy, TheReportHoldsEveryNumber) {
  const Link link = parse_link("4g:tail_ms=50,tail_mw=600").value();
  const Json json = to_json(read_power("tx2", no_meter).value(), link);
  EXPECT_EQ(json["power"], "tx2");
  EXPECT_EQ(json["compute_mw"], EnergyModel::kThesisComputeMw);
  EXPECT_EQ(json["server_speedup"], 30);
  EXPECT_EQ(json["radio_up_mw"], 438.39 * 5.85 + 1288.04);
  EXPECT_EQ(json["radio_down_mw"], 51.97 * 13.76 + 1288.04);
  EXPECT_EQ(json["radio_tail_ms"], 50);
  EXPECT_EQ(json["radio_tail_mw"], 600);
  EXPECT_FALSE(to_json(EnergyModel{}, link).contains("server_speedup"));
}

}  // namespace
}  // namespace cleave::plan
