#include "cloud/support.h"

#include <stdlib.h>

#include <cmath>
#include <future>

#include "base/file.h"
#include "base/random_tensor.h"
#include "bundle/writer.h"
#include "graph/model.h"
#include "zoo/zoo.h"

namespace cleave::cloud {

void write_tiny(const std::filesystem::path& file, std::uint64_t seed) {
  ASSERT_TRUE(write_file(file, zoo::build("tiny", seed).value()));
}

void write_tiny_bundle(const std::filesystem::path& folder, const BundleRecipe& recipe) {
  const auto model = graph::Model::parse(zoo::build("tiny", recipe.seed).value());
  ASSERT_TRUE(model) << model.error().to_string();
  bundle::WriteRequest request;
  request.name = recipe.name;
  request.model_name = recipe.model_name;
  for (int cut : recipe.cuts)
    request.cuts.push_back(
        {.cut = model->find_cut(std::to_string(cut)).value(), .codec = recipe.codec});
  request.samples.push_back(random_tensors(model->inputs(), 7));
  request.preprocess = kTinyPictures;
  const auto written = bundle::write_bundle(*model, test_engine(), request, folder);
  ASSERT_TRUE(written) << written.error().to_string();
}

std::unique_ptr<InferenceService> start_service(const std::vector<std::filesystem::path>& paths,
                                                std::size_t queue_capacity,
                                                const RepositoryOptions& options) {
  static const SteadyClock kClock;
  auto networks = load_repository(test_engine(), paths, options);
  if (!networks) {
    ADD_FAILURE() << networks.error().to_string();
    return nullptr;
  }
  return InferenceService::start(*std::move(networks),
                                 {.queue_capacity = queue_capacity, .server_version = "test"},
                                 kClock)
      .value();
}

Result<wire::InferResponse> infer(wire::Service& service, wire::InferRequest request) {
  std::promise<Result<wire::InferResponse>> promise;
  service.infer(
      std::move(request), [] { return false; },
      [&](Result<wire::InferResponse> answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}

wire::InferRequest request_of(const std::string& model, wire::WireTensor input) {
  wire::InferRequest request;
  request.model_name = model;
  request.id = "7";
  request.inputs.push_back(std::move(input));
  return request;
}

std::vector<float> floats(const wire::WireTensor& output) {
  return floats(wire::from_wire(output).value());
}

std::vector<float> floats(const Tensor& tensor) {
  const auto values = tensor.as<float>();
  return {values.begin(), values.end()};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(double{a[i]} - double{b[i]});
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

std::unique_ptr<engine::Session> session_of(const std::filesystem::path& file) {
  return test_engine().compile(read_file(file).value(), {}).value();
}

}  // namespace cleave::cloud
