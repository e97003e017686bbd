#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/tensor.h"

namespace cleave::zoo {

/// A value of the network under construction: its name and shape, 1xCxHxW for pictures, NxF for
/// rows of features.
struct Value {
  std::string name;
  Shape shape;
};

/// What the weights of a layer are scaled for: variance gain / fan_in keeps the second moment of
/// activations from layer to layer (He et al. 2015, "Delving Deep into Rectifiers", eqs. 10 and 7).
inline constexpr double kReluGain = 2;
inline constexpr double kLinearGain = 1;

struct ConvSpec {
  int channels = 1;
  int kernel = 1;
  int stride = 1;
  int padding = 0;
  int groups = 1;
  bool bias = true;  ///< a batch normalisation behind the convolution needs none
  double gain = kReluGain;
};

struct PoolSpec {
  int kernel = 2;
  int stride = 2;
  int padding = 0;
  bool ceil = false;  ///< a window that begins inside may end outside, as in Caffe
};

/// Writes a network as ONNX, opset 13, layer by layer, with random weights from one seed.
///
/// Each call adds a node of the given name, whose output has the same name, and states the output's
/// shape in the file. Weights are named "<node>.weight" and "<node>.bias", the statistics of a
/// batch normalisation "<node>.running_mean" and "<node>.running_var". Names must differ from each
/// other; inputs must come from this builder and have fitting shapes: these are the author's to
/// keep, and the onnx checker's to find. Not thread-safe.
class GraphBuilder {
 public:
  GraphBuilder(std::string_view network, std::uint64_t seed);

  Value input(std::string name, Shape shape);
  /// Makes a value, which no node reads, an output of the network under the name `name`.
  void output(const std::string& name, const Value& value);
  /// Convolution; unless a batch normalisation stands behind it, one is folded into it where the
  /// network has one.
  Value conv(const std::string& name, const Value& x, const ConvSpec& spec);
  /// Transposed convolution with bias: a picture `spec.stride` times as large. No groups.
  Value conv_transpose(const std::string& name, const Value& x, const ConvSpec& spec);
  /// Begins as what changes nothing, but for its epsilon; training gives it weights and statistics.
  Value batch_norm(const std::string& name, const Value& x);
  Value relu(const std::string& name, const Value& x);
  /// Clips to 0..limit.
  Value clipped_relu(const std::string& name, const Value& x, float limit);
  /// Below 0 the slope is `slope`.
  Value leaky_relu(const std::string& name, const Value& x, float slope);
  Value tanh(const std::string& name, const Value& x);
  /// Over the last dimension.
  Value softmax(const std::string& name, const Value& x);
  Value add(const std::string& name, const Value& a, const Value& b);
  /// Along the channels.
  Value concat(const std::string& name, const std::vector<Value>& parts);
  Value max_pool(const std::string& name, const Value& x, const PoolSpec& spec);
  Value global_average_pool(const std::string& name, const Value& x);
  Value flatten(const std::string& name, const Value& x);
  /// The first dimension follows from the others, so that other batches pass.
  Value reshape(const std::string& name, const Value& x, Shape shape);
  /// Sum over one dimension, which goes.
  Value sum(const std::string& name, const Value& x, int axis);
  /// Fully connected, with bias; x is NxF, each row by itself.
  Value gemm(const std::string& name, const Value& x, int features, double gain);
  /// A plain recurrent layer in both directions, rectified and clipped to 0..limit: from Tx1xF, T
  /// steps, to Tx2x1x`features`. `gain` is that of the input's weights and of the recurrent ones.
  Value bidirectional_rnn(const std::string& name, const Value& x, int features, float limit,
                          double gain);

  /// The network so far as a serialised model.
  [[nodiscard]] std::string model() const;

 private:
  onnx::NodeProto& add_node(const char* op, const std::string& name,
                            std::initializer_list<std::string> inputs);
  Value result(const std::string& name, Shape shape);
  /// Which values of a tensor are one row: neighbours or, `interleaved`, a column of what a matrix
  /// of `length` lines would be. A centred row sums to zero.
  struct Rows {
    std::int64_t length;
    double deviation;
    bool centred = false;
    bool interleaved = false;
  };

  /// The weights of a layer, outputs first.
  void add_filters(const std::string& name, const Shape& shape, double gain);
  void add_bias(const std::string& name, const Shape& shape);
  void add_random(const std::string& name, const Shape& shape, const Rows& rows);
  void add_repeated(const std::string& name, std::int64_t count, float value);
  void add_integers(const std::string& name, const std::vector<std::int64_t>& values);
  /// Added once for each value.
  std::string scalar(float value);

  onnx::ModelProto model_;
  onnx::GraphProto& graph_;
  Random random_;
  std::set<float> scalars_;
};

}  // namespace cleave::zoo
