// What a real `cleave serve` holds in memory: at its start, which has the peak of reading and
// compiling, and as requests go through it, half over gRPC and half over HTTP.
#include <fmt/format.h>

#include "load.h"
#include "networks.h"
#include "report.h"
#include "serve_process.h"

namespace cleave::bench {
namespace {

constexpr double kMegabyte = 1e6;
constexpr int kWarmRequests = 1'000;
constexpr int kManyRequests = 10'000;
constexpr int kFewRequests = 300;
constexpr Target kPeakTarget = {Target::Is::kAtMost, 500};

struct Served {
  std::unique_ptr<ServeProcess> server;
  Load load;
};

Result<Served> serve(const NetworkFile& network, const std::string& hint) {
  auto server = CLEAVE_TRY(ServeProcess::start({network.path.string(), "--hint", hint}));
  const std::string grpc = "grpc://" + server->grpc_address();
  const std::string http = "http://" + server->http_address();
  Load load = CLEAVE_TRY(Load::create({grpc, http, grpc, http}, network.name));
  return Served{std::move(server), std::move(load)};
}

Result<double> add_memory(const ServeProcess& server, const std::string& when,
                          std::optional<Target> target, Report& report) {
  const Memory memory = CLEAVE_TRY(server.memory());
  report.add("peak " + when, memory.peak_bytes / kMegabyte, "MB", target);
  report.add("resident " + when, memory.resident_bytes / kMegabyte, "MB");
  return memory.resident_bytes;
}

/// The growth from kWarmRequests to kManyRequests.
Result<void> add_growth(Served& served, std::optional<Target> target, Report& report) {
  CLEAVE_TRY(served.load.run_count(kWarmRequests));
  const double before = CLEAVE_TRY(
      add_memory(*served.server, fmt::format("after {} requests", kWarmRequests), target, report));
  CLEAVE_TRY(served.load.run_count(kManyRequests - kWarmRequests));
  const double after = CLEAVE_TRY(
      add_memory(*served.server, fmt::format("after {} requests", kManyRequests), target, report));
  report.add(fmt::format("growth from {} to {} requests", kWarmRequests, kManyRequests),
             (after - before) / kMegabyte, "MB", at_most(10));
  return {};
}

/// Starts a server and reports what it holds before any request.
Result<Served> start(const NetworkFile& network, const std::string& hint,
                     std::optional<Target> target, Report& report) {
  Served served = CLEAVE_TRY(serve(network, hint));
  report.section(network.name + ", hint " + hint, "cleave serve, 4 requests in flight");
  CLEAVE_CHECK(add_memory(*served.server, "at the start", target, report));
  return served;
}

Result<void> run(const Arguments& arguments, Report& report) {
  const ScratchFolder scratch;
  const NetworkFile large = CLEAVE_TRY(zoo_network("resnet50", scratch));
  for (const std::string hint : {"latency", "throughput"}) {
    Served served = CLEAVE_TRY(start(large, hint, kPeakTarget, report));
    if (arguments.full) {
      CLEAVE_CHECK(add_growth(served, kPeakTarget, report));
    } else {
      CLEAVE_TRY(served.load.run_count(kFewRequests));
      CLEAVE_CHECK(add_memory(*served.server, fmt::format("after {} requests", kFewRequests),
                              kPeakTarget, report));
    }
  }
  const NetworkFile quick =
      CLEAVE_TRY(arguments.quick ? zoo_network("tiny", scratch) : small_network(scratch));
  Served served = CLEAVE_TRY(start(quick, "throughput", {}, report));
  return add_growth(served, {}, report);
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("memory", argc, argv, cleave::bench::run);
}
