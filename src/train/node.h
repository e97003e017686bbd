#pragma once

// One ONNX node as operators read it. Private to the module.
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cleave::train {

/// Whether a domain is that of ONNX's own operators.
inline bool is_standard(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }
/// The version of ONNX's own operator set that a network names; 1 where it names none.
int opset_of(const onnx::ModelProto& record);

/// A node and the version of its operator set. The record must outlive it.
class Node {
 public:
  /// `rows`: the first dimension of its first input in the file; 0 where that is not known.
  Node(const onnx::NodeProto& record, int opset, std::int64_t rows = 0)
      : record_(&record), opset_(opset), rows_(rows) {}

  const onnx::NodeProto& record() const { return *record_; }
  const std::string& op() const { return record_->op_type(); }
  int opset() const { return opset_; }
  std::int64_t rows() const { return rows_; }
  /// "node 'conv1' (Conv)", by its first output where it has no name.
  std::string text() const;

  bool has_input(int i) const { return i < record_->input_size() && !record_->input(i).empty(); }
  bool has_output(int i) const { return i < record_->output_size() && !record_->output(i).empty(); }

  bool has(std::string_view attribute) const { return find(attribute) != nullptr; }
  std::int64_t integer(std::string_view attribute, std::int64_t fallback) const;
  double number(std::string_view attribute, double fallback) const;
  std::string word(std::string_view attribute, std::string_view fallback) const;
  /// Empty where it is not set.
  std::vector<std::int64_t> integers(std::string_view attribute) const;
  std::vector<float> numbers(std::string_view attribute) const;
  const onnx::TensorProto* tensor(std::string_view attribute) const;

  /// The error for something about this node that is not built.
  std::unexpected<Error> unsupported(const std::string& what) const;

 private:
  const onnx::AttributeProto* find(std::string_view attribute) const;

  const onnx::NodeProto* record_;
  int opset_;
  std::int64_t rows_;
};

}  // namespace cleave::train
