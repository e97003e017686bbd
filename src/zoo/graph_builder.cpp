#include "zoo/graph_builder.h"

#include <onnx/defs/attr_proto_util.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstring>
#include <functional>
#include <numbers>
#include <numeric>

namespace cleave::zoo {
namespace {

constexpr std::int64_t kOpset = 13;
constexpr std::int64_t kIrVersion = 8;
/// Folding a batch normalisation leaves biases of about this size beside activations of about 1.
constexpr double kBiasDeviation = 0.1;
/// Filters over more channels than a picture's see rectified values, whose common mean would carry
/// through the depth until every picture gave the same answer. Each such filter therefore sums to
/// zero (Qiao et al. 2019, "Weight Standardization"), and is scaled up by what is lost with the
/// mean: the variance of max(0, n), n normal, is 1 - 1/pi of its second moment (Brock et al. 2021,
/// "Characterizing signal propagation").
constexpr std::int64_t kPictureChannels = 3;
constexpr double kRectifiedVariance = 1 - 1 / std::numbers::pi;

double filter_deviation(double gain, double fan_in, bool centred) {
  return std::sqrt((centred ? gain / kRectifiedVariance : gain) / fan_in);
}

/// Close to normal, mean 0, bounded by 3.46 deviations: the sum of four 16-bit uniforms out of one
/// 64-bit draw. A nanosecond each, and the same bits on every machine, which logarithm and cosine
/// would not give.
class FastNormal {
 public:
  FastNormal(Random& random, double deviation)
      : random_(random),
        scale_(static_cast<float>(deviation / std::sqrt(4 * (kLevels * kLevels - 1) / 12))) {}
  float operator()() {
    const std::uint64_t bits = random_.next();
    const auto sum = static_cast<std::int32_t>((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) +
                                               (bits >> 32 & 0xFFFF) + (bits >> 48));
    return static_cast<float>(sum - kMean) * scale_;
  }

 private:
  static constexpr double kLevels = 65536;
  static constexpr std::int32_t kMean = 4 * 65535 / 2;
  Random& random_;
  float scale_;
};

void set_type(onnx::ValueInfoProto& info, const std::string& name, const Shape& shape) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  for (std::int64_t n : shape) tensor.mutable_shape()->add_dim()->set_dim_value(n);
}

template <class T>
void set_attribute(onnx::NodeProto& node, const char* name, const T& value) {
  if constexpr (std::integral<T>)
    *node.add_attribute() = onnx::MakeAttribute(name, std::int64_t{value});
  else
    *node.add_attribute() = onnx::MakeAttribute(name, value);
}

void set_window(onnx::NodeProto& node, int kernel, int stride, int padding) {
  set_attribute(node, "kernel_shape", Shape{kernel, kernel});
  set_attribute(node, "strides", Shape{stride, stride});
  set_attribute(node, "pads", Shape{padding, padding, padding, padding});
}

std::int64_t window_count(std::int64_t size, int kernel, int stride, int padding) {
  return (size + std::int64_t{2} * padding - kernel) / stride + 1;
}

}  // namespace

GraphBuilder::GraphBuilder(std::string_view network, std::uint64_t seed)
    : graph_(*model_.mutable_graph()), random_(seed) {
  model_.set_ir_version(kIrVersion);
  model_.add_opset_import()->set_version(kOpset);
  model_.set_producer_name("cleave");
  model_.set_doc_string("Random weights from seed " + std::to_string(seed) + ", not trained.");
  graph_.set_name(std::string(network));
}

onnx::NodeProto& GraphBuilder::add_node(const char* op, const std::string& name,
                                        std::initializer_list<std::string> inputs) {
  onnx::NodeProto& node = *graph_.add_node();
  node.set_op_type(op);
  node.set_name(name);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(name);
  return node;
}

Value GraphBuilder::result(const std::string& name, Shape shape) {
  set_type(*graph_.add_value_info(), name, shape);
  return {name, std::move(shape)};
}

void GraphBuilder::add_filters(const std::string& name, const Shape& shape, double gain) {
  const std::int64_t fan_in = *element_count(shape) / shape[0];
  const bool centred = shape[1] > kPictureChannels;
  const double deviation = filter_deviation(gain, static_cast<double>(fan_in), centred);
  add_random(name, shape, {.length = fan_in, .deviation = deviation, .centred = centred});
}

void GraphBuilder::add_bias(const std::string& name, const Shape& shape) {
  add_random(name, shape, {.length = shape.back(), .deviation = kBiasDeviation});
}

