#pragma once

#include "base/clock.h"
#include "base/result.h"

namespace cleave::study {

/// What a request takes beside its bytes on the link, the round trip and the server's computing:
/// both ends' messages and threads. The median over loopback and gRPC, between two threads of this
/// machine, each after a rest (profile::kIdleMs), in ms. Starts a server on a free port of
/// 127.0.0.1 and stops it again. Errors: those of the server and the client.
Result<double> measure_request_ms(Clock& clock);

}  // namespace cleave::study
