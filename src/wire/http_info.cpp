#include "wire/http_info.h"

#include <fmt/format.h>

#include "wire/elements.h"
#include "wire/http_tensor.h"

namespace cleave::wire {
namespace {

constexpr std::string_view kPlace = "wire.response";
using Names = std::vector<std::string>;

Json tensors_json(const std::vector<TensorMetadata>& tensors) {
  Json json = Json::array();
  for (const TensorMetadata& tensor : tensors) {
    json.push_back({{"name", tensor.name}, {"datatype", tensor.datatype}, {"shape", tensor.shape}});
  }
  return json;
}

Result<std::vector<TensorMetadata>> tensors_from_json(const Json& json, const char* key) {
  const Json array = CLEAVE_TRY(json_get_or<Json>(json, key, Json::array(), kPlace));
  std::vector<TensorMetadata> tensors;
  for (const Json& tensor : array) {
    TensorMetadata& read = tensors.emplace_back();
    read.name = CLEAVE_TRY(json_get<std::string>(tensor, "name", kPlace));
    read.datatype = CLEAVE_TRY(json_get<std::string>(tensor, "datatype", kPlace));
    read.shape = CLEAVE_TRY(shape_from_json(tensor, kPlace));
  }
  return tensors;
}

Json config_tensors_json(const std::vector<TensorMetadata>& tensors) {
  Json json = Json::array();
  for (const TensorMetadata& tensor : tensors) {
    json.push_back({{"name", tensor.name},
                    {"data_type", config_type_name(tensor.datatype)},
                    {"dims", tensor.shape}});
  }
  return json;
}

Json duration_json(const DurationCount& duration) {
  return {{"count", duration.count}, {"ns", duration.total_ns}};
}

}  // namespace

Json to_json(const ServerMetadata& metadata) {
  return {
      {"name", metadata.name}, {"version", metadata.version}, {"extensions", metadata.extensions}};
}

Result<ServerMetadata> server_metadata_from_json(const Json& json) {
  ServerMetadata metadata;
  metadata.name = CLEAVE_TRY(json_get<std::string>(json, "name", kPlace));
  metadata.version = CLEAVE_TRY(json_get_or<std::string>(json, "version", "", kPlace));
  metadata.extensions = CLEAVE_TRY(json_get_or<Names>(json, "extensions", {}, kPlace));
  return metadata;
}

Json to_json(const ModelMetadata& metadata) {
  Json json = {{"name", metadata.name},
               {"versions", metadata.versions},
               {"platform", metadata.platform},
               {"inputs", tensors_json(metadata.inputs)},
               {"outputs", tensors_json(metadata.outputs)}};
  if (!metadata.parameters.empty()) json["parameters"] = to_json(metadata.parameters);
  return json;
}

Result<ModelMetadata> model_metadata_from_json(const Json& json) {
  ModelMetadata metadata;
  metadata.name = CLEAVE_TRY(json_get<std::string>(json, "name", kPlace));
  metadata.versions = CLEAVE_TRY(json_get_or<Names>(json, "versions", {}, kPlace));
  metadata.platform = CLEAVE_TRY(json_get_or<std::string>(json, "platform", "", kPlace));
  metadata.inputs = CLEAVE_TRY(tensors_from_json(json, "inputs"));
  metadata.outputs = CLEAVE_TRY(tensors_from_json(json, "outputs"));
  if (json.contains("parameters")) {
    metadata.parameters = CLEAVE_TRY(parameters_from_json(json["parameters"], kPlace));
  }
  return metadata;
}

Json config_json(const ModelMetadata& metadata) {
  return {{"name", metadata.name},
          {"platform", metadata.platform},
          {"max_batch_size", 0},
          {"input", config_tensors_json(metadata.inputs)},
          {"output", config_tensors_json(metadata.outputs)}};
}

Json statistics_json(const std::vector<ModelEntry>& entries) {
  Json models = Json::array();
  for (const ModelEntry& entry : entries) {
    const ModelStatistics& statistics = entry.statistics;
    const Json stages = {{"success", duration_json(statistics.success)},
                         {"fail", duration_json(statistics.fail)},
                         {"queue", duration_json(statistics.queue)},
                         {"compute_input", duration_json(statistics.compute_input)},
                         {"compute_infer", duration_json(statistics.compute_infer)},
                         {"compute_output", duration_json(statistics.compute_output)}};
    models.push_back({{"name", entry.name},
                      {"version", entry.version},
                      {"last_inference", statistics.last_inference_ms},
                      {"inference_count", statistics.inference_count},
                      {"execution_count", statistics.execution_count},
                      {"inference_stats", stages},
                      {"batch_stats", Json::array()}});
  }
  return {{"model_stats", std::move(models)}};
}

Json to_json(const std::vector<ModelEntry>& entries) {
  Json json = Json::array();
  for (const ModelEntry& entry : entries) {
    json.push_back({{"name", entry.name},
                    {"version", entry.version},
                    {"state", entry.state},
                    {"reason", entry.reason}});
  }
  return json;
}

Result<std::vector<ModelEntry>> index_from_json(const Json& json) {
  if (!json.is_array()) {
    return fail(ErrorCode::kCorrupt, kPlace,
                fmt::format("the index is {}, expected an array", json.type_name()));
  }
  std::vector<ModelEntry> entries;
  for (const Json& entry : json) {
    ModelEntry& read = entries.emplace_back();
    read.name = CLEAVE_TRY(json_get<std::string>(entry, "name", kPlace));
    read.version = CLEAVE_TRY(json_get_or<std::string>(entry, "version", "", kPlace));
    read.state = CLEAVE_TRY(json_get_or<std::string>(entry, "state", "", kPlace));
    read.reason = CLEAVE_TRY(json_get_or<std::string>(entry, "reason", "", kPlace));
  }
  return entries;
}

Json error_json(std::string_view message) { return {{"error", message}}; }

}  // namespace cleave::wire
