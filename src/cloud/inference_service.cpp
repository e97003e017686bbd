#include "cloud/inference_service.h"

#include <fmt/format.h>

#include "base/spec.h"

namespace cleave::cloud {
namespace {

constexpr std::string_view kPlace = "cloud";

}  // namespace

Result<std::unique_ptr<InferenceService>> InferenceService::start(std::vector<Network> networks,
                                                                  const ServiceOptions& options,
                                                                  const Clock& clock) {
  std::unique_ptr<InferenceService> service(new InferenceService(options.server_version));
  for (Network& network : networks) {
    std::string name = network.name;
    service->models_.emplace(
        std::move(name), CLEAVE_TRY(ServedModel::start(std::move(network), options.queue_capacity,
                                                       clock, service->metrics_)));
  }
  return service;
}

InferenceService::~InferenceService() { stop(); }

wire::ServerMetadata InferenceService::server_metadata() const {
  return {.name = "cleave",
          .version = version_,
          .extensions = {"binary_tensor_data", "model_configuration", "model_repository",
                         "parameters", "sequence", "statistics", "cleave_packet", "cleave_image"}};
}

Result<wire::ModelMetadata> InferenceService::model_metadata(std::string_view name,
                                                             std::string_view version) const {
  return CLEAVE_TRY(find(name, version))->metadata();
}

std::vector<wire::ModelEntry> InferenceService::repository_index() const {
  std::vector<wire::ModelEntry> index;
  for (const auto& [name, model] : models_)
    index.push_back({.name = name,
                     .version = std::string(kVersion),
                     .reason = {},
                     .statistics = model->statistics()});
  return index;
}

void InferenceService::infer(wire::InferRequest request, wire::IsAbandoned is_abandoned,
                             wire::InferDone done) {
  const auto model = find(request.model_name, request.model_version);
  if (!model) return done(std::unexpected(model.error()));
  (*model)->submit(std::move(request), std::move(is_abandoned), std::move(done));
}

std::string InferenceService::metrics_text() const { return metrics_.text(); }

void InferenceService::stop() {
  for (const auto& [name, model] : models_) model->stop();
}

Result<ServedModel*> InferenceService::find(std::string_view name, std::string_view version) const {
  const auto it = models_.find(name);
  if (it == models_.end()) {
    std::vector<std::string> known;
    for (const auto& [other, model] : models_) known.push_back(other);
    Error error = unknown_name(kPlace, "model", name, known);
    error.code = ErrorCode::kNotFound;
    return std::unexpected(std::move(error));
  }
  if (version.empty() || version == kVersion) return it->second.get();
  return fail(
      ErrorCode::kNotFound, kPlace,
      fmt::format("model '{}' has no version '{}', expected '{}'", name, version, kVersion));
}

}  // namespace cleave::cloud
