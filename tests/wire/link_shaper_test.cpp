#include "wire/link_shaper.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace cleave::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Chunk {
  Nanos sent;
  std::size_t bytes;
};

Link link_of(double up_mbps, double rtt_ms) {
  Link link;
  link.up_mbps = link.down_mbps = up_mbps;
  link.rtt_ms = rtt_ms;
  return link;
}

/// Arrival of every chunk, asking the shaper only when it said to and when a chunk is sent.
std::vector<Nanos> arrivals(LinkShaper& shaper, const std::vector<Chunk>& chunks) {
  std::vector<Nanos> arrived;
  std::size_t next = 0;
  Nanos now(0);
  while (arrived.size() < chunks.size()) {
    const std::optional<Nanos> event = shaper.next_event(now);
    const bool send = next < chunks.size() && (!event || chunks[next].sent <= *event);
    now = std::max(now, send ? chunks[next].sent : *event);
    if (send) {
      shaper.push(now, chunks[next++].bytes);
      continue;
    }
    while (shaper.pop(now)) arrived.push_back(now);
  }
  return arrived;
}

std::vector<Chunk> random_chunks(Random& random, int count, double mean_gap_ms) {
  std::vector<Chunk> chunks;
  Nanos now(0);
  for (int i = 0; i < count; ++i) {
    if (random.below(2)) now += from_ms(random.uniform(0, 2 * mean_gap_ms));
    chunks.push_back({now, random.below(8) ? random.below(3000) : 0});
  }
  return chunks;
}

/// The same link, worked out a microsecond at a time: each step serves rate·step bytes, in order.
std::vector<double> brute_force_arrivals_ns(const LinkTimeline& timeline,
                                            const std::vector<Chunk>& chunks) {
  constexpr Nanos kStep(1000);
  std::vector<double> arrived;
  double served = 0, wanted = 0;
  std::size_t next = 0;
  for (Nanos now(0); next < chunks.size(); now += kStep) {
    const LinkState state = timeline.at(now, Direction::kUp);
    double budget = state.bytes_per_nano * static_cast<double>(kStep.count());
    while (next < chunks.size() && chunks[next].sent <= now && state.bytes_per_nano > 0) {
      wanted = static_cast<double>(chunks[next].bytes) - served;
      if (wanted > budget) break;
      budget -= wanted;
      served = 0;
      const double arrives = static_cast<double>((now + state.one_way).count());
      arrived.push_back(std::max(arrives, arrived.empty() ? 0 : arrived.back()));
      ++next;
    }
    if (next < chunks.size() && chunks[next].sent <= now) served += budget;
  }
  return arrived;
}

TEST(LinkShaper, AMessageTakesItsBytesOverTheRatePlusHalfTheRoundTrip) {
  const LinkTimeline timeline(link_of(8, 50));  // 8 Mbit/s: a byte a microsecond
  LinkShaper shaper(timeline, Direction::kUp);
  EXPECT_FALSE(shaper.next_event(Nanos(0)));
  shaper.push(milliseconds(3), 1000);
  EXPECT_EQ(shaper.held_bytes(), 1000u);
  const Nanos due = milliseconds(3) + milliseconds(1) + milliseconds(25);
  EXPECT_EQ(shaper.next_event(milliseconds(3)), due);
  EXPECT_FALSE(shaper.pop(due - Nanos(1)));
  EXPECT_TRUE(shaper.pop(due));
  EXPECT_FALSE(shaper.pop(due));
  EXPECT_EQ(shaper.held_bytes(), 0u);
}

TEST(LinkShaper, CallsThatComeLateDistortNothing) {
  const LinkTimeline timeline(link_of(8, 50));
  LinkShaper shaper(timeline, Direction::kUp);
  shaper.push(Nanos(0), 1000);
  shaper.push(milliseconds(1), 1000);
  // Nobody looked for a second; the next chunk finds an empty link all the same.
  shaper.push(seconds(1), 1000);
  EXPECT_TRUE(shaper.pop(seconds(1)));
  EXPECT_TRUE(shaper.pop(seconds(1)));
  EXPECT_EQ(shaper.next_event(seconds(1)), seconds(1) + milliseconds(26));
}

