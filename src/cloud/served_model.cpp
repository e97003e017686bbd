#include "cloud/served_model.h"

#include <fmt/format.h>

#include <exception>
#include <new>

namespace cleave::cloud {
namespace {

constexpr std::string_view kPlace = "cloud.infer";

std::int64_t whole_us(Nanos duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

Result<std::unique_ptr<ServedModel>> ServedModel::start(Network network, std::size_t queue_capacity,
                                                        const Clock& clock, Metrics& metrics) {
  const int workers = std::max(1, network.session->parallel_sessions());
  std::unique_ptr<ServedModel> model(
      new ServedModel(std::move(network), queue_capacity, clock, metrics));
  while (std::cmp_less(model->sessions_.size(), workers))
    model->sessions_.push_back(CLEAVE_TRY(model->sessions_.front()->fork()));
  for (const auto& session : model->sessions_)
    model->workers_.emplace_back([&model = *model, &session = *session] { model.work(session); });
  return model;
}

ServedModel::ServedModel(Network network, std::size_t queue_capacity, const Clock& clock,
                         Metrics& metrics)
    : network_(std::move(network)),
      metadata_(metadata_of(network_)),
      clock_(clock),
      queue_(queue_capacity),
      metrics_(&metrics.add_model(network_.name, [this] { return queue_.size(); })) {
  sessions_.push_back(std::move(network_.session));
}

ServedModel::~ServedModel() { stop(); }

void ServedModel::submit(wire::InferRequest request, wire::IsAbandoned is_abandoned,
                         wire::InferDone done) {
  auto job = std::make_unique<Job>();
  job->received = clock_.now();
  for (const wire::WireTensor& input : request.inputs)
    job->completion.received_bytes += input.payload_bytes();
  job->request = std::move(request);
  job->is_abandoned = std::move(is_abandoned);
  job->done = std::move(done);
  auto call = read_call(network_, job->request);
  if (!call) return finish(*job, std::unexpected(std::move(call).error()));
  job->call = *std::move(call);
  job->completion.batch = job->call.batch;

  using Push = BoundedQueue<std::unique_ptr<Job>>::Push;
  const Push pushed = queue_.push(job);
  if (pushed == Push::kDone) return;
  finish(*job,
         fail(ErrorCode::kUnavailable, kPlace,
              pushed == Push::kClosed ? fmt::format("model '{}' is shutting down", network_.name)
                                      : fmt::format("queue of '{}' is full: {} requests wait",
                                                    network_.name, queue_.capacity())));
}

void ServedModel::stop() {
  queue_.close();
  const std::lock_guard lock(stopping_);
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ServedModel::work(engine::Session& session) {
  while (auto job = queue_.pop()) {
    Result<wire::InferResponse> result;
    try {
      result = answer(**job, session);
    } catch (const std::bad_alloc&) {
      result = fail(ErrorCode::kResourceExhausted, kPlace, "memory ran out");
    } catch (const std::exception& error) {
      result = fail(ErrorCode::kInternal, kPlace, error.what());
    }
    finish(**job, std::move(result));
  }
}

Result<wire::InferResponse> ServedModel::answer(Job& job, engine::Session& session) const {
  if (job.is_abandoned()) {
    return fail(ErrorCode::kUnavailable, kPlace, "the caller went away before its turn");
  }
  Completion& completion = job.completion;
  completion.queue = clock_.now() - job.received;
  Answer answer = CLEAVE_TRY(execute(network_, session, job.request, job.call, clock_));
  completion.decode = answer.decode;
  completion.compute = answer.compute;
  completion.encode = answer.encode;
  for (const wire::WireTensor& output : answer.outputs)
    completion.sent_bytes += output.payload_bytes();
  wire::InferResponse response{.model_name = job.request.model_name,
                               .model_version = std::string(kVersion),
                               .id = job.request.id,
                               .parameters = {},
                               .outputs = std::move(answer.outputs)};
  response.parameters = {{"cleave_queue_us", whole_us(completion.queue)},
                         {"cleave_decode_us", whole_us(completion.decode)},
                         {"cleave_compute_us", whole_us(completion.compute)},
                         {"cleave_receive_ns", std::int64_t{job.received.count()}}};
  return response;
}

void ServedModel::finish(Job& job, Result<wire::InferResponse> result) const {
  const Nanos now = clock_.now();
  job.completion.succeeded = result.has_value();
  job.completion.total = now - job.received;
  if (result) result->parameters.emplace("cleave_send_ns", std::int64_t{now.count()});
  metrics_->record(job.completion);
  job.done(std::move(result));
}

}  // namespace cleave::cloud
