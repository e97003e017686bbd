#pragma once

// What the server's tests share: a small real network, cut, on disk, and a service that runs it.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/folder.h"
#include "cloud/inference_service.h"
#include "cloud/repository.h"
#include "engine/shared_engine.h"

namespace cleave::cloud {

/// How pictures become the zoo's "tiny" network's input.
inline constexpr std::string_view kTinyPictures = "image:size=64,mean=imagenet";

/// Writes the network "tiny" of this seed as an ONNX file.
void write_tiny(const std::filesystem::path& file, std::uint64_t seed);

struct BundleRecipe {
  std::uint64_t seed = 1;
  std::string name = "split";
  std::string model_name = "tiny";
  std::vector<int> cuts = {2, 5};
  std::string codec = "quant:bits=8,range=minmax|zstd:level=3";
};
/// Cuts "tiny" and writes the bundle.
void write_tiny_bundle(const std::filesystem::path& folder, const BundleRecipe& recipe = {});

/// A service on the real engine and the real clock.
std::unique_ptr<InferenceService> start_service(const std::vector<std::filesystem::path>& paths,
                                                std::size_t queue_capacity = 256,
                                                const RepositoryOptions& options = {});

/// Asks and waits for the answer.
Result<wire::InferResponse> infer(wire::Service& service, wire::InferRequest request);

/// A request with one input.
wire::InferRequest request_of(const std::string& model, wire::WireTensor input);

/// The f32 values of an output.
std::vector<float> floats(const wire::WireTensor& output);
std::vector<float> floats(const Tensor& tensor);

/// The largest difference between two answers, which must have the same length.
double largest_difference(const std::vector<float>& a, const std::vector<float>& b);
/// Two runs of one network on one machine may take different kernels and add in another order.
inline constexpr double kSameAnswer = 1e-4;

/// The session of an ONNX file, for answers to compare with.
std::unique_ptr<engine::Session> session_of(const std::filesystem::path& file);

}  // namespace cleave::cloud