RC_GTEST_PROP(LinkShaper, LongRunRateIsTheSetRate, (std::uint64_t seed)) {
  Random random(seed);
  const double mbps = std::pow(10.0, random.uniform(-1, 3));
  const double rtt_ms = random.uniform(0, 200);
  const LinkTimeline timeline(link_of(mbps, rtt_ms));
  LinkShaper shaper(timeline, Direction::kUp);
  std::vector<Chunk> chunks;
  double bytes = 0;
  for (int i = 0; i < 2000; ++i) {
    chunks.push_back({Nanos(0), 1 + random.below(random.below(4) ? 20 : 60000)});
    bytes += static_cast<double>(chunks.back().bytes);
  }
  const double measured_ns = static_cast<double>(arrivals(shaper, chunks).back().count());
  RC_ASSERT(std::abs(measured_ns - (bytes * 8e3 / mbps + rtt_ms * 5e5)) <= 2.0);
}

RC_GTEST_PROP(LinkShaper, AgreesWithBruteForceOverTracesAndOutages, (std::uint64_t seed)) {
  Random random(seed);
  LinkTrace trace;
  Nanos at(0);
  for (std::uint64_t i = 0, lines = 1 + random.below(6); i < lines; ++i) {
    // The round trip only grows here: where it shrinks, order binds chunks together, which another
    // test looks at.
    trace.points.push_back({at, random.uniform(0.5, 20), 1, 10.0 + static_cast<double>(i)});
    at += from_ms(random.uniform(1, 30));
  }
  std::vector<Outage> outages;
  for (std::uint64_t i = random.below(3); i > 0; --i) {
    outages.push_back({from_ms(random.uniform(0, 60)), from_ms(random.uniform(0, 20))});
  }
  const LinkTimeline timeline(link_of(1, 10), trace, outages);
  const std::vector<Chunk> chunks = random_chunks(random, 60, 2);
  LinkShaper shaper(timeline, Direction::kUp);
  const std::vector<Nanos> exact = arrivals(shaper, chunks);
  const std::vector<double> stepped = brute_force_arrivals_ns(timeline, chunks);
  // A step's error arises where a busy spell begins or the state changes, and a delay that grows
  // between two steps moves the arrival by half a millisecond.
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const double error_ns = std::abs(stepped[i] - static_cast<double>(exact[i].count()));
    RC_ASSERT(error_ns <= 60e3 || std::abs(error_ns - 500e3) <= 60e3);
  }
}

RC_GTEST_PROP(LinkShaper, KeepsTheOrderAndLosesNothing, (std::uint64_t seed)) {
  Random random(seed);
  LinkTrace trace;
  for (int i = 0; i < 5; ++i) {
    trace.points.push_back({i * milliseconds(7), random.uniform(0, 5), 1, random.uniform(0, 80)});
  }
  trace.points.front().up_mbps = 2;  // at least one that moves
  trace.period = milliseconds(35);
  const LinkTimeline timeline(link_of(1, 0), trace);
  LinkShaper shaper(timeline, Direction::kUp);
  const std::vector<Chunk> chunks = random_chunks(random, 100, 3);
  const std::vector<Nanos> arrived = arrivals(shaper, chunks);
  RC_ASSERT(std::ranges::is_sorted(arrived));
  RC_ASSERT(shaper.held_bytes() == 0u);
  for (std::size_t i = 0; i < chunks.size(); ++i) RC_ASSERT(arrived[i] >= chunks[i].sent);
}

