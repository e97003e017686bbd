#include "wire/echo_service.h"

#include <algorithm>
#include <array>

namespace cleave::wire {
namespace {

constexpr std::array<std::string_view, 4> kModels{"echo@cut", "add", "slow", "broken"};

Result<InferResponse> echo(InferRequest request) {
  InferResponse response{request.model_name, "1", request.id, request.parameters, {}};
  for (WireTensor& input : request.inputs) {
    const bool is_wanted =
        request.outputs.empty() || std::ranges::any_of(request.outputs, [&](const auto& output) {
          return output.name == input.name;
        });
    if (is_wanted) response.outputs.push_back(std::move(input));
  }
  return response;
}

template <class T>
WireTensor sum(const Tensor& a, const Tensor& b) {
  Tensor total(a.dtype(), a.shape());
  std::ranges::transform(a.as<T>(), b.as<T>(), total.as<T>().begin(), std::plus<T>());
  return to_wire("sum", total);
}

Result<InferResponse> add(const InferRequest& request) {
  if (request.inputs.size() != 2 || request.inputs[0].shape != request.inputs[1].shape ||
      request.inputs[0].datatype != request.inputs[1].datatype) {
    return fail(ErrorCode::kInvalidArgument, "echo", "expected inputs 'a' and 'b' of one shape");
  }
  const Tensor a = CLEAVE_TRY(from_wire(request.inputs[0]));
  const Tensor b = CLEAVE_TRY(from_wire(request.inputs[1]));
  InferResponse response{"add", "1", request.id, {}, {}};
  if (a.dtype() == DType::kF32)
    response.outputs.push_back(sum<float>(a, b));
  else if (a.dtype() == DType::kI64)
    response.outputs.push_back(sum<std::int64_t>(a, b));
  else
    return fail(ErrorCode::kUnsupported, "echo", "expected FP32 or INT64");
  return response;
}

}  // namespace

ServerMetadata EchoService::server_metadata() const {
  return {"echo-server", "1.0", {"binary_tensor_data", "packet"}};
}

Result<ModelMetadata> EchoService::model_metadata(std::string_view name,
                                                  std::string_view version) const {
  const bool is_known = std::ranges::find(kModels, name) != kModels.end();
  if (!is_known || (!version.empty() && version != "1")) {
    return fail(ErrorCode::kNotFound, "echo", "there is no model '" + std::string(name) + "'");
  }
  return ModelMetadata{
      .name = std::string(name),
      .versions = {"1"},
      .platform = "echo",
      .inputs = {{"a", "FP32", {-1, 2}}, {"text", "BYTES", {1}}},
      .outputs = {{"sum", "FP32", {-1, 2}}},
      .parameters = {{"packet", std::string("BYTES")}, {"version", std::int64_t{1}}}};
}

std::vector<ModelEntry> EchoService::repository_index() const {
  std::vector<ModelEntry> entries;
  for (std::string_view name : kModels)
    entries.push_back({std::string(name), "1", "READY", "", {}});
  entries[0].statistics.success = {3, 42};
  return entries;
}

void EchoService::infer(InferRequest request, IsAbandoned is_abandoned, InferDone done) {
  if (auto known = model_metadata(request.model_name, request.model_version); !known) {
    return done(std::unexpected(known.error()));
  }
  if (request.model_name == "add") return done(add(request));
  if (request.model_name == "broken") {
    return done(InferResponse{"broken", "1", "", {}, {{"x", "FP32", {4}, {}, "short", {}}}});
  }
  if (request.model_name == "slow") {
    const std::lock_guard lock(mutex_);
    if (!released_) {
      held_.push_back({std::move(request), std::move(is_abandoned), std::move(done)});
      changed_.notify_all();
      return;
    }
  }
  done(echo(std::move(request)));
}

void EchoService::release() {
  std::vector<Held> held;
  {
    const std::lock_guard lock(mutex_);
    released_ = true;
    held.swap(held_);
  }
  for (Held& one : held) one.done(echo(std::move(one.request)));
}

void EchoService::wait_until_held(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_.size() >= count; });
}

bool EchoService::first_held_is_abandoned() {
  const std::lock_guard lock(mutex_);
  return held_.front().is_abandoned();
}

}  // namespace cleave::wire
