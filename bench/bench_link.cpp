// How true the emulated link is: time from a message's first byte sent to its last byte received,
// against size·8/rate + rtt/2. Target: rate within 2% from 100 KB on, delay within 1 ms below.
#include <fmt/core.h>
#include <poll.h>
#include <sched.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/link.h"
#include "base/stats.h"
#include "report.h"
#include "wire/link_proxy.h"
#include "wire/link_socket.h"

namespace cleave {
namespace {

constexpr std::size_t kRateFromBytes = 100'000;
constexpr double kRateTargetPercent = 2;
constexpr double kDelayTargetMs = 1;

struct Row {
  std::string link;
  bool up = true;
  std::size_t bytes = 0;
  int runs = 0;
  double target_ms = 0;
  Summary measured_ms;
  double rate_error_percent = 0;  // of the time on the wire, without the delay
  double delay_error_ms = 0;

  bool ok() const {
    return bytes >= kRateFromBytes ? std::abs(rate_error_percent) <= kRateTargetPercent
                                   : std::abs(delay_error_ms) <= kDelayTargetMs;
  }
};

/// A connection through the proxy, both of its ends here; the sockets do not block.
struct Pair {
  wire::UniqueFd client;
  wire::UniqueFd server;
};

void wait_for(int fd, short events) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  ::poll(&waiting, 1, -1);
}

Result<void> send_all(int fd, std::size_t bytes) {
  const std::string piece(64 * 1024, 'x');
  while (bytes > 0) {
    const ssize_t count = ::send(fd, piece.data(), std::min(bytes, piece.size()), MSG_NOSIGNAL);
    if (count > 0) {
      bytes -= static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      wait_for(fd, POLLOUT);
    } else {
      return fail(ErrorCode::kIo, "bench.link", std::string("send: ") + std::strerror(errno));
    }
  }
  return {};
}

Result<void> receive_all(int fd, std::size_t bytes) {
  std::string piece(64 * 1024, '\0');
  while (bytes > 0) {
    const ssize_t count = ::recv(fd, piece.data(), std::min(bytes, piece.size()), 0);
    if (count > 0) {
      bytes -= static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      wait_for(fd, POLLIN);
    } else {
      return fail(ErrorCode::kIo, "bench.link", "the connection ended early");
    }
  }
  return {};
}

Result<double> transfer_ms(int from, int to, std::size_t bytes) {
  const SteadyClock clock;
  const Nanos start = clock.now();
  auto sender = std::async(std::launch::async, [&] { return send_all(from, bytes); });
  const auto received = receive_all(to, bytes);
  const Nanos end = clock.now();
  CLEAVE_CHECK(sender.get());
  CLEAVE_CHECK(received);
  return to_ms(end - start);
}

Result<Pair> open_pair(int listener, const wire::LinkProxy& proxy) {
  const auto where = CLEAVE_TRY(wire::parse_host_port(proxy.address()));
  const auto addresses = CLEAVE_TRY(wire::resolve(where));
  Pair pair;
  pair.client = wire::connect_tcp(addresses.front());
  wait_for(listener, POLLIN);
  pair.server = wire::UniqueFd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK));
  wire::prepare_socket(pair.server.get());
  // The handshake is over when a byte has gone up.
  CLEAVE_CHECK(transfer_ms(pair.client.get(), pair.server.get(), 1));
  return pair;
}

Result<Row> measure(const Link& link, const Pair& pair, bool up, std::size_t bytes) {
  const int from = up ? pair.client.get() : pair.server.get();
  const int to = up ? pair.server.get() : pair.client.get();
  const double count = static_cast<double>(bytes);
  const double wire_ms = up ? link.up_ms(count) : link.down_ms(count);
  Row row;
  row.link = link.name;
  row.up = up;
  row.bytes = bytes;
  row.target_ms = wire_ms + link.rtt_ms / 2;
  row.runs = row.target_ms < 100 ? 9 : row.target_ms < 1000 ? 3 : 1;
  std::vector<double> times_ms;
  for (int i = 0; i < row.runs; ++i) times_ms.push_back(CLEAVE_TRY(transfer_ms(from, to, bytes)));
  row.measured_ms = summarize(times_ms);
  row.delay_error_ms = row.measured_ms.median - row.target_ms;
  row.rate_error_percent = 100 * row.delay_error_ms / wire_ms;
  return row;
}

