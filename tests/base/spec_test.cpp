#include "base/spec.h"

#include <gtest/gtest.h>

#include "base/link.h"

namespace cleave {
namespace {

TEST(Spec, ReadsStagesAndSettings) {
  const auto specs = parse_specs("quant:bits=4,range=sigma3|zstd:level=3|raw");
  ASSERT_TRUE(specs);
  ASSERT_EQ(specs->size(), 3u);
  EXPECT_EQ((*specs)[0].name, "quant");
  EXPECT_EQ((*specs)[0].integer("bits", 8, 1, 16).value(), 4);
  EXPECT_EQ((*specs)[0].text("range"), "sigma3");
  EXPECT_EQ(specs_to_string(*specs), "quant:bits=4,range=sigma3|zstd:level=3|raw");
}

TEST(Spec, RefusesNonsense) {
  for (const char* bad : {"", "|", "a|", "A", "a:", "a:b", "a:b=1,", "a:b=1,b=2", "a:=1", "a b"}) {
    EXPECT_FALSE(parse_specs(bad)) << bad;
  }
}

TEST(Spec, NumbersNameWhatTheyFound) {
  const Spec spec = parse_spec("quant:bits=nine").value();
  EXPECT_EQ(spec.number("bits", 8).error().message, "quant: bits is 'nine', expected a number");
  EXPECT_FALSE(parse_spec("quant:bits=9").value().integer("bits", 8, 1, 8));
  EXPECT_FALSE(parse_spec("quant:bits=nan").value().number("bits", 8));
}

TEST(Spec, UnknownKeyListsTheKnownOnes) {
  const auto error = parse_spec("zstd:lvl=3").value().expect_keys({"level"}).error();
  EXPECT_EQ(error.message, "unknown key of zstd 'lvl', expected one of level");
}

TEST(Duration, Units) {
  EXPECT_EQ(parse_duration_ms("50").value(), 50);
  EXPECT_EQ(parse_duration_ms("50ms").value(), 50);
  EXPECT_EQ(parse_duration_ms("1.5s").value(), 1500);
  EXPECT_EQ(parse_duration_ms("20min").value(), 1'200'000);
  EXPECT_EQ(parse_duration_ms("0.5h").value(), 1'800'000);
  for (const char* bad : {"", "ms", "h", "-1", "5m", "5 s"})
    EXPECT_FALSE(parse_duration_ms(bad)) << bad;
}

TEST(Size, Units) {
  EXPECT_EQ(parse_size_bytes("0").value(), 0);
  EXPECT_EQ(parse_size_bytes("1000000").value(), 1'000'000);
  EXPECT_EQ(parse_size_bytes("812B").value(), 812);
  EXPECT_EQ(parse_size_bytes("1.5kB").value(), 1500);
  EXPECT_EQ(parse_size_bytes("64MB").value(), 64'000'000);
  EXPECT_EQ(parse_size_bytes("2KB").value(), 2'000);
  EXPECT_EQ(parse_size_bytes("2GB").value(), 2'000'000'000);
  EXPECT_EQ(parse_size_bytes("512MiB").value(), std::int64_t{512} << 20);
  EXPECT_EQ(parse_size_bytes("1TiB").value(), std::int64_t{1} << 40);
  for (const char* bad : {"", "MB", "-1MB", "64XB", "64 MB", "64mb", "1e30GB", "infB", "nan"})
    EXPECT_FALSE(parse_size_bytes(bad)) << bad;
}

TEST(Link, PresetsAndCustomLinks) {
  EXPECT_EQ(parse_link("4g").value().up_mbps, 5.85);
  EXPECT_EQ(parse_link("4g:rtt=80").value().rtt_ms, 80);
  EXPECT_EQ(parse_link("link:up=2,down=3,rtt=1s,radio=3g").value().radio.beta_mw, 817.88);
  // 1 MB over 8 Mbit/s takes a second.
  EXPECT_DOUBLE_EQ(parse_link("link:up=8,down=8").value().up_ms(1e6), 1000);
  for (const char* bad :
       {"5g", "link:up=1", "link:up=0,down=1", "4g:speed=1", "link:up=1,down=1,radio=5g"}) {
    EXPECT_FALSE(parse_link(bad)) << bad;
  }
}

TEST(Link, ARadioHasATailWhereItIsAskedFor) {
  EXPECT_EQ(parse_link("4g").value().radio.tail_mj(), 0);
  const Link link = parse_link("4g:tail_ms=200,tail_mw=1500").value();
  EXPECT_EQ(link.radio.tail_mj(), 300);
  EXPECT_EQ(link.radio.beta_mw, 1288.04) << "the rest is the preset's";
  EXPECT_EQ(link.name, "4g:tail_ms=200,tail_mw=1500");
  EXPECT_EQ(parse_link("link:up=1,down=1,radio=3g,tail_ms=2,tail_mw=500")->radio.tail_mj(), 1);
  for (const auto& [bad, message] :
       {std::pair("4g:tail_ms=5", "only one of tail_ms and tail_mw, expected both"),
        std::pair("4g:tail_mw=5", "only one of tail_ms and tail_mw, expected both"),
        std::pair("4g:tail_ms=-1,tail_mw=5", "expected 0 or more"),
        std::pair("4g:tail_ms=1,tail_mw=much", "much")}) {
    const auto parsed = parse_link(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().message.find(message), std::string::npos)
        << parsed.error().to_string();
  }
}

TEST(Share, IsAPercentageOrAFraction) {
  EXPECT_DOUBLE_EQ(parse_share("1%").value(), 0.01);
  EXPECT_DOUBLE_EQ(parse_share("0.25").value(), 0.25);
  for (const char* wrong : {"", "%", "0", "-1%", "1", "100%", "nan", "1%%"})
    EXPECT_FALSE(parse_share(wrong)) << wrong;
}

}  // namespace
}  // namespace cleave
