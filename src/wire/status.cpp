#include "wire/status.h"

#include <array>

namespace cleave::wire {
namespace {

struct StatusRow {
  ErrorCode code;
  int grpc;
  int http;
};

// Read backwards, the first row with the status wins.
constexpr std::array<StatusRow, 12> kStatuses{{
    {ErrorCode::kInvalidArgument, 3, 400},    // INVALID_ARGUMENT
    {ErrorCode::kNotThisFormat, 3, 400},      //
    {ErrorCode::kNeedMoreBytes, 3, 400},      //
    {ErrorCode::kCorrupt, 3, 400},            //
    {ErrorCode::kNotFound, 5, 404},           // NOT_FOUND
    {ErrorCode::kUnsupported, 12, 501},       // UNIMPLEMENTED
    {ErrorCode::kInternal, 13, 500},          // INTERNAL
    {ErrorCode::kIo, 13, 500},                //
    {ErrorCode::kOutOfSync, 9, 409},          // FAILED_PRECONDITION
    {ErrorCode::kUnavailable, 14, 503},       // UNAVAILABLE
    {ErrorCode::kDeadlineExceeded, 4, 504},   // DEADLINE_EXCEEDED
    {ErrorCode::kResourceExhausted, 8, 429},  // RESOURCE_EXHAUSTED
}};
constexpr int kGrpcCancelled = 1;
constexpr int kHttpPayloadTooLarge = 413;

}  // namespace

int grpc_status_of(ErrorCode code) {
  for (const StatusRow& row : kStatuses) {
    if (row.code == code) return row.grpc;
  }
  return grpc_status_of(ErrorCode::kInternal);
}

int http_status_of(ErrorCode code) {
  for (const StatusRow& row : kStatuses) {
    if (row.code == code) return row.http;
  }
  return http_status_of(ErrorCode::kInternal);
}

ErrorCode code_of_grpc(int status) {
  // Nobody here cancels a call: the server did, because it goes away.
  if (status == kGrpcCancelled) return ErrorCode::kUnavailable;
  for (const StatusRow& row : kStatuses) {
    if (row.grpc == status) return row.code;
  }
  return ErrorCode::kInternal;
}

ErrorCode code_of_http(int status) {
  if (status == kHttpPayloadTooLarge) return ErrorCode::kResourceExhausted;
  for (const StatusRow& row : kStatuses) {
    if (row.http == status) return row.code;
  }
  return ErrorCode::kInternal;
}

}  // namespace cleave::wire
