#include "wire/grpc_front.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <inference.grpc.pb.h>

#include <atomic>
#include <chrono>

#include "wire/endpoint.h"
#include "wire/grpc_channel.h"
#include "wire/grpc_convert.h"
#include "wire/status.h"

namespace cleave::wire {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

grpc::Status status_of(const Error& error) {
  return {static_cast<grpc::StatusCode>(grpc_status_of(error.code)), error.to_string()};
}

ServerUnaryReactor* finish(CallbackServerContext* context, const grpc::Status& status) {
  ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// One inference from its start to gRPC's last word, OnDone(), which deletes it.
class InferCall final : public ServerUnaryReactor {
 public:
  InferCall(Service& service, inference::ModelInferRequest& message,
            inference::ModelInferResponse& answer)
      : answer_(answer) {
    auto request = request_from_proto(message);
    if (!request) {
      Finish(status_of(request.error()));
      return;
    }
    // The service may keep the question longer than this call lives, so the flag is shared.
    service.infer(
        *std::move(request), [flag = is_cancelled_] { return flag->load(); },
        [this](Result<InferResponse> response) { finish(std::move(response)); });
  }

  void OnCancel() override { is_cancelled_->store(true); }
  void OnDone() override { delete this; }

 private:
  void finish(Result<InferResponse> response) {
    if (response) {
      if (auto form = validate(*response); !form) response = std::unexpected(form.error());
    }
    if (!response) return Finish(status_of(response.error()));
    to_proto(*std::move(response), answer_);
    Finish(grpc::Status::OK);
  }

  inference::ModelInferResponse& answer_;
  std::shared_ptr<std::atomic<bool>> is_cancelled_ = std::make_shared<std::atomic<bool>>(false);
};

class Adapter final : public inference::GRPCInferenceService::CallbackService {
 public:
  explicit Adapter(wire::Service& service) : service_(service) {}

  ServerUnaryReactor* ServerLive(CallbackServerContext* context,
                                 const inference::ServerLiveRequest*,
                                 inference::ServerLiveResponse* answer) override {
    answer->set_live(true);
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* ServerReady(CallbackServerContext* context,
                                  const inference::ServerReadyRequest*,
                                  inference::ServerReadyResponse* answer) override {
    answer->set_ready(is_ready(service_));
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* ModelReady(CallbackServerContext* context,
                                 const inference::ModelReadyRequest* request,
                                 inference::ModelReadyResponse* answer) override {
    const auto ready = is_model_ready(service_, request->name(), request->version());
    if (!ready) return finish(context, status_of(ready.error()));
    answer->set_ready(*ready);
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* ServerMetadata(CallbackServerContext* context,
                                     const inference::ServerMetadataRequest*,
                                     inference::ServerMetadataResponse* answer) override {
    to_proto(service_.server_metadata(), *answer);
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* ModelMetadata(CallbackServerContext* context,
                                    const inference::ModelMetadataRequest* request,
                                    inference::ModelMetadataResponse* answer) override {
    const auto metadata = service_.model_metadata(request->name(), request->version());
    if (!metadata) return finish(context, status_of(metadata.error()));
    to_proto(*metadata, *answer);
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* ModelConfig(CallbackServerContext* context,
                                  const inference::ModelConfigRequest* request,
                                  inference::ModelConfigResponse* answer) override {
    const auto metadata = service_.model_metadata(request->name(), request->version());
    if (!metadata) return finish(context, status_of(metadata.error()));
    to_proto(*metadata, *answer->mutable_config());
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* ModelStatistics(CallbackServerContext* context,
                                      const inference::ModelStatisticsRequest* request,
                                      inference::ModelStatisticsResponse* answer) override {
    const auto entries = entries_of(service_, request->name(), request->version());
    if (!entries) return finish(context, status_of(entries.error()));
    for (const ModelEntry& entry : *entries) to_proto(entry, *answer->add_model_stats());
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* RepositoryIndex(CallbackServerContext* context,
                                      const inference::RepositoryIndexRequest* request,
                                      inference::RepositoryIndexResponse* answer) override {
    for (const ModelEntry& entry : service_.repository_index()) {
      if (!request->ready() || entry.state == "READY") to_proto(entry, *answer->add_models());
    }
    return finish(context, grpc::Status::OK);
  }

  ServerUnaryReactor* ModelInfer(CallbackServerContext*,
                                 const inference::ModelInferRequest* request,
                                 inference::ModelInferResponse* answer) override {
    // gRPC made the message for this call alone and only destroys it afterwards: its payloads are
    // ours to take, which spares a copy of each.
    return new InferCall(service_, const_cast<inference::ModelInferRequest&>(*request), *answer);
  }

 private:
  wire::Service& service_;  // not the generated class of the same name
};

}  // namespace

struct GrpcFront::Running {
  explicit Running(Service& service) : adapter(service) {}
  Adapter adapter;
  std::unique_ptr<grpc::Server> server;
};

GrpcFront::GrpcFront(std::unique_ptr<Running> running, int port)
    : running_(std::move(running)), port_(port) {}
GrpcFront::~GrpcFront() { shutdown(Nanos(0)); }

Result<std::unique_ptr<GrpcFront>> GrpcFront::start(Service& service,
                                                    const ServerOptions& options) {
  const std::string address = Endpoint{options.host, options.grpc_port}.to_string();
  silence_grpc();
  auto running = std::make_unique<Running>(service);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&running->adapter);
  builder.SetMaxReceiveMessageSize(grpc_message_limit(options.max_message_bytes));
  builder.SetMaxSendMessageSize(-1);
  // gRPC applies the limit to what arrives and unpacks it after that, however much comes out.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  // Two servers on one port would share its requests without either knowing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  running->server = builder.BuildAndStart();
  if (!running->server || port == 0) {
    return fail(
        ErrorCode::kIo, "wire.grpc",
        fmt::format("cannot listen on {}: the port is taken or the host is not this one", address));
  }
  return std::unique_ptr<GrpcFront>(new GrpcFront(std::move(running), port));
}

void GrpcFront::shutdown(Nanos grace) {
  running_->server->Shutdown(std::chrono::system_clock::now() +
                             std::chrono::duration_cast<std::chrono::microseconds>(grace));
}

}  // namespace cleave::wire
