#include "train/unit_builder.h"

#include <algorithm>
#include <cmath>

namespace cleave::train {
namespace {

onnx::AttributeProto integers(const std::string& name, const std::vector<std::int64_t>& values) {
  onnx::AttributeProto attribute;
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
  return attribute;
}

/// Padding at begin and end of an axis under which a stride gives ceil(size / stride).
std::pair<std::int64_t, std::int64_t> same_padding(std::int64_t size, const UnitConv& conv) {
  const std::int64_t out = (size + conv.stride - 1) / conv.stride;
  const std::int64_t total =
      std::max<std::int64_t>(0, (out - 1) * conv.stride + conv.filter - size);
  return {total / 2, total - total / 2};
}

}  // namespace

UnitBuilder::UnitBuilder(TensorSpec value, std::uint64_t seed)
    : value_(std::move(value)),
      random_(seed),
      last_(value_.name),
      channels_(value_.shape[1]),
      size_(value_.shape[2], value_.shape[3]) {}

onnx::NodeProto& UnitBuilder::node(const std::string& op, const std::string& name,
                                   std::vector<std::string> inputs) {
  onnx::NodeProto& made = nodes_.emplace_back();
  made.set_op_type(op);
  made.set_name(value_.name + '/' + name);
  for (std::string& input : inputs) made.add_input(std::move(input));
  made.add_output(value_.name + '/' + name);
  last_ = made.output(0);
  return made;
}

std::string UnitBuilder::weight(const std::string& name, const Shape& shape, float value) {
  onnx::TensorProto& tensor = weights_.emplace_back();
  tensor.set_name(value_.name + '/' + name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t d : shape) tensor.add_dims(d);
  for (std::int64_t i = 0; i < element_count(shape).value(); ++i) tensor.add_float_data(value);
  return tensor.name();
}

std::string UnitBuilder::drawn(const std::string& name, const Shape& shape, double deviation) {
  std::string full = weight(name, shape, 0);
  for (float& value : *weights_.back().mutable_float_data())
    value = static_cast<float>(deviation * random_.normal());
  return full;
}

void UnitBuilder::add(const std::string& name, const UnitConv& conv, bool relu) {
  const bool transposed = conv.transposed;
  const Shape shape = transposed ? Shape{channels_, conv.channels, conv.filter, conv.filter}
                                 : Shape{conv.channels, channels_, conv.filter, conv.filter};
  // A transposed filter meets a pixel filter²/stride² times.
  const double meets = static_cast<double>(conv.filter) * conv.filter /
                       (transposed ? static_cast<double>(conv.stride) * conv.stride : 1.0);
  const double fan_in = static_cast<double>(channels_) * std::max(1.0, meets);
  const auto large = transposed ? sizes_.back() : size_;
  const auto rows = same_padding(large.first, conv);
  const auto columns = same_padding(large.second, conv);
  onnx::NodeProto& made = node(transposed ? "ConvTranspose" : "Conv", name,
                               {last_, drawn(name + ".weight", shape, std::sqrt(2 / fan_in))});
  *made.add_attribute() = integers("kernel_shape", {conv.filter, conv.filter});
  *made.add_attribute() = integers("strides", {conv.stride, conv.stride});
  *made.add_attribute() =
      integers("pads", {rows.first, columns.first, rows.second, columns.second});
  if (transposed) {
    sizes_.pop_back();
    size_ = large;
  } else if (conv.stride > 1) {
    sizes_.push_back(size_);
    size_ = {(size_.first + conv.stride - 1) / conv.stride,
             (size_.second + conv.stride - 1) / conv.stride};
  }
  channels_ = conv.channels;
  const std::string norm = name + "_norm";
  node("BatchNormalization", norm,
       {last_, weight(norm + ".scale", {channels_}, 1), weight(norm + ".bias", {channels_}, 0),
        weight(norm + ".mean", {channels_}, 0), weight(norm + ".variance", {channels_}, 1)});
  if (relu) node("Relu", name + "_relu", {last_});
}

bool UnitBuilder::makes(const std::string& name) const {
  return std::ranges::any_of(nodes_,
                             [&](const onnx::NodeProto& made) { return made.output(0) == name; });
}

Result<bool> last_is_relu(const Spec& spec) {
  const std::string last = spec.text("last", "relu");
  if (last != "relu" && last != "linear")
    return std::unexpected(unknown_name("train.units", "last", last, {"relu", "linear"}));
  return last == "relu";
}

}  // namespace cleave::train
