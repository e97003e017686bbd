#pragma once

// Units as ONNX nodes. Private to the module.
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/spec.h"
#include "base/tensor.h"

namespace cleave::train {

/// A convolution of a unit: filter×filter, padded so that only the stride changes the size.
struct UnitConv {
  std::int64_t channels = 1;
  int filter = 1;
  int stride = 1;
  bool transposed = false;
};

/// Writes a unit's layers behind each other, first those of the reduction, after cross() those of
/// the restoration. Not thread-safe.
class UnitBuilder {
 public:
  /// `value` is what is reduced, 1×C×H×W.
  UnitBuilder(TensorSpec value, std::uint64_t seed);

  const TensorSpec& value() const { return value_; }

  /// A convolution, its batch norm and, where `relu`, a ReLU. A transposed one gives
  /// `height`×`width`, any size that its stride can give.
  void add(const std::string& name, const UnitConv& conv, bool relu = true);
  /// What was made so far is the code.
  void cross() { code_ = last_; }
  void set_canonical(std::string spec) { canonical_ = std::move(spec); }

  const std::vector<onnx::NodeProto>& nodes() const { return nodes_; }
  const std::vector<onnx::TensorProto>& weights() const { return weights_; }
  const std::string& code() const { return code_; }
  const std::string& restored() const { return last_; }
  const std::string& canonical() const { return canonical_; }
  bool makes(const std::string& name) const;

 private:
  onnx::NodeProto& node(const std::string& op, const std::string& name,
                        std::vector<std::string> inputs);
  std::string weight(const std::string& name, const Shape& shape, float value);
  std::string drawn(const std::string& name, const Shape& shape, double deviation);

  TensorSpec value_;
  Random random_;
  std::string last_;
  std::string code_;
  std::string canonical_;
  std::int64_t channels_;
  std::vector<std::pair<std::int64_t, std::int64_t>> sizes_;  ///< before each stride
  std::pair<std::int64_t, std::int64_t> size_;
  std::vector<onnx::NodeProto> nodes_;
  std::vector<onnx::TensorProto> weights_;
};

/// Rows of the table of units: each writes one and says its canonical spec.
Result<void> build_butterfly(const Spec& spec, UnitBuilder& builder);
Result<void> build_bottleneck(const Spec& spec, UnitBuilder& builder);

/// The setting `last`: is there a ReLU at the end?
Result<bool> last_is_relu(const Spec& spec);

}  // namespace cleave::train