void GraphBuilder::add_random(const std::string& name, const Shape& shape, const Rows& rows) {
  static_assert(std::endian::native == std::endian::little, "raw_data is little endian");
  const auto count = static_cast<std::size_t>(*element_count(shape));
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (std::int64_t n : shape) tensor.add_dims(n);
  std::string& raw = *tensor.mutable_raw_data();
  raw.resize(count * sizeof(float));
  FastNormal normal(random_, rows.deviation);
  std::vector<float> row(static_cast<std::size_t>(rows.length));
  const std::size_t row_count = count / row.size();
  const std::size_t step = rows.interleaved ? row_count : 1;
  for (std::size_t r = 0; r < row_count; ++r) {
    std::ranges::generate(row, std::ref(normal));
    if (rows.centred) {
      const auto mean = static_cast<float>(std::accumulate(row.begin(), row.end(), 0.0) /
                                           static_cast<double>(rows.length));
      for (float& value : row) value -= mean;
    }
    const std::size_t begin = rows.interleaved ? r : r * row.size();
    for (std::size_t i = 0; i < row.size(); ++i)
      std::memcpy(raw.data() + (begin + i * step) * sizeof(float), &row[i], sizeof(float));
  }
}

void GraphBuilder::add_repeated(const std::string& name, std::int64_t count, float value) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_dims(count);
  for (std::int64_t i = 0; i < count; ++i) tensor.add_float_data(value);
}

void GraphBuilder::add_integers(const std::string& name, const std::vector<std::int64_t>& values) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  for (std::int64_t value : values) tensor.add_int64_data(value);
}

std::string GraphBuilder::scalar(float value) {
  std::string name = "scalar." + std::to_string(value);
  if (scalars_.insert(value).second) {
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_float_data(value);
  }
  return name;
}

Value GraphBuilder::input(std::string name, Shape shape) {
  set_type(*graph_.add_input(), name, shape);
  return {std::move(name), std::move(shape)};
}

void GraphBuilder::output(const std::string& name, const Value& value) {
  for (onnx::NodeProto& node : *graph_.mutable_node()) {
    if (node.output(0) == value.name) node.set_output(0, name);
  }
  // An output states its own type.
  auto& stated = *graph_.mutable_value_info();
  const auto by_name = [&](const onnx::ValueInfoProto& info) { return info.name() == value.name; };
  stated.erase(std::ranges::find_if(stated, by_name));
  set_type(*graph_.add_output(), name, value.shape);
}

Value GraphBuilder::conv(const std::string& name, const Value& x, const ConvSpec& spec) {
  const std::int64_t in_channels = x.shape[1] / spec.groups;
  add_filters(name + ".weight", {spec.channels, in_channels, spec.kernel, spec.kernel}, spec.gain);
  onnx::NodeProto& node = add_node("Conv", name, {x.name, name + ".weight"});
  if (spec.bias) {
    add_bias(name + ".bias", {spec.channels});
    node.add_input(name + ".bias");
  }
  set_window(node, spec.kernel, spec.stride, spec.padding);
  set_attribute(node, "dilations", Shape{1, 1});
  set_attribute(node, "group", spec.groups);
  return result(name,
                {1, spec.channels, window_count(x.shape[2], spec.kernel, spec.stride, spec.padding),
                 window_count(x.shape[3], spec.kernel, spec.stride, spec.padding)});
}

Value GraphBuilder::conv_transpose(const std::string& name, const Value& x, const ConvSpec& spec) {
  const std::int64_t in_channels = x.shape[1];
  const double window = static_cast<double>(spec.kernel) / spec.stride;
  const double fan_in = static_cast<double>(in_channels) * window * window;
  // An output sees one in stride x stride of a filter's taps; each tap is centred by itself.
  add_random(name + ".weight", {in_channels, spec.channels, spec.kernel, spec.kernel},
             {.length = in_channels,
              .deviation = filter_deviation(spec.gain, fan_in, true),
              .centred = true,
              .interleaved = true});
  add_bias(name + ".bias", {spec.channels});
  onnx::NodeProto& node =
      add_node("ConvTranspose", name, {x.name, name + ".weight", name + ".bias"});
  set_window(node, spec.kernel, spec.stride, spec.padding);
  const std::int64_t missing = spec.stride - spec.kernel + std::int64_t{2} * spec.padding;
  set_attribute(node, "output_padding", Shape{missing, missing});
  return result(name, {1, spec.channels, x.shape[2] * spec.stride, x.shape[3] * spec.stride});
}

Value GraphBuilder::batch_norm(const std::string& name, const Value& x) {
  onnx::NodeProto& node = add_node("BatchNormalization", name, {x.name});
  const auto add_input = [&](const std::string& input, float value) {
    add_repeated(input, x.shape[1], value);
    node.add_input(input);
  };
  add_input(name + ".weight", 1);
  add_input(name + ".bias", 0);
  add_input(name + ".running_mean", 0);
  add_input(name + ".running_var", 1);
  set_attribute(node, "epsilon", 1e-5F);
  return result(name, x.shape);
}

Value GraphBuilder::relu(const std::string& name, const Value& x) {
  add_node("Relu", name, {x.name});
  return result(name, x.shape);
}

