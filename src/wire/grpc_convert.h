#pragma once

#include <inference.pb.h>

#include "base/result.h"
#include "wire/service.h"
#include "wire/types.h"

// Between the types of wire/types.h and the protocol's messages. Payloads move where they can.
namespace cleave::wire {

/// Takes the message's payloads. Raw and typed contents are both read; the result is validated.
Result<InferRequest> request_from_proto(inference::ModelInferRequest& message);
Result<InferResponse> response_from_proto(inference::ModelInferResponse& message);

/// Data leave as raw contents.
inference::ModelInferRequest to_proto(InferRequest request);
void to_proto(InferResponse response, inference::ModelInferResponse& message);

void to_proto(const ServerMetadata& metadata, inference::ServerMetadataResponse& message);
ServerMetadata from_proto(const inference::ServerMetadataResponse& message);

void to_proto(const ModelMetadata& metadata, inference::ModelMetadataResponse& message);
ModelMetadata from_proto(const inference::ModelMetadataResponse& message);
/// What load generators ask for besides: the same facts, batch handling left to the shapes.
void to_proto(const ModelMetadata& metadata, inference::ModelConfig& message);

void to_proto(const ModelEntry& entry, inference::RepositoryIndexResponse::ModelIndex& message);
void to_proto(const ModelEntry& entry, inference::ModelStatistics& message);
std::vector<ModelEntry> from_proto(const inference::RepositoryIndexResponse& message);

}  // namespace cleave::wire
