#include "wire/link_timeline.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "wire/link_socket.h"

namespace cleave::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double mbps(const LinkState& state) { return state.bytes_per_nano * 8e3; }

Link test_link() { return parse_link("link:up=8,down=16,rtt=20").value(); }

TEST(LinkTimeline, AConstantLinkNeverChanges) {
  const LinkTimeline timeline(test_link());
  const LinkState up = timeline.at(seconds(100), Direction::kUp);
  EXPECT_DOUBLE_EQ(mbps(up), 8);
  EXPECT_EQ(up.one_way, milliseconds(10));
  EXPECT_EQ(up.until, Nanos::max());
  EXPECT_DOUBLE_EQ(mbps(timeline.at(Nanos(0), Direction::kDown)), 16);
}

TEST(LinkTimeline, ATraceHoldsItsLastLine) {
  const auto trace =
      parse_link_trace("0 1 2 100\n0.5 3 4 # tunnel\n\n# end\n2e0\t5 6 8\r\n").value();
  const LinkTimeline timeline(test_link(), trace);
  EXPECT_DOUBLE_EQ(mbps(timeline.at(Nanos(0), Direction::kUp)), 1);
  EXPECT_EQ(timeline.at(Nanos(0), Direction::kUp).until, milliseconds(500));
  EXPECT_DOUBLE_EQ(mbps(timeline.at(milliseconds(500) - Nanos(1), Direction::kDown)), 2);
  EXPECT_DOUBLE_EQ(mbps(timeline.at(milliseconds(500), Direction::kDown)), 4);
  EXPECT_EQ(timeline.at(Nanos(0), Direction::kUp).one_way, milliseconds(50));
  EXPECT_EQ(timeline.at(seconds(1), Direction::kUp).one_way, milliseconds(10)) << "the link's own";
  EXPECT_EQ(timeline.at(seconds(9), Direction::kUp).one_way, milliseconds(4));
  EXPECT_EQ(timeline.at(seconds(9), Direction::kUp).until, Nanos::max());
}

TEST(LinkTimeline, ATraceRepeats) {
  const LinkTimeline timeline(test_link(), parse_link_trace("0 1 1\n2 3 3\n3 repeat\n").value());
  for (int round : {0, 1, 7}) {
    const Nanos start = round * seconds(3);
    EXPECT_DOUBLE_EQ(mbps(timeline.at(start, Direction::kUp)), 1);
    EXPECT_EQ(timeline.at(start, Direction::kUp).until, start + seconds(2));
    EXPECT_DOUBLE_EQ(mbps(timeline.at(start + seconds(2), Direction::kUp)), 3);
    EXPECT_EQ(timeline.at(start + seconds(2), Direction::kUp).until, start + seconds(3));
  }
}

TEST(LinkTimeline, OutagesMayOverlapAndComeInAnyOrder) {
  const LinkTimeline timeline(
      test_link(), std::nullopt,
      {{seconds(10), seconds(5)}, {seconds(1), seconds(2)}, {seconds(12), seconds(6)}});
  EXPECT_EQ(timeline.at(Nanos(0), Direction::kUp).until, seconds(1));
  EXPECT_EQ(mbps(timeline.at(seconds(1), Direction::kUp)), 0);
  EXPECT_EQ(timeline.at(seconds(1), Direction::kUp).until, seconds(3));
  EXPECT_DOUBLE_EQ(mbps(timeline.at(seconds(3), Direction::kUp)), 8);
  EXPECT_EQ(mbps(timeline.at(seconds(16), Direction::kDown)), 0);
  EXPECT_EQ(timeline.at(seconds(16), Direction::kDown).until, seconds(18));
  EXPECT_DOUBLE_EQ(mbps(timeline.at(seconds(18), Direction::kUp)), 8);
}

TEST(LinkTimeline, ChangesByHand) {
  LinkTimeline timeline(test_link(), parse_link_trace("0 1 1\n2 3 3 7\n").value());
  timeline.set_outage(true);
  EXPECT_EQ(mbps(timeline.at(seconds(5), Direction::kUp)), 0);
  timeline.set_outage(false);
  EXPECT_DOUBLE_EQ(mbps(timeline.at(seconds(5), Direction::kUp)), 3);
  timeline.set_link(parse_link("wifi").value());
  EXPECT_DOUBLE_EQ(mbps(timeline.at(seconds(5), Direction::kUp)), 18.88);
  EXPECT_EQ(timeline.at(seconds(5), Direction::kUp).one_way, from_ms(2.5));
}

