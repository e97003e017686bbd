// A server for conformance tests: prints "GRPC_PORT HTTP_PORT" and serves until its input ends.
#include <cstdio>
#include <iostream>

#include "wire/echo_service.h"
#include "wire/server.h"

int main() {
  cleave::wire::EchoService service;
  auto server = cleave::wire::Server::start(service, {.host = "127.0.0.1"});
  if (!server) {
    std::cerr << server.error().to_string() << '\n';
    return 1;
  }
  std::cout << (*server)->grpc_port() << ' ' << (*server)->http_port() << std::endl;
  while (std::getchar() != EOF) {
  }
  (*server)->shutdown(std::chrono::seconds(5));
  return 0;
}
