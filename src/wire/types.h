#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::wire {

/// Limits that every request and response must keep, whichever transport brings it.
inline constexpr std::size_t kMaxTensors = 1024;
inline constexpr std::size_t kMaxRank = 32;

/// The name of text and opaque byte strings among the protocol's datatypes; it has no DType.
inline constexpr std::string_view kBytes = "BYTES";

/// A value of the protocol's free-form parameters.
using Parameter = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;
using Parameters = std::map<std::string, Parameter, std::less<>>;

/// The protocol's spelling of an element type ("FP32", "INT64", "BOOL", …) and back.
std::string_view datatype_of(DType dtype);
std::optional<DType> dtype_of(std::string_view datatype);

/// A tensor as the protocol carries it. BYTES keeps one string per element in `elements`; every
/// other datatype keeps its elements in `bytes`: row-major, little-endian, without gaps.
struct WireTensor {
  std::string name;
  std::string datatype;
  Shape shape;
  Parameters parameters;
  std::string bytes;
  std::vector<std::string> elements;

  /// Bytes of data: that of `bytes`, or the sum over `elements`.
  std::size_t payload_bytes() const;
};

/// Checks the name, the datatype, the shape (known, at most kMaxRank dimensions, no overflow) and
/// that the data has exactly the length which datatype and shape ask for; kInvalidArgument says
/// what was found and expected.
Result<void> validate(const WireTensor& tensor, std::string_view place);

/// Copies the data once. The first cannot fail; the second validates, and refuses BYTES.
WireTensor to_wire(std::string name, const Tensor& tensor);
Result<Tensor> from_wire(const WireTensor& tensor);
/// A BYTES tensor; `shape` must ask for as many elements as are given (validate() tells).
WireTensor bytes_tensor(std::string name, Shape shape, std::vector<std::string> elements);

/// An output that the caller wants; a request without any wants all.
struct RequestedOutput {
  std::string name;
  Parameters parameters;
};

struct InferRequest {
  std::string model_name;
  std::string model_version;
  std::string id;
  Parameters parameters;
  std::vector<WireTensor> inputs;
  std::vector<RequestedOutput> outputs;
};

struct InferResponse {
  std::string model_name;
  std::string model_version;
  std::string id;
  Parameters parameters;
  std::vector<WireTensor> outputs;
};

/// Checks every tensor, the limits, and that no name stands twice.
Result<void> validate(const InferRequest& request);
Result<void> validate(const InferResponse& response);

/// An input or output as a model declares it; -1 is a dimension that may vary.
struct TensorMetadata {
  std::string name;
  std::string datatype;
  Shape shape;
  bool operator==(const TensorMetadata&) const = default;
};

/// What a server tells of a model. `parameters` is an extension that stock clients pass over.
struct ModelMetadata {
  std::string name;
  std::vector<std::string> versions;
  std::string platform;
  std::vector<TensorMetadata> inputs;
  std::vector<TensorMetadata> outputs;
  Parameters parameters;
  bool operator==(const ModelMetadata&) const = default;
};

struct ServerMetadata {
  std::string name;
  std::string version;
  std::vector<std::string> extensions;
  bool operator==(const ServerMetadata&) const = default;
};

/// How often something happened and how long it took in all.
struct DurationCount {
  std::uint64_t count = 0;
  std::uint64_t total_ns = 0;
  bool operator==(const DurationCount&) const = default;
};

/// A model's running totals since it was loaded, stage by stage, as load generators read them.
struct ModelStatistics {
  std::uint64_t last_inference_ms = 0;  ///< since the Unix epoch
  std::uint64_t inference_count = 0;    ///< requests times their batch
  std::uint64_t execution_count = 0;    ///< runs of the network; fewer where requests were batched
  DurationCount success, fail, queue, compute_input, compute_infer, compute_output;
  bool operator==(const ModelStatistics&) const = default;
};

/// One line of the repository index.
struct ModelEntry {
  std::string name;
  std::string version;
  std::string state = "READY";  ///< "READY", "LOADING", "UNAVAILABLE"
  std::string reason;           ///< why it is not ready
  ModelStatistics statistics;
  bool operator==(const ModelEntry&) const = default;
};

}  // namespace cleave::wire
