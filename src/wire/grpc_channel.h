#pragma once

#include <grpc/support/log.h>

#include <algorithm>
#include <cstddef>
#include <limits>

// What the two ends of a gRPC connection have in common. Flow control is left to gRPC: with its
// bandwidth probe, which is on unless told otherwise, 500 KB over a round trip of 100 ms take one
// round trip; with the probe off and a fixed window of 16 MiB they take two, 4 MB five.
namespace cleave::wire {

/// A library does not print: what gRPC would log comes back as a status anyway.
inline void silence_grpc() {
  gpr_set_log_function([](gpr_log_func_args*) {});
}

/// A message limit as gRPC's options take it.
inline int grpc_message_limit(std::size_t bytes) {
  return static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
}

}  // namespace cleave::wire
