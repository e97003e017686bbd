#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/client.h"

namespace cleave::bench {

/// What requests cost where they were made.
struct LoadResult {
  int requests = 0;
  int waited = 0;  ///< of these, how many found every worker of the server busy
  double wall_s = 0;
  double cpu_s = 0;  ///< of this whole process, the kernel's work for it included
};

/// Seconds of processor time that this process has used so far.
double process_cpu_s();

/// Clients that keep a server busy with one network: each a thread and a connection of its own,
/// sending plain seeded tensors and waiting for each answer. One call at a time.
class Load {
 public:
  /// One client per target ("grpc://host:port", "http://host:port").
  static Result<Load> create(const std::vector<std::string>& targets, const std::string& model);

  /// Sends requests while `more(n)`, n being how many were begun before. The first error ends it.
  Result<LoadResult> run(const std::function<bool(int)>& more);
  Result<LoadResult> run_for(double seconds);
  Result<LoadResult> run_count(int requests);

 private:
  /// One request and its answer; did it wait for a worker?
  Result<bool> send(wire::Client& client) const;

  std::vector<std::unique_ptr<wire::Client>> clients_;
  wire::InferRequest request_;
};

}  // namespace cleave::bench
