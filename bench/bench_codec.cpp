// Speed of the codec on one thread: kernels by instruction set, then whole codecs. Rates are bytes
// of float tensor per second, whatever the payload; counters give the payload's size. Ends with the
// rates that have a target, beside it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "codec/codec.h"
#include "codec/grid.h"
#include "codec/kernels.h"
#include "codec/packet.h"
#include "codec/stream.h"
#include "report.h"

namespace {

using namespace cleave;
using namespace cleave::codec;

/// Features after a rectifier, smooth within each channel, as large as ResNet-50's after its first
/// stage.
Tensor features() {
  Random random(1);
  Tensor tensor(DType::kF32, {1, 256, 56, 56});
  float value = 0;
  for (float& v : tensor.as<float>()) {
    value = 0.8f * value + 0.2f * static_cast<float>(random.normal());
    v = std::max(value, 0.0f);
  }
  return tensor;
}

void set_rate(benchmark::State& state, const Tensor& tensor) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(tensor.byte_size()));
}

void scan(benchmark::State& state, const Kernels& kernels) {
  const Tensor tensor = features();
  const auto values = tensor.as<float>();
  for (auto _ : state) benchmark::DoNotOptimize(kernels.scan(values.data(), values.size()));
  set_rate(state, tensor);
}

void quantise(benchmark::State& state, const Kernels& kernels) {
  const Tensor tensor = features();
  const auto values = tensor.as<float>();
  const ToCodes map = to_codes_of(grid_for(0, 2, 255), 255);
  std::vector<std::uint8_t> codes(values.size());
  for (auto _ : state) {
    kernels.to_codes8(values.data(), values.size(), map, codes.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, tensor);
}

void encode(benchmark::State& state, const std::string& spec) {
  const Tensor tensor = features();
  const Codec codec = *Codec::create(spec);
  std::size_t payload_bytes = 0;
  for (auto _ : state) payload_bytes = codec.encode(tensor)->size();
  set_rate(state, tensor);
  state.counters["payload_bytes"] = static_cast<double>(payload_bytes);
}

void decode(benchmark::State& state, const std::string& spec) {
  const Tensor tensor = features();
  const Codec codec = *Codec::create(spec);
  const Bytes payload = *codec.encode(tensor);
  for (auto _ : state)
    benchmark::DoNotOptimize(codec.decode(payload, tensor.dtype(), tensor.shape()));
  set_rate(state, tensor);
}

void encode_packet_bound(benchmark::State& state) {
  const Tensor tensor = features();
  const Codec codec = *Codec::create("quant");
  for (auto _ : state) benchmark::DoNotOptimize(encode_bound(codec, tensor));
  set_rate(state, tensor);
}

/// The packets of a scene that moves to and fro by a few pixels, after its key frame.
void encode_stream(benchmark::State& state, const std::string& spec) {
  const Tensor still = features();
  const Json calibration = *Codec::calibrate(spec, std::span(&still, 1));
  std::vector<Tensor> frames(4, still);
  for (std::size_t t = 1; t < frames.size(); ++t) {
    const auto values = frames[t].as<float>();
    std::copy(values.begin() + static_cast<std::ptrdiff_t>(t), values.end(), values.begin());
  }
  auto encoder =
      *StreamEncoder::create(*Codec::create(spec, calibration), still.dtype(), still.shape());
  std::size_t at = 0;
  std::size_t packet_bytes = encoder.encode(still)->size();
  for (auto _ : state) packet_bytes = encoder.encode(frames[++at % frames.size()])->size();
  set_rate(state, still);
  state.counters["packet_bytes"] = static_cast<double>(packet_bytes);
}

constexpr const char* kSpecs[] = {"raw",
                                  "f16",
                                  "quant:bits=8",
                                  "quant:bits=8,range=sigma3",
                                  "quant:bits=4",
                                  "quant:bits=16",
                                  "quant:bits=8|zstd:level=3",
                                  "tile|png",
                                  "tile|jpeg:q=85",
                                  "tile|webp:q=75",
                                  "tile|webp:mode=lossless",
                                  "tile|h264:qp=26",
                                  "tile|h264:qp=26,preset=ultrafast",
                                  "tile|h265:qp=26",
                                  "tile|h265:qp=26,preset=ultrafast"};

constexpr const char* kStreamSpecs[] = {"quant:range=sigma3|tile|h264:qp=26,gop=1000",
                                        "quant:range=sigma3|tile|h265:qp=26,gop=1000"};

constexpr double kGigabyte = 1e9;

/// 8-bit quantising of floats on one core: the kernel that this machine runs, and the whole codec
/// around it, which also looks for the range.
std::map<std::string, bench::Target> targets() {
  const bench::Target fast = bench::at_least(2);  // GB/s
  return {{"quantise8/" + std::string(best_kernels().name), fast}, {"encode/quant:bits=8", fast}};
}

/// Google Benchmark's own table; keeps the rates that have a target.
class TargetReporter final : public benchmark::ConsoleReporter {
 public:
  TargetReporter() : ConsoleReporter(::isatty(STDOUT_FILENO) ? OO_ColorTabular : OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto rate = run.counters.find("bytes_per_second");
      if (rate != run.counters.end() && run.run_type == Run::RT_Iteration)
        gb_per_s_[run.benchmark_name()] = rate->second / kGigabyte;
    }
  }

  void print_targets() const {
    fmt::print("\n{:<24} {:>12}  target\n", "", "result");
    for (const auto& [name, target] : targets()) {
      const auto rate = gb_per_s_.find(name);
      if (rate == gb_per_s_.end()) continue;
      fmt::print("{:<24} {:>7.2f} GB/s  at least {:g} GB/s   {}\n", name, rate->second,
                 target.value, target.met_by(rate->second) ? "met" : "MISSED");
    }
  }

 private:
  std::map<std::string, double> gb_per_s_;
};

void register_all() {
  for (const Kernels& kernels : kernels()) {
    const std::string set(kernels.name);
    benchmark::RegisterBenchmark(("scan/" + set).c_str(),
                                 [&](benchmark::State& s) { scan(s, kernels); });
    benchmark::RegisterBenchmark(("quantise8/" + set).c_str(),
                                 [&](benchmark::State& s) { quantise(s, kernels); });
  }
  for (const std::string spec : kSpecs) {
    benchmark::RegisterBenchmark(("encode/" + spec).c_str(),
                                 [spec](benchmark::State& s) { encode(s, spec); });
    benchmark::RegisterBenchmark(("decode/" + spec).c_str(),
                                 [spec](benchmark::State& s) { decode(s, spec); });
  }
  for (const std::string spec : kStreamSpecs) {
    benchmark::RegisterBenchmark(("encode_stream/" + spec).c_str(),
                                 [spec](benchmark::State& s) { encode_stream(s, spec); });
  }
  benchmark::RegisterBenchmark("encode_bound/quant:bits=8", encode_packet_bound);
  for (const auto& [name, target] : targets()) {
    benchmark::AddCustomContext("target " + name, fmt::format("at least {:g} GB/s", target.value));
  }
}

/// The arguments without those that are not Google Benchmark's own.
std::vector<char*> own_arguments(int argc, char** argv) {
  std::vector<char*> own(argv, argv + argc);
  std::erase_if(own, [](std::string_view text) { return text == "--quick" || text == "--full"; });
  return own;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments = own_arguments(argc, argv);
  argc = static_cast<int>(arguments.size());
  register_all();
  benchmark::Initialize(&argc, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(argc, arguments.data())) return 1;
  TargetReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_targets();
  benchmark::Shutdown();
  return 0;
}