RC_GTEST_PROP(LinkShaper, AskingMoreOftenChangesNothing, (std::uint64_t seed)) {
  Random random(seed);
  const LinkTimeline timeline(link_of(3, 20),
                              parse_link_trace("0 3 1\n0.02 0 1\n0.05 1 1\n0.06 repeat").value());
  const std::vector<Chunk> chunks = random_chunks(random, 40, 3);
  LinkShaper calm(timeline, Direction::kUp);
  LinkShaper nervous(timeline, Direction::kUp);
  const std::vector<Nanos> expected = arrivals(calm, chunks);
  std::size_t arrived = 0, next = 0;
  for (Nanos now(0); arrived < chunks.size();
       now += Nanos(1 + static_cast<std::int64_t>(random.below(200'000)))) {
    for (; next < chunks.size() && chunks[next].sent <= now; ++next) {
      nervous.push(chunks[next].sent, chunks[next].bytes);
    }
    for (; nervous.pop(now); ++arrived) RC_ASSERT(expected[arrived] <= now);
    // What the calm one had by now, the nervous one has too.
    RC_ASSERT(arrived == chunks.size() || expected[arrived] > now);
  }
}

TEST(LinkShaper, AnOutageHoldsBytesAndSignals) {
  const LinkTimeline timeline(link_of(8, 0), std::nullopt, {{milliseconds(1), milliseconds(10)}});
  LinkShaper shaper(timeline, Direction::kUp);
  // 2000 µs of bytes, of which 1000 µs pass before the outage; then a signal; then one sent within.
  EXPECT_EQ(
      arrivals(shaper, {{Nanos(0), 2000}, {Nanos(0), 0}, {milliseconds(5), 100}}),
      (std::vector<Nanos>{milliseconds(12), milliseconds(12), milliseconds(12) + Nanos(100'000)}));
  LinkShaper quiet(timeline, Direction::kUp);
  EXPECT_EQ(arrivals(quiet, {{milliseconds(5), 0}}), std::vector<Nanos>{milliseconds(11)});
}

TEST(LinkShaper, WhatHasLeftStillArrivesInAnOutage) {
  const LinkTimeline timeline(link_of(8, 50), std::nullopt, {{milliseconds(1), milliseconds(100)}});
  LinkShaper shaper(timeline, Direction::kUp);
  EXPECT_EQ(arrivals(shaper, {{Nanos(0), 1000}}), std::vector<Nanos>{milliseconds(26)});
}

TEST(LinkShaper, AChangeByHandActsInTheMiddleOfAChunk) {
  LinkTimeline timeline(link_of(8, 0));
  LinkShaper shaper(timeline, Direction::kUp);
  shaper.push(Nanos(0), 3000);
  shaper.settle(milliseconds(1));
  timeline.set_outage(true);
  EXPECT_FALSE(shaper.pop(milliseconds(50)));
  EXPECT_GT(shaper.next_event(milliseconds(50)), milliseconds(50));
  shaper.settle(milliseconds(50));
  timeline.set_outage(false);
  timeline.set_link(link_of(16, 4));  // the 2000 bytes left take 1 ms now
  EXPECT_EQ(shaper.next_event(milliseconds(50)), milliseconds(53));
  EXPECT_TRUE(shaper.pop(milliseconds(53)));
}

TEST(LinkShaper, AShorterDelayDoesNotReorder) {
  LinkTimeline timeline(link_of(8, 100));
  LinkShaper shaper(timeline, Direction::kUp);
  shaper.push(Nanos(0), 1000);
  shaper.settle(milliseconds(1));
  timeline.set_link(link_of(8, 2));
  shaper.push(milliseconds(1), 1000);
  EXPECT_FALSE(shaper.pop(milliseconds(50)));
  EXPECT_TRUE(shaper.pop(milliseconds(51)));
  EXPECT_TRUE(shaper.pop(milliseconds(51)));
}

TEST(LinkShaper, ALinkThatNeverMovesIsAskedAboutNowAndThen) {
  const LinkTimeline timeline(link_of(1, 0), parse_link_trace("0 0 0\n0.001 repeat").value());
  LinkShaper shaper(timeline, Direction::kUp);
  shaper.push(Nanos(0), 1);
  EXPECT_EQ(shaper.next_event(Nanos(0)), seconds(1));
  EXPECT_FALSE(shaper.pop(seconds(100)));
}

}  // namespace
}  // namespace cleave::wire
