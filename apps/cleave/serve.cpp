// cleave serve: the server.
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/spec.h"
#include "cloud/inference_service.h"
#include "cloud/repository.h"
#include "engines.h"
#include "graph/model.h"
#include "model_args.h"
#include "verbs.h"
#include "wire/server.h"

namespace cleave::app {
namespace {

struct ServeArguments {
  std::vector<std::filesystem::path> paths;
  std::string engine = "openvino";
  RunArgs run;
  std::vector<std::string> shapes;
  std::string grace = "10s";
  cloud::RepositoryOptions repository;
  cloud::ServiceOptions service{.server_version = CLEAVE_VERSION};
  wire::ServerOptions server{.host = "127.0.0.1", .grpc_port = 8001, .http_port = 8000};
};

/// SIGINT and SIGTERM, kept from every thread that starts during its life so that wait() gets them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &former_);
  }
  ~StopSignals() { release(); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void wait() {
    int signal = 0;
    sigwait(&signals_, &signal);
  }
  /// From now on a signal ends the process, as usual.
  void release() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

 private:
  sigset_t signals_{};
  sigset_t former_{};
};

Result<void> read_texts(ServeArguments& arguments) {
  if (arguments.server.grpc_port < 0 && arguments.server.http_port < 0) {
    return fail(ErrorCode::kInvalidArgument, "serve",
                "--grpc and --http are both -1, expected a port for one of them");
  }
  arguments.repository.engine = CLEAVE_TRY(engine_options(arguments.run));
  for (const std::string& text : arguments.shapes) {
    auto [name, shape] = CLEAVE_TRY(graph::parse_shape_option(text));
    arguments.repository.shapes.insert_or_assign(std::move(name), std::move(shape));
  }
  return {};
}

void print_models(const std::vector<cloud::Network>& networks) {
  for (const cloud::Network& network : networks) {
    std::string takes = "tensors";
    if (network.packets) takes += network.packets->sequences ? ",packets,streams" : ",packets";
    if (network.image) takes += ",images";
    fmt::print("model {} takes {} from {}\n", network.name, takes, network.source);
  }
}

void print_addresses(const std::string& host, const wire::Server& server) {
  std::string line = "serving";
  const std::string where = host.contains(':') ? "[" + host + "]" : host;
  if (server.grpc_port() >= 0) line += fmt::format(" grpc {}:{}", where, server.grpc_port());
  if (server.http_port() >= 0) line += fmt::format(" http {}:{}", where, server.http_port());
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

Result<int> serve(ServeArguments& arguments) {
  CLEAVE_CHECK(read_texts(arguments));
  const double grace_ms = CLEAVE_TRY(parse_duration_ms(arguments.grace));
  const auto engine = CLEAVE_TRY(make_engine(arguments.engine));
  SteadyClock clock;
  StopSignals signals;
  std::vector<cloud::Network> networks =
      CLEAVE_TRY(cloud::load_repository(*engine, arguments.paths, arguments.repository));
  print_models(networks);
  const auto service =
      CLEAVE_TRY(cloud::InferenceService::start(std::move(networks), arguments.service, clock));
  const auto server = CLEAVE_TRY(wire::Server::start(*service, arguments.server));
  print_addresses(arguments.server.host, *server);
  signals.wait();
  if (::isatty(STDERR_FILENO) != 0) {
    fmt::print(stderr, "stopping: waiting for requests in flight, a second signal ends at once\n");
  }
  signals.release();
  server->shutdown(from_ms(grace_ms));
  service->stop();
  return 0;
}

void define_network_options(CLI::App& command, ServeArguments& a) {
  command.add_option("PATHS", a.paths, "Bundles (folders) and ONNX networks to serve")
      ->required()
      ->type_name("BUNDLE|MODEL")
      ->check(CLI::ExistingPath);
  command.add_option("--engine", a.engine, "What runs networks")->capture_default_str();
  add_run_args(command, a.run);
  command.add_option("--shape", a.shapes, "Shape of a network's input: name=1,3,224,224")
      ->allow_extra_args(false);
  command.add_option("--preprocess", a.repository.preprocess,
                     "How networks outside bundles take pictures: image:size=224,...");
}

void define_server_options(CLI::App& command, ServeArguments& a) {
  command.add_option("--host", a.server.host, "Address to listen on")->capture_default_str();
  command.add_option("--grpc", a.server.grpc_port, "gRPC port; 0 picks one, -1 leaves gRPC out")
      ->check(CLI::Range(-1, 65535))
      ->capture_default_str();
  command.add_option("--http", a.server.http_port, "HTTP port; 0 picks one, -1 leaves HTTP out")
      ->check(CLI::Range(-1, 65535))
      ->capture_default_str();
  command.add_option("--queue", a.service.queue_capacity, "Requests that may wait, per network")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--max-message", a.server.max_message_bytes, "Largest request: 256MB, 1GB")
      ->transform(CLI::AsSizeValue(false));
  command.add_option("--grace", a.grace, "How long a stop waits for requests in flight")
      ->capture_default_str();
}

}  // namespace

Action define_serve(CLI::App& command) {
  auto arguments = std::make_shared<ServeArguments>();
  define_network_options(command, *arguments);
  define_server_options(command, *arguments);
  return [arguments] { return serve(*arguments); };
}

}  // namespace cleave::app
