#include "cloud/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <vector>

#include "cloud/network.h"

namespace cleave::cloud {
namespace {

using prometheus::Labels;
using prometheus::Registry;

prometheus::Counter& counter(Registry& registry, const Labels& labels, const char* name,
                             const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Histogram& stage_seconds(Registry& registry, Labels labels, const char* stage) {
  // From far below a millisecond, what decoding takes, to seconds, in steps of about 2.
  static const prometheus::Histogram::BucketBoundaries kSeconds{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
  labels.emplace("stage", stage);
  return prometheus::BuildHistogram()
      .Name("cleave_stage_seconds")
      .Help("Time of each stage of a successful request")
      .Register(registry)
      .Add(labels, kSeconds);
}

double us(Nanos duration) { return std::chrono::duration<double, std::micro>(duration).count(); }
double seconds(Nanos duration) { return std::chrono::duration<double>(duration).count(); }

void add(wire::DurationCount& sum, Nanos duration) {
  sum.count += 1;
  sum.total_ns += static_cast<std::uint64_t>(duration.count());
}

class PrometheusModel final : public ModelMetrics {
 public:
  PrometheusModel(Registry& registry, const std::string& name)
      : labels_{{"model", name}, {"version", std::string(kVersion)}},
        success_(counter(registry, labels_, "nv_inference_request_success",
                         "Requests answered with a result")),
        failure_(counter(registry, labels_, "nv_inference_request_failure",
                         "Requests answered with an error")),
        inferences_(counter(registry, labels_, "nv_inference_count",
                            "Inferences, each sample of a batch counted")),
        executions_(counter(registry, labels_, "nv_inference_exec_count", "Runs of the network")),
        request_us_(counter(registry, labels_, "nv_inference_request_duration_us",
                            "Time from arrival to answer, successes only")),
        queue_us_(counter(registry, labels_, "nv_inference_queue_duration_us",
                          "Time spent waiting for a worker")),
        input_us_(counter(registry, labels_, "nv_inference_compute_input_duration_us",
                          "Time spent turning bytes into input tensors")),
        infer_us_(counter(registry, labels_, "nv_inference_compute_infer_duration_us",
                          "Time spent in the engine")),
        output_us_(counter(registry, labels_, "nv_inference_compute_output_duration_us",
                           "Time spent turning output tensors into bytes")),
        received_(
            counter(registry, labels_, "cleave_received_bytes_total", "Payload bytes of requests")),
        sent_(counter(registry, labels_, "cleave_sent_bytes_total", "Payload bytes of answers")),
        queue_(stage_seconds(registry, labels_, "queue")),
        decode_(stage_seconds(registry, labels_, "decode")),
        tail_(stage_seconds(registry, labels_, "tail")) {}

  const Labels& labels() const { return labels_; }

  void record(const Completion& c) override {
    received_.Increment(static_cast<double>(c.received_bytes));
    sent_.Increment(static_cast<double>(c.sent_bytes));
    if (c.succeeded) {
      record_success(c);
    } else {
      failure_.Increment();
    }
    const std::lock_guard lock(mutex_);
    if (!c.succeeded) return add(totals_.fail, c.total);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    totals_.last_inference_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    totals_.inference_count += static_cast<std::uint64_t>(c.batch);
    totals_.execution_count += static_cast<std::uint64_t>(c.batch);
    add(totals_.success, c.total);
    add(totals_.queue, c.queue);
    add(totals_.compute_input, c.decode);
    add(totals_.compute_infer, c.compute);
    add(totals_.compute_output, c.encode);
  }

  wire::ModelStatistics statistics() const override {
    const std::lock_guard lock(mutex_);
    return totals_;
  }

 private:
  void record_success(const Completion& c) {
    success_.Increment();
    inferences_.Increment(static_cast<double>(c.batch));
    executions_.Increment(static_cast<double>(c.batch));
    request_us_.Increment(us(c.total));
    queue_us_.Increment(us(c.queue));
    input_us_.Increment(us(c.decode));
    infer_us_.Increment(us(c.compute));
    output_us_.Increment(us(c.encode));
    queue_.Observe(seconds(c.queue));
    decode_.Observe(seconds(c.decode));
    tail_.Observe(seconds(c.compute));
  }

  Labels labels_;
  prometheus::Counter &success_, &failure_, &inferences_, &executions_;
  prometheus::Counter &request_us_, &queue_us_, &input_us_, &infer_us_, &output_us_;
  prometheus::Counter &received_, &sent_;
  prometheus::Histogram &queue_, &decode_, &tail_;
  mutable std::mutex mutex_;
  wire::ModelStatistics totals_;
};

struct Pending {
  prometheus::Gauge* gauge;
  std::function<std::size_t()> count;
};

}  // namespace

struct Metrics::Pages {
  Registry registry;
  prometheus::Gauge& resident = prometheus::BuildGauge()
                                    .Name("cleave_process_resident_bytes")
                                    .Help("Memory of the process that is resident")
                                    .Register(registry)
                                    .Add({});
  prometheus::Family<prometheus::Gauge>& pending_family =
      prometheus::BuildGauge()
          .Name("nv_inference_pending_request_count")
          .Help("Requests waiting for a worker now")
          .Register(registry);
  std::mutex mutex;  ///< of the two below
  std::vector<std::unique_ptr<PrometheusModel>> models;
  std::vector<Pending> pending;
};

Metrics::Metrics() : pages_(std::make_unique<Pages>()) {}
Metrics::~Metrics() = default;

ModelMetrics& Metrics::add_model(const std::string& name, std::function<std::size_t()> pending) {
  const std::lock_guard lock(pages_->mutex);
  auto model = std::make_unique<PrometheusModel>(pages_->registry, name);
  pages_->pending.push_back({&pages_->pending_family.Add(model->labels()), std::move(pending)});
  return *pages_->models.emplace_back(std::move(model));
}

std::string Metrics::text() const {
  const std::lock_guard lock(pages_->mutex);
  pages_->resident.Set(static_cast<double>(resident_bytes()));
  for (const Pending& pending : pages_->pending)
    pending.gauge->Set(static_cast<double>(pending.count()));
  return prometheus::TextSerializer().Serialize(pages_->registry.Collect());
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  if (!(file >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace cleave::cloud
