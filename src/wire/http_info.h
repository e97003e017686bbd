#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "wire/types.h"

// What a server tells about itself and its models, in JSON.
namespace cleave::wire {

Json to_json(const ServerMetadata& metadata);
Result<ServerMetadata> server_metadata_from_json(const Json& json);

Json to_json(const ModelMetadata& metadata);
Result<ModelMetadata> model_metadata_from_json(const Json& json);
/// The model configuration and statistics that load generators ask for.
Json config_json(const ModelMetadata& metadata);
Json statistics_json(const std::vector<ModelEntry>& entries);

/// The repository index.
Json to_json(const std::vector<ModelEntry>& entries);
Result<std::vector<ModelEntry>> index_from_json(const Json& json);

/// {"error": …}
Json error_json(std::string_view message);

}  // namespace cleave::wire