void print_row(const Row& row) {
  const bool rate = row.bytes >= kRateFromBytes;
  fmt::print("{:<5} {:<4} {:>9} {:>5} {:>11.3f} {:>11.3f} {:>9.2f} {:>9.3f}   {:<6} {}\n", row.link,
             row.up ? "up" : "down", row.bytes, row.runs, row.target_ms, row.measured_ms.median,
             row.rate_error_percent, row.delay_error_ms, rate ? "2 %" : "1 ms",
             row.ok() ? "met" : "MISSED");
  std::fflush(stdout);
}

Json to_json(const Row& row) {
  return Json{{"link", row.link},
              {"direction", row.up ? "up" : "down"},
              {"bytes", row.bytes},
              {"runs", row.runs},
              {"target_ms", row.target_ms},
              {"measured_median_ms", row.measured_ms.median},
              {"measured_min_ms", row.measured_ms.min},
              {"measured_max_ms", row.measured_ms.max},
              {"rate_error_percent", row.rate_error_percent},
              {"delay_error_ms", row.delay_error_ms},
              {"target", row.bytes >= kRateFromBytes ? "rate within 2%" : "delay within 1 ms"},
              {"met", row.ok()}};
}

/// What is measured is the link, not how soon the scheduler wakes this program beside others.
bool come_first() {
  const sched_param lowest_realtime{.sched_priority = ::sched_get_priority_min(SCHED_FIFO)};
  return ::sched_setscheduler(0, SCHED_FIFO, &lowest_realtime) == 0;
}

Result<Json> run(double longest_ms) {
  const bool first = come_first();
  double load = 0;
  ::getloadavg(&load, 1);
  fmt::print("emulated links; load average {:.2f}, real-time priority {}\n", load,
             first ? "granted" : "refused");
  Json rows = Json::array();
  const auto listener = CLEAVE_TRY(wire::listen_tcp({"127.0.0.1", 0}));
  wire::LinkProxyOptions options;
  options.target = wire::local_address(listener.get()).host_port().to_string();
  fmt::print("{:<5} {:<4} {:>9} {:>5} {:>11} {:>11} {:>9} {:>9}   {}\n", "link", "way", "bytes",
             "runs", "target ms", "median ms", "rate %", "delay ms", "target");
  for (const Link& link : link_presets()) {
    options.link = link;
    const auto proxy = CLEAVE_TRY(wire::LinkProxy::start(options));
    const Pair pair = CLEAVE_TRY(open_pair(listener.get(), *proxy));
    for (bool up : {true, false}) {
      for (std::size_t bytes : {1'000u, 10'000u, 100'000u, 1'000'000u, 10'000'000u}) {
        const double count = static_cast<double>(bytes);
        if ((up ? link.up_ms(count) : link.down_ms(count)) > longest_ms) continue;
        const Row row = CLEAVE_TRY(measure(link, pair, up, bytes));
        print_row(row);
        rows.push_back(to_json(row));
      }
    }
  }
  return Json{{"benchmark", "link"},
              {"emulated", true},
              {"load_average", load},
              {"realtime_priority", first},
              {"rows", std::move(rows)}};
}

Result<void> run_main(int argc, char** argv) {
  const bench::Arguments arguments = CLEAVE_TRY(bench::parse_arguments(argc, argv));
  const Json report = CLEAVE_TRY(run(arguments.quick ? 1'000 : 20'000));
  if (arguments.out.empty()) return {};
  return write_file(arguments.out, report.dump(2) + "\n");
}

}  // namespace
}  // namespace cleave

int main(int argc, char** argv) {
  const auto done = cleave::run_main(argc, argv);
  if (!done) fmt::print(stderr, "bench_link: {}\n", done.error().to_string());
  return done ? 0 : 1;
}