Value GraphBuilder::clipped_relu(const std::string& name, const Value& x, float limit) {
  add_node("Clip", name, {x.name, scalar(0), scalar(limit)});
  return result(name, x.shape);
}

Value GraphBuilder::leaky_relu(const std::string& name, const Value& x, float slope) {
  set_attribute(add_node("LeakyRelu", name, {x.name}), "alpha", slope);
  return result(name, x.shape);
}

Value GraphBuilder::tanh(const std::string& name, const Value& x) {
  add_node("Tanh", name, {x.name});
  return result(name, x.shape);
}

Value GraphBuilder::softmax(const std::string& name, const Value& x) {
  set_attribute(add_node("Softmax", name, {x.name}), "axis", -1);
  return result(name, x.shape);
}

Value GraphBuilder::add(const std::string& name, const Value& a, const Value& b) {
  add_node("Add", name, {a.name, b.name});
  return result(name, a.shape);
}

Value GraphBuilder::concat(const std::string& name, const std::vector<Value>& parts) {
  onnx::NodeProto& node = add_node("Concat", name, {});
  set_attribute(node, "axis", 1);
  Shape shape = parts.front().shape;
  shape[1] = 0;
  for (const Value& part : parts) {
    node.add_input(part.name);
    shape[1] += part.shape[1];
  }
  return result(name, std::move(shape));
}

Value GraphBuilder::max_pool(const std::string& name, const Value& x, const PoolSpec& spec) {
  onnx::NodeProto& node = add_node("MaxPool", name, {x.name});
  set_window(node, spec.kernel, spec.stride, spec.padding);
  if (spec.ceil) set_attribute(node, "ceil_mode", 1);
  const int overhang = spec.ceil ? spec.stride - 1 : 0;
  const auto count = [&](std::int64_t size) {
    return window_count(size + overhang, spec.kernel, spec.stride, spec.padding);
  };
  return result(name, {1, x.shape[1], count(x.shape[2]), count(x.shape[3])});
}

Value GraphBuilder::global_average_pool(const std::string& name, const Value& x) {
  add_node("GlobalAveragePool", name, {x.name});
  return result(name, {1, x.shape[1], 1, 1});
}

Value GraphBuilder::flatten(const std::string& name, const Value& x) {
  set_attribute(add_node("Flatten", name, {x.name}), "axis", 1);
  return result(name, {1, x.shape[1] * x.shape[2] * x.shape[3]});
}

Value GraphBuilder::reshape(const std::string& name, const Value& x, Shape shape) {
  Shape target = shape;
  target.front() = -1;
  add_integers(name + ".shape", target);
  add_node("Reshape", name, {x.name, name + ".shape"});
  return result(name, std::move(shape));
}

Value GraphBuilder::sum(const std::string& name, const Value& x, int axis) {
  add_integers(name + ".axis", {axis});
  set_attribute(add_node("ReduceSum", name, {x.name, name + ".axis"}), "keepdims", 0);
  Shape shape = x.shape;
  shape.erase(shape.begin() + axis);
  return result(name, std::move(shape));
}

Value GraphBuilder::gemm(const std::string& name, const Value& x, int features, double gain) {
  add_filters(name + ".weight", {features, x.shape[1]}, gain);
  add_bias(name + ".bias", {features});
  set_attribute(add_node("Gemm", name, {x.name, name + ".weight", name + ".bias"}), "transB", 1);
  return result(name, {x.shape[0], features});
}

Value GraphBuilder::bidirectional_rnn(const std::string& name, const Value& x, int features,
                                      float limit, double gain) {
  constexpr std::int64_t kDirections = 2;
  const auto add_centred = [&](const std::string& weight, std::int64_t inputs) {
    const double deviation = filter_deviation(gain, static_cast<double>(inputs), true);
    add_random(weight, {kDirections, features, inputs},
               {.length = inputs, .deviation = deviation, .centred = true});
  };
  add_centred(name + ".weight", x.shape[2]);
  add_centred(name + ".recurrent.weight", features);
  // One bias beside the input's weights, one beside the recurrent ones.
  add_bias(name + ".bias", {kDirections, std::int64_t{2} * features});
  onnx::NodeProto& node =
      add_node("RNN", name, {x.name, name + ".weight", name + ".recurrent.weight", name + ".bias"});
  set_attribute(node, "hidden_size", features);
  set_attribute(node, "direction", std::string("bidirectional"));
  set_attribute(node, "activations", std::vector<std::string>(kDirections, "Relu"));
  // What enters the activation is clipped to -limit..limit.
  set_attribute(node, "clip", limit);
  return result(name, {x.shape[0], kDirections, x.shape[1], features});
}

std::string GraphBuilder::model() const { return model_.SerializeAsString(); }

}  // namespace cleave::zoo
