#include "load.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "base/clock.h"
#include "base/random_tensor.h"

namespace cleave::bench {
namespace {

constexpr Nanos kTimeout = std::chrono::seconds(30);
constexpr std::int64_t kHandOffUs = 100;  // longer than an idle worker takes to wake up

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

double process_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

Result<Load> Load::create(const std::vector<std::string>& targets, const std::string& model) {
  Load load;
  for (const std::string& target : targets)
    load.clients_.push_back(CLEAVE_TRY(wire::Client::connect(target)));
  const auto metadata = CLEAVE_TRY(load.clients_.front()->model_metadata(model, "", kTimeout));
  load.request_.model_name = model;
  std::vector<TensorSpec> specs;
  for (const wire::TensorMetadata& input : metadata.inputs)
    specs.push_back(
        {input.name, wire::dtype_of(input.datatype).value_or(DType::kF32), input.shape});
  const std::vector<Tensor> tensors = random_tensors(specs, 1);
  for (std::size_t i = 0; i < specs.size(); ++i)
    load.request_.inputs.push_back(wire::to_wire(specs[i].name, tensors[i]));
  return load;
}

Result<bool> Load::send(wire::Client& client) const {
  const wire::InferReply reply = CLEAVE_TRY(client.infer(request_, kTimeout));
  const auto queue_us = reply.response.parameters.find("cleave_queue_us");
  if (queue_us == reply.response.parameters.end()) return false;
  const auto* us = std::get_if<std::int64_t>(&queue_us->second);
  return us != nullptr && *us > kHandOffUs;
}

Result<LoadResult> Load::run(const std::function<bool(int)>& more) {
  const SteadyClock clock;
  std::atomic<int> begun = 0;
  std::atomic<bool> failed = false;
  const double cpu_before = process_cpu_s();
  const Nanos start = clock.now();
  std::vector<std::future<Result<LoadResult>>> workers;
  for (const auto& client : clients_) {
    workers.push_back(std::async(std::launch::async, [&]() -> Result<LoadResult> {
      LoadResult done;
      while (!failed && more(begun++)) {
        const auto waited = send(*client);
        if (!waited) {
          failed = true;
          return std::unexpected(waited.error());
        }
        ++done.requests;
        done.waited += *waited ? 1 : 0;
      }
      return done;
    }));
  }
  LoadResult result;
  for (auto& worker : workers) {
    const LoadResult done = CLEAVE_TRY(worker.get());
    result.requests += done.requests;
    result.waited += done.waited;
  }
  result.wall_s = to_ms(clock.now() - start) / 1e3;
  result.cpu_s = process_cpu_s() - cpu_before;
  return result;
}

Result<LoadResult> Load::run_for(double seconds) {
  const SteadyClock clock;
  const Nanos end = clock.now() + from_ms(seconds * 1e3);
  return run([&](int) { return clock.now() < end; });
}

Result<LoadResult> Load::run_count(int requests) {
  return run([&](int begun) { return begun < requests; });
}

}  // namespace cleave::bench
