#include <grpcpp/grpcpp.h>
#include <inference.grpc.pb.h>

#include <chrono>

#include "wire/client_impl.h"
#include "wire/grpc_channel.h"
#include "wire/grpc_convert.h"
#include "wire/status.h"

namespace cleave::wire {
namespace {

// A server that comes back should be found soon: gRPC's own pauses grow to two minutes.
constexpr int kReconnectFirstMs = 100;
constexpr int kReconnectLongestMs = 1000;

std::shared_ptr<grpc::Channel> open_channel(const Endpoint& endpoint,
                                            const ClientOptions& options) {
  silence_grpc();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(grpc_message_limit(options.max_message_bytes));
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectFirstMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectLongestMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectLongestMs);
  // Each client has a connection of its own, and goes where it was told to, past any proxy.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(endpoint.to_string(), grpc::InsecureChannelCredentials(),
                                   arguments);
}

class GrpcClient final : public Client {
 public:
  GrpcClient(const Endpoint& endpoint, const ClientOptions& options)
      : endpoint_(endpoint),
        stub_(inference::GRPCInferenceService::NewStub(open_channel(endpoint, options))) {}

  Result<InferReply> infer(InferRequest request, Nanos timeout) override {
    CLEAVE_CHECK(validate(request));
    const inference::ModelInferRequest message = to_proto(std::move(request));
    auto answer = CLEAVE_TRY(call(&Stub::ModelInfer, message, timeout));
    InferReply reply;
    reply.sent_bytes = message.ByteSizeLong();
    reply.received_bytes = answer.ByteSizeLong();
    auto response = response_from_proto(answer);
    if (!response) return nonsense(response.error());
    reply.response = *std::move(response);
    return reply;
  }

  Result<ServerMetadata> server_metadata(Nanos timeout) override {
    const inference::ServerMetadataRequest message;
    return from_proto(CLEAVE_TRY(call(&Stub::ServerMetadata, message, timeout)));
  }

  Result<ModelMetadata> model_metadata(std::string_view name, std::string_view version,
                                       Nanos timeout) override {
    inference::ModelMetadataRequest message;
    message.set_name(std::string(name));
    message.set_version(std::string(version));
    return from_proto(CLEAVE_TRY(call(&Stub::ModelMetadata, message, timeout)));
  }

  Result<std::vector<ModelEntry>> repository_index(Nanos timeout) override {
    const inference::RepositoryIndexRequest message;
    return from_proto(CLEAVE_TRY(call(&Stub::RepositoryIndex, message, timeout)));
  }

  Result<bool> probe(Probe what, std::string_view model, Nanos timeout) override {
    switch (what) {
      case Probe::kLive: {
        const inference::ServerLiveRequest message;
        return CLEAVE_TRY(call(&Stub::ServerLive, message, timeout)).live();
      }
      case Probe::kReady: {
        const inference::ServerReadyRequest message;
        return CLEAVE_TRY(call(&Stub::ServerReady, message, timeout)).ready();
      }
      case Probe::kModelReady:
        break;
    }
    inference::ModelReadyRequest message;
    message.set_name(std::string(model));
    return CLEAVE_TRY(call(&Stub::ModelReady, message, timeout)).ready();
  }

 private:
  using Stub = inference::GRPCInferenceService::Stub;

  template <class Request, class Answer>
  Result<Answer> call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Answer*),
                      const Request& request, Nanos timeout) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::microseconds>(timeout));
    Answer answer;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &answer);
    if (status.ok()) return answer;
    const ErrorCode code = code_of_grpc(status.error_code());
    if (code == ErrorCode::kDeadlineExceeded) return too_late(endpoint_, timeout);
    if (code == ErrorCode::kUnavailable) return unreachable(endpoint_, status.error_message());
    return fail(code, kServerPlace, status.error_message());
  }

  const Endpoint endpoint_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace

std::unique_ptr<Client> make_grpc_client(const Endpoint& endpoint, const ClientOptions& options) {
  return std::make_unique<GrpcClient>(endpoint, options);
}

}  // namespace cleave::wire
