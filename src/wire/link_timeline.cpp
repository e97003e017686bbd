#include "wire/link_timeline.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/file.h"
#include "base/spec.h"

namespace cleave::wire {
namespace {

constexpr std::string_view kPlace = "link.trace";
constexpr std::uint64_t kMaxTraceBytes = std::uint64_t{64} << 20;
constexpr Nanos kMinStep = std::chrono::milliseconds(1);
/// Ten years and 1 Tbit/s: beyond these a number is a slip, and sums of times could overflow.
constexpr double kMaxTraceSeconds = 3.2e8;
constexpr double kMaxTraceMbps = 1e6;
constexpr double kMaxRttMs = 1e6;

constexpr std::string_view kExpected = "'TIME_S UP_MBPS DOWN_MBPS [RTT_MS]' or 'TIME_S repeat'";

std::unexpected<Error> bad_line(std::size_t number, std::string_view found,
                                std::string_view expected) {
  constexpr std::size_t kShown = 60;
  return fail(ErrorCode::kCorrupt, kPlace,
              "line " + std::to_string(number) + " is '" + std::string(found.substr(0, kShown)) +
                  "', expected " + std::string(expected));
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    if (line.empty()) return words;
    words.push_back(line.substr(0, line.find_first_of(kBlank)));
    line.remove_prefix(words.back().size());
  }
}

/// A number in [0, high].
std::optional<double> number_up_to(std::string_view word, double high) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  if (!(value >= 0 && value <= high)) return std::nullopt;
  return value;
}

Nanos from_seconds(double seconds) { return Nanos(std::llround(seconds * 1e9)); }

Result<void> add_line(LinkTrace& trace, std::string_view line, std::size_t number) {
  const std::vector<std::string_view> words = words_of(line.substr(0, line.find('#')));
  if (words.empty()) return {};
  if (trace.period) return bad_line(number, line, "nothing after 'repeat'");
  const auto time_s = number_up_to(words[0], kMaxTraceSeconds);
  if (!time_s || words.size() < 2) return bad_line(number, line, kExpected);
  const Nanos at = from_seconds(*time_s);
  if (trace.points.empty() && (at != Nanos(0) || words[1] == "repeat")) {
    return bad_line(number, line, "a first line at time 0");
  }
  if (!trace.points.empty() && at - trace.points.back().at < kMinStep) {
    return bad_line(number, line, "a time at least 0.001 s after the line before");
  }
  if (words.size() == 2 && words[1] == "repeat") {
    trace.period = at;
    return {};
  }
  if (words.size() < 3 || words.size() > 4) return bad_line(number, line, kExpected);
  const auto up_mbps = number_up_to(words[1], kMaxTraceMbps);
  const auto down_mbps = number_up_to(words[2], kMaxTraceMbps);
  if (!up_mbps || !down_mbps) return bad_line(number, line, "rates from 0 to 1000000 Mbit/s");
  std::optional<double> rtt_ms;
  if (words.size() == 4) {
    rtt_ms = number_up_to(words[3], kMaxRttMs);
    if (!rtt_ms) return bad_line(number, line, "a round trip from 0 to 1000000 ms");
  }
  trace.points.push_back({at, *up_mbps, *down_mbps, rtt_ms});
  return {};
}

std::vector<Outage> ascending_and_disjoint(std::vector<Outage> outages) {
  std::ranges::sort(outages, {}, &Outage::start);
  std::vector<Outage> merged;
  for (const Outage& outage : outages) {
    if (outage.duration <= Nanos(0)) continue;
    if (merged.empty() || outage.start > merged.back().start + merged.back().duration) {
      merged.push_back(outage);
      continue;
    }
    const Nanos end =
        std::max(merged.back().start + merged.back().duration, outage.start + outage.duration);
    merged.back().duration = end - merged.back().start;
  }
  return merged;
}

LinkTrace constant(const Link& link) {
  const double up_mbps = std::max(0.0, link.up_mbps);
  const double down_mbps = std::max(0.0, link.down_mbps);
  return {{{Nanos(0), up_mbps, down_mbps, std::nullopt}}, std::nullopt};
}

}  // namespace

Result<Outage> parse_outage(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    const auto duration_ms = parse_duration_ms(text.substr(0, at));
    const auto start_ms = parse_duration_ms(text.substr(at + 1));
    constexpr double kMaxMs = kMaxTraceSeconds * 1e3;
    if (duration_ms && start_ms && *duration_ms > 0 && *duration_ms <= kMaxMs &&
        *start_ms <= kMaxMs) {
      return Outage{from_ms(*start_ms), from_ms(*duration_ms)};
    }
  }
  return fail(
      ErrorCode::kInvalidArgument, "link.outage",
      "'" + std::string(text) + "' is not an outage, expected DURATION@START such as 5s@10s");
}

Result<LinkTrace> parse_link_trace(std::string_view text) {
  LinkTrace trace;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    CLEAVE_CHECK(add_line(trace, line, number));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  if (trace.points.empty()) {
    return fail(ErrorCode::kNeedMoreBytes, kPlace,
                "found no line that says a rate, expected at least one: " + std::string(kExpected));
  }
  return trace;
}

Result<LinkTrace> read_link_trace(const std::filesystem::path& path) {
  const std::string text = CLEAVE_TRY(read_file(path, kMaxTraceBytes));
  return about("'" + path.string() + "'", parse_link_trace(text));
}

LinkTimeline::LinkTimeline(const Link& link, std::optional<LinkTrace> trace,
                           std::vector<Outage> outages)
    : trace_(trace ? *std::move(trace) : constant(link)),
      rtt_ms_(std::max(0.0, link.rtt_ms)),
      outages_(ascending_and_disjoint(std::move(outages))) {}

void LinkTimeline::set_link(const Link& link) {
  trace_ = constant(link);
  rtt_ms_ = std::max(0.0, link.rtt_ms);
}

LinkState LinkTimeline::at(Nanos time, Direction direction) const {
  const Nanos round_start = trace_.period ? time - time % *trace_.period : Nanos(0);
  const auto next =
      std::ranges::upper_bound(trace_.points, time - round_start, {}, &TracePoint::at);
  const TracePoint& point = *std::prev(next);
  const double mbps = direction == Direction::kUp ? point.up_mbps : point.down_mbps;
  LinkState state{mbps / 8e3, from_ms(point.rtt_ms.value_or(rtt_ms_) / 2), Nanos::max()};
  if (next != trace_.points.end()) {
    state.until = round_start + next->at;
  } else if (trace_.period) {
    state.until = round_start + *trace_.period;
  }

  const auto later = std::ranges::upper_bound(outages_, time, {}, &Outage::start);
  if (later != outages_.end()) state.until = std::min(state.until, later->start);
  if (later != outages_.begin()) {
    const Nanos end = std::prev(later)->start + std::prev(later)->duration;
    if (time < end) {
      state.bytes_per_nano = 0;
      state.until = std::min(state.until, end);
    }
  }
  if (out_) state.bytes_per_nano = 0;
  return state;
}

}  // namespace cleave::wire
