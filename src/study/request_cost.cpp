#include "study/request_cost.h"

#include "base/stats.h"
#include "profile/measure.h"
#include "wire/client.h"
#include "wire/server.h"

namespace cleave::study {
namespace {

constexpr int kRequests = 15;
constexpr auto kTimeout = std::chrono::seconds(5);
/// A packet of a split and the logits of a classifier.
constexpr std::size_t kRequestBytes = 10'000;
constexpr std::size_t kAnswerBytes = 4'000;

/// Answers every request with the same tensor.
class Echo final : public wire::Service {
 public:
  wire::ServerMetadata server_metadata() const override { return {}; }
  Result<wire::ModelMetadata> model_metadata(std::string_view, std::string_view) const override {
    return fail(ErrorCode::kNotFound, "study.request", "there are no models here");
  }
  std::vector<wire::ModelEntry> repository_index() const override { return {}; }
  std::string metrics_text() const override { return {}; }
  void infer(wire::InferRequest request, wire::IsAbandoned, wire::InferDone done) override {
    wire::InferResponse response;
    response.model_name = request.model_name;
    response.outputs.push_back(
        wire::bytes_tensor("answer", {1}, {std::string(kAnswerBytes, '\0')}));
    done(std::move(response));
  }
};

}  // namespace

Result<double> measure_request_ms(Clock& clock) {
  Echo echo;
  wire::ServerOptions options;
  options.host = "127.0.0.1";
  options.http_port = -1;
  const auto server = CLEAVE_TRY(wire::Server::start(echo, options));
  const auto client =
      CLEAVE_TRY(wire::Client::connect("127.0.0.1:" + std::to_string(server->grpc_port())));
  CLEAVE_CHECK(client->live(kTimeout));
  std::vector<double> ms;
  for (int i = 0; i < kRequests; ++i) {
    wire::InferRequest request;
    request.model_name = "echo";
    request.inputs.push_back(wire::bytes_tensor("packet", {1}, {std::string(kRequestBytes, '\0')}));
    clock.sleep_until(clock.now() + from_ms(profile::kIdleMs));
    const Nanos start = clock.now();
    CLEAVE_CHECK(client->infer(std::move(request), kTimeout));
    ms.push_back(to_ms(clock.now() - start));
  }
  return summarize(ms).median;
}

}  // namespace cleave::study
