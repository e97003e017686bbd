#include "train/network.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "train/tensors.h"

namespace cleave::train {
namespace {

constexpr std::string_view kPlace = "train.network";

class Reader {
 public:
  Result<Network> read(const graph::Model& model) {
    model_ = &model;
    if (!network_.record.ParseFromString(CLEAVE_TRY(model.to_bytes())))
      return fail(ErrorCode::kInternal, kPlace, "a network that does not parse");
    network_.opset = opset_of(network_.record);
    network_.input_specs = model.inputs();
    network_.output_specs = model.outputs();
    CLEAVE_CHECK(read_constants());
    for (const TensorSpec& input : network_.input_specs)
      network_.inputs.push_back(value_of(input.name));
    for (int i = 0; i < network_.record.graph().node_size(); ++i) CLEAVE_CHECK(read_node(i));
    for (const TensorSpec& output : network_.output_specs)
      network_.outputs.push_back(value_of(output.name));
    drop_unread();
    give_roles();
    mark_expired();
    return std::move(network_);
  }

 private:
  int value_of(const std::string& name) {
    const auto [at, is_new] = values_.emplace(name, static_cast<int>(network_.names.size()));
    if (is_new) network_.names.push_back(name);
    return at->second;
  }

  void add_constant(int value, at::Tensor tensor) {
    const at::ScalarType type = tensor.scalar_type();
    network_.constants.insert_or_assign(value, Constant{std::move(tensor), type});
  }

  Result<void> read_constants() {
    for (const onnx::TensorProto& tensor : network_.record.graph().initializer())
      add_constant(value_of(tensor.name()), CLEAVE_TRY(to_torch(tensor)));
    network_.record.mutable_graph()->clear_initializer();
    return {};
  }

  Result<void> read_node(int index) {
    const onnx::NodeProto& record = network_.record.graph().node(index);
    const auto first = record.input_size() > 0 ? model_->value(record.input(0)) : std::nullopt;
    const Node node(record, network_.opset,
                    first && !first->shape.empty() ? first->shape.front() : 0);
    const std::string& domain = node.record().domain();
    const bool standard = is_standard(domain);
    const Operator* op = standard ? find_operator(node.op()) : nullptr;
    if (op == nullptr)
      return node.unsupported("an operator that networks are not trained through" +
                              (standard ? "" : ", of domain '" + domain + "'"));
    for (int i = 0; i < op->inputs; ++i)
      if (!node.has_input(i))
        return fail(ErrorCode::kCorrupt, kPlace,
                    node.text() + ": no input " + std::to_string(i) + ", expected the first " +
                        std::to_string(op->inputs));
    Step step;
    step.node = index;
    step.op = op;
    step.compute = CLEAVE_TRY(op->make(node));
    for (const std::string& name : node.record().input())
      step.inputs.push_back(name.empty() ? -1 : value_of(name));
    for (const std::string& name : node.record().output())
      step.outputs.push_back(name.empty() ? -1 : value_of(name));
    const bool constant = std::ranges::all_of(
        step.inputs, [&](int value) { return value < 0 || network_.constants.contains(value); });
    if (constant) return compute_now(node, step);
    network_.steps.push_back(std::move(step));
    return {};
  }

  Result<void> compute_now(const Node& node, const Step& step) {
    return guarded(node.text(), [&]() -> Result<void> {
      const at::NoGradGuard no_grad;
      Values inputs;
      for (const int value : step.inputs)
        inputs.push_back(value < 0 ? at::Tensor() : network_.constants.at(value).value);
      const Values outputs = step.compute(inputs, Mode{});
      for (std::size_t i = 0; i < std::min(outputs.size(), step.outputs.size()); ++i)
        if (step.outputs[i] >= 0) add_constant(step.outputs[i], outputs[i].clone());
      return {};
    });
  }

  /// Steps that no output depends on, and constants that nothing reads.
  void drop_unread() {
    std::set<int> read(network_.outputs.begin(), network_.outputs.end());
    std::vector<Step> live;
    for (auto step = network_.steps.rbegin(); step != network_.steps.rend(); ++step) {
      if (std::ranges::none_of(step->outputs, [&](int value) { return read.contains(value); }))
        continue;
      read.insert(step->inputs.begin(), step->inputs.end());
      live.push_back(std::move(*step));
    }
    std::ranges::reverse(live);
    network_.steps = std::move(live);
    std::erase_if(network_.constants,
                  [&](const auto& entry) { return !read.contains(entry.first); });
  }

  void give_roles() {
    for (const Step& step : network_.steps) {
      give_role(step, step.op->weights, Role::kWeight);
      give_role(step, step.op->statistics, Role::kStatistic);
    }
  }

  void give_role(const Step& step, std::uint32_t which, Role role) {
    for (std::size_t i = 0; i < step.inputs.size() && which >> i != 0; ++i) {
      const auto found = network_.constants.find(step.inputs[i]);
      if ((which >> i & 1U) == 0 || found == network_.constants.end()) continue;
      Constant& constant = found->second;
      if (constant.value.is_floating_point() && constant.value.numel() >= step.op->least_weight)
        constant.role = role;
    }
  }

  void mark_expired() {
    std::unordered_map<int, std::size_t> last;
    for (std::size_t s = 0; s < network_.steps.size(); ++s)
      for (const int value : network_.steps[s].inputs) last[value] = s;
    for (const int value : network_.outputs) last.erase(value);
    for (const auto& [value, step] : last)
      if (value >= 0 && !network_.constants.contains(value))
        network_.steps[step].expired.push_back(value);
  }

  const graph::Model* model_ = nullptr;
  Network network_;
  std::unordered_map<std::string, int> values_;
};

}  // namespace

std::unexpected<Error> refused(const std::string& what, const std::string& message) {
  return fail(ErrorCode::kInvalidArgument, kPlace,
              (what.empty() ? "" : what + ": ") + message.substr(0, message.find('\n')));
}

Result<Network> read_network(const graph::Model& model) { return Reader().read(model); }

}  // namespace cleave::train
