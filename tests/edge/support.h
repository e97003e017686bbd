#pragma once

// What the edge's tests share: a small real network, cut, on disk; the real server; its failings.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/folder.h"
#include "bundle/bundle.h"
#include "cloud/inference_service.h"
#include "edge/runner.h"
#include "engine/shared_engine.h"
#include "wire/link_proxy.h"
#include "wire/server.h"

namespace cleave::edge {

SteadyClock& test_clock();

/// The zoo's "tiny" cut in two places, and inputs for it, in a folder of their own.
class TinyBundle {
 public:
  explicit TinyBundle(const std::string& codec = "raw",
                      std::optional<bundle::WholeCosts> costs = std::nullopt,
                      std::vector<std::optional<bundle::CutCosts>> cut_costs = {});

  std::filesystem::path path() const { return folder_ / "bundle"; }
  bundle::Bundle load() const;
  /// A seeded input as a file, and a photo.
  data::InputItem tensor(std::uint64_t seed) const;
  data::InputItem photo(std::uint64_t seed) const;

 private:
  TemporaryFolder folder_;
};

/// A frame with a seeded input.
Frame frame_of(const bundle::Manifest& manifest, std::uint64_t seed);

/// The real service on a bundle, behind a hook that tests break it with.
class HookedService final : public wire::Service {
 public:
  using Infer = std::function<void(wire::InferRequest, wire::InferDone)>;
  explicit HookedService(const std::filesystem::path& bundle);

  /// Called in place of the service's own infer(); empty for that. Set before requests come.
  Infer hook;
  void real_infer(wire::InferRequest request, wire::InferDone done);

  wire::ServerMetadata server_metadata() const override { return service_->server_metadata(); }
  Result<wire::ModelMetadata> model_metadata(std::string_view name,
                                             std::string_view version) const override {
    return service_->model_metadata(name, version);
  }
  std::vector<wire::ModelEntry> repository_index() const override {
    return service_->repository_index();
  }
  void infer(wire::InferRequest request, wire::IsAbandoned is_abandoned,
             wire::InferDone done) override;
  std::string metrics_text() const override { return service_->metrics_text(); }

 private:
  std::unique_ptr<cloud::InferenceService> service_;
};

/// A service on a port of its own.
class TestServer {
 public:
  explicit TestServer(wire::Service& service, int port = 0);
  std::string address() const;
  int port() const { return server_->grpc_port(); }

 private:
  std::unique_ptr<wire::Server> server_;
};

/// An emulated link to a server; fails the test where it cannot be had.
std::unique_ptr<wire::LinkProxy> start_link(const std::string& target, const Link& link);

/// A runner on the bundle; fails the test where there is none.
std::unique_ptr<Runner> make_runner(const TinyBundle& bundle, const std::string& strategy,
                                    const std::string& server, RunnerOptions options = {});

/// Largest difference over the outputs, relative to their range.
double difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b);
/// Halves joined and two ways to the same network may differ by this.
inline constexpr double kSameAnswer = 1e-4;

}  // namespace cleave::edge
