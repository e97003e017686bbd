#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace cleave::engine {

enum class Precision { kF32, kBf16 };
/// What a compiled model is tuned for: one request as fast as possible, or as many as possible.
enum class Hint { kLatency, kThroughput };

struct EngineOptions {
  int threads = 0;  ///< 0: every processor
  Precision precision = Precision::kF32;
  Hint hint = Hint::kLatency;
};

Result<Precision> parse_precision(std::string_view text);
Result<Hint> parse_hint(std::string_view text);
std::string_view precision_name(Precision precision);
std::string_view hint_name(Hint hint);

/// A compiled network that runs one request at a time.
/// Thread safety: one thread at a time; fork() may be called from any. Sessions forked from each
/// other run in parallel and share one copy of the weights, which lives as long as the last of
/// them.
class Session {
 public:
  virtual ~Session() = default;
  /// The network's inputs and outputs in its own order. A dimension of -1 is known only at run
  /// time.
  virtual const std::vector<TensorSpec>& inputs() const = 0;
  virtual const std::vector<TensorSpec>& outputs() const = 0;
  /// Runs the network; inputs in the order of inputs(), results in the order of outputs().
  /// Errors: a wrong count, dtype or shape names the input, what was found and what was expected.
  virtual Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) = 0;
  /// Another session of the same compiled network.
  virtual Result<std::unique_ptr<Session>> fork() const = 0;
  /// How many forked sessions keep the compiled network's threads busy.
  virtual int parallel_sessions() const = 0;
};

/// Something that runs ONNX networks. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Name and version, as it is written into profiles: "openvino 2026.4.1".
  virtual std::string name() const = 0;
  /// Compiles a serialised ONNX model whose input shapes are known. Takes the bytes by value to
  /// free them early: compiling needs the memory that they would hold.
  virtual Result<std::unique_ptr<Session>> compile(std::string onnx_bytes,
                                                   const EngineOptions& options) = 0;
  /// Types and shapes of the model's named values, as far as the engine can tell; see
  /// graph::TypeInference.
  virtual Result<std::vector<TensorSpec>> infer_types(std::string_view onnx_bytes,
                                                      std::span<const TensorSpec> inputs) = 0;
};

/// Is `found` a shape that `expected` allows, where -1 stands for any dimension?
bool shape_fits(const Shape& expected, const Shape& found);
/// Checks a run's inputs against a session's; the shared first step of every adapter's run().
Result<void> check_inputs(std::span<const TensorSpec> expected, std::span<const Tensor> found);

}  // namespace cleave::engine
