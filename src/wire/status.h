#pragma once

#include "base/result.h"

namespace cleave::wire {

/// How an error travels: the number of the gRPC status and of the HTTP status for a code.
int grpc_status_of(ErrorCode code);
int http_status_of(ErrorCode code);

/// The code that a peer's status stands for; kInternal for one that no error of ours maps to.
ErrorCode code_of_grpc(int status);
ErrorCode code_of_http(int status);

}  // namespace cleave::wire
