#include "edge/support.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/random_tensor.h"
#include "bundle/tolerance.h"
#include "bundle/writer.h"
#include "cloud/repository.h"
#include "data/npy.h"
#include "data/synthetic.h"
#include "graph/model.h"
#include "zoo/zoo.h"

namespace cleave::edge {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return *std::move(result);
}

void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
}

}  // namespace

SteadyClock& test_clock() {
  static SteadyClock clock;
  return clock;
}

TinyBundle::TinyBundle(const std::string& codec, std::optional<bundle::WholeCosts> costs,
                       std::vector<std::optional<bundle::CutCosts>> cut_costs) {
  const std::string onnx = must(zoo::build("tiny", 1));
  const graph::Model model = must(graph::Model::parse(onnx));
  bundle::WriteRequest request;
  request.name = "split";
  request.model_name = "tiny";
  request.preprocess = "image:size=64,mean=imagenet";
  request.costs = costs;
  for (const char* cut : {"2", "5"})
    request.cuts.push_back({.cut = must(model.find_cut(cut)), .codec = codec});
  for (std::size_t i = 0; i < cut_costs.size(); ++i) request.cuts[i].costs = cut_costs[i];
  request.samples.push_back(random_tensors(model.inputs(), 1));
  must(bundle::write_bundle(model, test_engine(), request, path()));
}

bundle::Bundle TinyBundle::load() const { return must(bundle::Bundle::load(path())); }

data::InputItem TinyBundle::tensor(std::uint64_t seed) const {
  const auto file = folder_ / (std::to_string(seed) + ".npy");
  must(data::write_npy(file, random_tensors(load().manifest().inputs, seed).front()));
  return {file, data::InputKind::kTensor};
}

data::InputItem TinyBundle::photo(std::uint64_t seed) const {
  const auto file = folder_ / (std::to_string(seed) + ".jpg");
  const auto jpeg = must(data::encode_jpeg(data::synthetic_picture(120, 90, seed), 95));
  must(write_file(file, as_text(jpeg)));
  return {file, data::InputKind::kImage};
}

Frame frame_of(const bundle::Manifest& manifest, std::uint64_t seed) {
  Frame frame;
  frame.index = seed;
  frame.name = "frame " + std::to_string(seed);
  frame.inputs = random_tensors(manifest.inputs, seed);
  return frame;
}

HookedService::HookedService(const std::filesystem::path& bundle) {
  const std::vector<std::filesystem::path> paths{bundle};
  auto networks = must(cloud::load_repository(test_engine(), paths, {}));
  service_ = must(cloud::InferenceService::start(std::move(networks), {}, test_clock()));
}

void HookedService::real_infer(wire::InferRequest request, wire::InferDone done) {
  service_->infer(std::move(request), [] { return false; }, std::move(done));
}

void HookedService::infer(wire::InferRequest request, wire::IsAbandoned is_abandoned,
                          wire::InferDone done) {
  if (hook) return hook(std::move(request), std::move(done));
  service_->infer(std::move(request), std::move(is_abandoned), std::move(done));
}

TestServer::TestServer(wire::Service& service, int port) {
  server_ =
      must(wire::Server::start(service, {.host = "127.0.0.1", .grpc_port = port, .http_port = -1}));
}

std::string TestServer::address() const { return "127.0.0.1:" + std::to_string(port()); }

std::unique_ptr<wire::LinkProxy> start_link(const std::string& target, const Link& link) {
  wire::LinkProxyOptions options;
  options.target = target;
  options.link = link;
  return must(wire::LinkProxy::start(options));
}

std::unique_ptr<Runner> make_runner(const TinyBundle& bundle, const std::string& strategy,
                                    const std::string& server, RunnerOptions options) {
  options.strategy = strategy;
  options.server = server;
  return must(Runner::create(bundle.load(), test_engine(), test_clock(), options));
}

double difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, bundle::relative_difference(a[i], b[i]));
  return largest;
}

}  // namespace cleave::edge
