// What serving costs: requests per second over loopback, from a real `cleave serve`, against runs
// per second of the engine alone, on one network, batch 1, f32, throughput hint.
//
// Clients and server share the processors, so that what clients use the server lacks. Their time is
// taken out: from a round of `wall` seconds in which this process, the clients, used `cpu` seconds,
// the server had what it would have had in wall - cpu / processors seconds to itself. "raw" is
// requests / wall, "adjusted" is requests / (wall - cpu / processors). Engine and server take turns
// within each round; ratios are taken within rounds, and their median is reported.
//
// Other load on the machine favours the side with more threads: the ratio of processor time per
// answer, which hardly feels it, stands beside.
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/random_tensor.h"
#include "base/stats.h"
#include "engine/openvino_engine.h"
#include "load.h"
#include "networks.h"
#include "report.h"
#include "serve_process.h"

namespace cleave::bench {
namespace {

constexpr int kInFlight = 6;

struct Plan {
  int rounds = 7;
  double round_s = 3;
};

struct Rate {
  double raw = 0;
  double adjusted = 0;
  double cpu_ms = 0;          ///< processor time of one answer, without the client's
  double waited_percent = 0;  ///< of the requests, for a worker: near 100 if enough are in flight
};

/// The engine alone: a thread per session that it wants, each running without pause.
class Alone {
 public:
  static Result<Alone> create(engine::Engine& engine, const NetworkFile& network) {
    Alone alone;
    std::string bytes = CLEAVE_TRY(read_file(network.path));
    alone.sessions_.push_back(
        CLEAVE_TRY(engine.compile(std::move(bytes), {.hint = engine::Hint::kThroughput})));
    const int count = alone.sessions_.front()->parallel_sessions();
    while (std::cmp_less(alone.sessions_.size(), count))
      alone.sessions_.push_back(CLEAVE_TRY(alone.sessions_.front()->fork()));
    alone.inputs_ = random_tensors(alone.sessions_.front()->inputs(), 1);
    return alone;
  }

  Result<Rate> run_for(double seconds) {
    const SteadyClock clock;
    const double cpu_before = process_cpu_s();
    const Nanos start = clock.now();
    const Nanos end = start + from_ms(seconds * 1e3);
    std::vector<std::future<Result<int>>> workers;
    for (const auto& session : sessions_) {
      workers.push_back(std::async(std::launch::async, [&]() -> Result<int> {
        int runs = 0;
        for (; clock.now() < end; ++runs) CLEAVE_TRY(session->run(inputs_));
        return runs;
      }));
    }
    int runs = 0;
    for (auto& worker : workers) runs += CLEAVE_TRY(worker.get());
    const double wall_s = to_ms(clock.now() - start) / 1e3;
    const double per_s = runs / wall_s;
    return Rate{per_s, per_s, (process_cpu_s() - cpu_before) * 1e3 / runs, 0};
  }

 private:
  std::vector<std::unique_ptr<engine::Session>> sessions_;
  std::vector<Tensor> inputs_;
};

Result<Rate> run_served(const ServeProcess& server, Load& load, double seconds) {
  const double server_before = CLEAVE_TRY(server.cpu_s());
  const LoadResult done = CLEAVE_TRY(load.run_for(seconds));
  const double server_s = CLEAVE_TRY(server.cpu_s()) - server_before;
  const double own_s = done.wall_s - done.cpu_s / std::thread::hardware_concurrency();
  return Rate{done.requests / done.wall_s, done.requests / own_s, server_s * 1e3 / done.requests,
              100.0 * done.waited / done.requests};
}

/// Medians over the rounds, each of which is divided by the engine's own within the same round.
class Comparison {
 public:
  void add(const Rate& alone, const Rate& served) {
    raw_.push_back(served.raw);
    raw_ratio_.push_back(served.raw / alone.raw);
    adjusted_.push_back(served.adjusted);
    ratio_.push_back(served.adjusted / alone.raw);
    cpu_ms_.push_back(served.cpu_ms);
    cpu_ratio_.push_back(alone.cpu_ms / served.cpu_ms);
    waited_percent_.push_back(served.waited_percent);
  }
  void report(const std::string& transport, double target, Report& report) const {
    report.add(transport + ", raw", summarize(raw_).median, "1/s");
    report.add(transport + ", raw / engine", summarize(raw_ratio_).median, "");
    report.add(transport + ", adjusted", summarize(adjusted_).median, "1/s");
    report.add(transport + ", adjusted / engine", summarize(ratio_).median, "", at_least(target));
    report.add(transport + ", processor time per answer", summarize(cpu_ms_).median, "ms");
    report.add(transport + ", engine's processor time / that", summarize(cpu_ratio_).median, "");
    report.add(transport + ", requests that found all workers busy",
               summarize(waited_percent_).median, "%");
  }

 private:
  std::vector<double> raw_, raw_ratio_, adjusted_, ratio_, cpu_ms_, cpu_ratio_, waited_percent_;
};

Result<void> compare(engine::Engine& engine, const NetworkFile& network, double target,
                     const Plan& plan, Report& report) {
  Alone alone = CLEAVE_TRY(Alone::create(engine, network));
  const auto server =
      CLEAVE_TRY(ServeProcess::start({network.path.string(), "--hint", "throughput"}));
  const auto clients = [&](const std::string& address) {
    return Load::create(std::vector<std::string>(kInFlight, address), network.name);
  };
  Load grpc = CLEAVE_TRY(clients("grpc://" + server->grpc_address()));
  Load http = CLEAVE_TRY(clients("http://" + server->http_address()));
  CLEAVE_TRY(grpc.run_for(plan.round_s / 3));
  CLEAVE_TRY(http.run_for(plan.round_s / 3));
  CLEAVE_TRY(alone.run_for(plan.round_s / 3));

  std::vector<double> alone_per_s;
  std::vector<double> alone_cpu_ms;
  Comparison by_grpc;
  Comparison by_http;
  for (int round = 0; round < plan.rounds; ++round) {
    const Rate own = CLEAVE_TRY(alone.run_for(plan.round_s));
    alone_per_s.push_back(own.raw);
    alone_cpu_ms.push_back(own.cpu_ms);
    by_grpc.add(own, CLEAVE_TRY(run_served(*server, grpc, plan.round_s)));
    by_http.add(own, CLEAVE_TRY(run_served(*server, http, plan.round_s)));
  }
  report.section(network.name, fmt::format("{} requests in flight, {} rounds of {:g} s", kInFlight,
                                           plan.rounds, plan.round_s));
  report.add("engine alone", summarize(alone_per_s).median, "1/s");
  report.add("engine alone, processor time per run", summarize(alone_cpu_ms).median, "ms");
  by_grpc.report("gRPC", target, report);
  by_http.report("HTTP", target, report);
  return {};
}

Result<void> run(const Arguments& arguments, Report& report) {
  Plan plan;
  if (arguments.quick) plan = {.rounds = 3, .round_s = 1};
  if (arguments.full) plan = {.rounds = 15, .round_s = 5};
  const ScratchFolder scratch;
  const auto engine = engine::make_openvino_engine();
  CLEAVE_CHECK(compare(*engine, CLEAVE_TRY(zoo_network("resnet50", scratch)), 0.9, plan, report));
  return compare(*engine, CLEAVE_TRY(small_network(scratch)), 0.8, plan, report);
}

}  // namespace
}  // namespace cleave::bench

int main(int argc, char** argv) {
  return cleave::bench::run_benchmark("serve", argc, argv, cleave::bench::run);
}