TEST(LinkTrace, ErrorsNameTheLineAndWhatWasExpected) {
  const auto message = [](std::string_view text) {
    const auto trace = parse_link_trace(text);
    return trace ? std::string("read") : trace.error().to_string();
  };
  EXPECT_EQ(message(""),
            "[link.trace] found no line that says a rate, expected at least one: "
            "'TIME_S UP_MBPS DOWN_MBPS [RTT_MS]' or 'TIME_S repeat'");
  EXPECT_EQ(message("0 1 2\n1 2"),
            "[link.trace] line 2 is '1 2', expected 'TIME_S UP_MBPS DOWN_MBPS [RTT_MS]' or 'TIME_S "
            "repeat'");
  EXPECT_EQ(message("# x\n1 2 3"),
            "[link.trace] line 2 is '1 2 3', expected a first line at time 0");
  EXPECT_EQ(message("0 1 2\n0.0005 2 3"),
            "[link.trace] line 2 is '0.0005 2 3', expected a time at least 0.001 s after the line "
            "before");
  EXPECT_EQ(message("0 1 -2"),
            "[link.trace] line 1 is '0 1 -2', expected rates from 0 to 1000000 Mbit/s");
  EXPECT_EQ(message("0 1 2 x"),
            "[link.trace] line 1 is '0 1 2 x', expected a round trip from 0 to 1000000 ms");
  EXPECT_EQ(message("0 1 2\n5 repeat\n6 1 1"),
            "[link.trace] line 3 is '6 1 1', expected nothing after 'repeat'");
  for (const char* bad : {"repeat", "0 repeat", "0", "0 1 2 3 4", "nan 1 2", "0 inf 1", "0 1e7 1",
                          "0 1 2,", "0 1 2\n1e300 1 1", "0 1 2\n1 repeat now", "0 1 2 -0.5"}) {
    EXPECT_NE(message(bad), "read") << bad;
  }
}

TEST(LinkTrace, AFileThatIsNotThereIsNamed) {
  const auto trace = read_link_trace("/nowhere/trace.txt");
  ASSERT_FALSE(trace);
  EXPECT_NE(trace.error().message.find("/nowhere/trace.txt"), std::string::npos);
}

TEST(LinkTrace, TheExampleOfTheDocumentIsRead) {
  const std::string page = read_file(CLEAVE_SOURCE_DIR "/docs/formats/trace-link.md").value();
  const auto trace = parse_link_trace(page.substr(page.find("    # time_s")));
  ASSERT_TRUE(trace) << trace.error().to_string();
  EXPECT_EQ(trace->points.size(), 3u);
  EXPECT_EQ(trace->period, Nanos(seconds(20)));
}

TEST(LinkOutage, Parses) {
  EXPECT_EQ(parse_outage("5s@10s").value(), (Outage{seconds(10), seconds(5)}));
  EXPECT_EQ(parse_outage("250@0").value(), (Outage{Nanos(0), milliseconds(250)}));
  for (const char* bad : {"", "5s", "@", "5s@", "@10s", "0s@1s", "-1@2", "5s@10s@2s", "1e300@0"}) {
    EXPECT_FALSE(parse_outage(bad)) << bad;
  }
}

TEST(LinkAddress, Parses) {
  EXPECT_EQ(parse_host_port("example:80").value().to_string(), "example:80");
  EXPECT_EQ(parse_host_port("[::1]:80").value().host, "::1");
  EXPECT_EQ(parse_host_port("[::1]:80").value().to_string(), "[::1]:80");
  EXPECT_EQ(parse_host_port("0", "127.0.0.1").value().to_string(), "127.0.0.1:0");
  for (const char* bad : {"", ":", "80", "host", "host:", ":80", "host:x", "host:65536", "host:-1",
                          "::1:80", "[]:1"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

}  // namespace
}  // namespace cleave::wire
