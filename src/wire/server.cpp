#include "wire/server.h"

#include <thread>

#include "wire/grpc_front.h"
#include "wire/http_front.h"

namespace cleave::wire {

struct Server::Fronts {
  std::unique_ptr<GrpcFront> grpc;
  std::unique_ptr<HttpFront> http;
};

Server::Server(std::unique_ptr<Fronts> fronts) : fronts_(std::move(fronts)) {}
Server::~Server() { shutdown(Nanos(0)); }

Result<std::unique_ptr<Server>> Server::start(Service& service, const ServerOptions& options) {
  auto fronts = std::make_unique<Fronts>();
  if (options.grpc_port >= 0) fronts->grpc = CLEAVE_TRY(GrpcFront::start(service, options));
  if (options.http_port >= 0) fronts->http = CLEAVE_TRY(HttpFront::start(service, options));
  return std::unique_ptr<Server>(new Server(std::move(fronts)));
}

int Server::grpc_port() const { return fronts_->grpc ? fronts_->grpc->port() : -1; }
int Server::http_port() const { return fronts_->http ? fronts_->http->port() : -1; }

void Server::shutdown(Nanos grace) {
  // Side by side: the grace is one for both.
  std::thread http([&] {
    if (fronts_->http) fronts_->http->shutdown(grace);
  });
  if (fronts_->grpc) fronts_->grpc->shutdown(grace);
  http.join();
}

}  // namespace cleave::wire
