#include "train/node.h"

namespace cleave::train {

int opset_of(const onnx::ModelProto& record) {
  for (const auto& set : record.opset_import())
    if (is_standard(set.domain())) return static_cast<int>(set.version());
  return 1;
}

std::string Node::text() const {
  const std::string& name =
      record_->name().empty() && record_->output_size() > 0 ? record_->output(0) : record_->name();
  return "node '" + name + "' (" + op() + ")";
}

const onnx::AttributeProto* Node::find(std::string_view attribute) const {
  for (const onnx::AttributeProto& found : record_->attribute())
    if (found.name() == attribute) return &found;
  return nullptr;
}

std::int64_t Node::integer(std::string_view attribute, std::int64_t fallback) const {
  const auto* found = find(attribute);
  return found ? found->i() : fallback;
}

double Node::number(std::string_view attribute, double fallback) const {
  const auto* found = find(attribute);
  return found ? static_cast<double>(found->f()) : fallback;
}

std::string Node::word(std::string_view attribute, std::string_view fallback) const {
  const auto* found = find(attribute);
  return found ? found->s() : std::string(fallback);
}

std::vector<std::int64_t> Node::integers(std::string_view attribute) const {
  const auto* found = find(attribute);
  if (!found) return {};
  return {found->ints().begin(), found->ints().end()};
}

std::vector<float> Node::numbers(std::string_view attribute) const {
  const auto* found = find(attribute);
  if (!found) return {};
  return {found->floats().begin(), found->floats().end()};
}

const onnx::TensorProto* Node::tensor(std::string_view attribute) const {
  const auto* found = find(attribute);
  return found && found->has_t() ? &found->t() : nullptr;
}

std::unexpected<Error> Node::unsupported(const std::string& what) const {
  return fail(ErrorCode::kUnsupported, "train.operator", text() + ": " + what);
}

}  // namespace cleave::train
