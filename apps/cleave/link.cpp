// cleave link: a TCP proxy that behaves like a slow, distant link.
#include <fmt/core.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/spec.h"
#include "verbs.h"
#include "wire/link_proxy.h"

namespace cleave::app {
namespace {

struct LinkArguments {
  std::string listen;
  std::string target;
  std::string link;
  std::string rtt;
  double up_mbps = 0;
  double down_mbps = 0;
  std::string trace;
  std::vector<std::string> outages;
};

Result<wire::LinkProxyOptions> options_from(const LinkArguments& arguments) {
  wire::LinkProxyOptions options;
  options.listen = arguments.listen;
  options.target = arguments.target;
  if (!arguments.link.empty()) options.link = CLEAVE_TRY(parse_link(arguments.link));
  if (arguments.up_mbps > 0) options.link.up_mbps = arguments.up_mbps;
  if (arguments.down_mbps > 0) options.link.down_mbps = arguments.down_mbps;
  if (!arguments.rtt.empty()) options.link.rtt_ms = CLEAVE_TRY(parse_duration_ms(arguments.rtt));
  if (!arguments.trace.empty()) options.trace = CLEAVE_TRY(wire::read_link_trace(arguments.trace));
  for (const std::string& text : arguments.outages) {
    options.outages.push_back(CLEAVE_TRY(wire::parse_outage(text)));
  }
  if (!options.trace && (options.link.up_mbps <= 0 || options.link.down_mbps <= 0)) {
    return fail(ErrorCode::kInvalidArgument, "link",
                "the rates are not said, expected --link, --trace, or --up and --down");
  }
  return options;
}

std::string describe(const wire::LinkProxyOptions& options, const std::string& trace) {
  const std::string rates = options.trace
                                ? fmt::format("trace {}", trace)
                                : fmt::format("{:g} Mbit/s up, {:g} Mbit/s down",
                                              options.link.up_mbps, options.link.down_mbps);
  return fmt::format("emulated link to {}: {}, round trip {:g} ms, planned outages: {}",
                     options.target, rates, options.link.rtt_ms, options.outages.size());
}

/// Two descriptors a connection soon pass the usual soft limit of 1024.
void allow_many_connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<int> run_link(const LinkArguments& arguments) {
  const wire::LinkProxyOptions options = CLEAVE_TRY(options_from(arguments));
  allow_many_connections();
  // Blocked before the proxy's thread starts, so that only sigwait() takes them.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  const auto proxy = CLEAVE_TRY(wire::LinkProxy::start(options));
  fmt::print("listening on {}\n", proxy->address());
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", describe(options, arguments.trace));
  int signal = 0;
  sigwait(&stop, &signal);
  const wire::LinkStats stats = proxy->stats();
  fmt::print(stderr, "emulated link stopped: {} connections, {} bytes up, {} bytes down\n",
             stats.connections, stats.up_bytes, stats.down_bytes);
  return 0;
}

}  // namespace

Action define_link(CLI::App& command) {
  auto arguments = std::make_shared<LinkArguments>();
  command.add_option("--listen", arguments->listen, "[HOST:]PORT to accept on; port 0 picks one")
      ->required();
  command.add_option("--to", arguments->target, "HOST:PORT to pass on to")->required();
  command.add_option("--link", arguments->link, "3g, 4g, wifi, or link:up=...,down=...,rtt=...");
  command.add_option("--up", arguments->up_mbps, "Mbit/s towards the target")
      ->check(CLI::PositiveNumber);
  command.add_option("--down", arguments->down_mbps, "Mbit/s back")->check(CLI::PositiveNumber);
  command.add_option("--rtt", arguments->rtt, "round trip, half of it each way: 50ms");
  command.add_option("--trace", arguments->trace,
                     "file of 'TIME_S UP_MBPS DOWN_MBPS [RTT_MS]' lines");
  command.add_option("--outage", arguments->outages,
                     "DURATION@START in which nothing moves, such as 5s@10s; may be repeated");
  return [arguments] { return run_link(*arguments); };
}

}  // namespace cleave::app
