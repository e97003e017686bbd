#include "graph/layers.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <unordered_set>

#include "graph/cost.h"

namespace cleave::graph {
namespace {

/// What an operator may be in a fused run.
enum Role : unsigned {
  kProduct = 1,      ///< starts a run that affine steps and activations may join
  kElementwise = 2,  ///< starts a run that activations may join
  kAffine = 4,       ///< joins with constant operands: a bias, a scale, a normalisation
  kActivation = 8,   ///< joins with constant parameters
  kPass = 16,        ///< changes nothing at inference: joins anything
};

struct FusionRow {
  std::string_view op;
  unsigned roles;
};

// Such runs are what CPU engines execute as one: a product with the steps that follow it.
constexpr std::array<FusionRow, 31> kFusion{{
    {"Conv", kProduct},
    {"ConvTranspose", kProduct},
    {"Gemm", kProduct},
    {"MatMul", kProduct},
    {"BatchNormalization", kElementwise | kAffine},
    {"Add", kElementwise | kAffine},
    {"Sub", kElementwise | kAffine},
    {"Mul", kElementwise | kAffine},
    {"Div", kElementwise | kAffine},
    {"Sum", kElementwise},
    {"Relu", kActivation},
    {"LeakyRelu", kActivation},
    {"PRelu", kActivation},
    {"ThresholdedRelu", kActivation},
    {"Clip", kActivation},
    {"Sigmoid", kActivation},
    {"HardSigmoid", kActivation},
    {"HardSwish", kActivation},
    {"Mish", kActivation},
    {"Gelu", kActivation},
    {"Tanh", kActivation},
    {"Elu", kActivation},
    {"Selu", kActivation},
    {"Celu", kActivation},
    {"Softplus", kActivation},
    {"Softsign", kActivation},
    {"Abs", kActivation},
    {"Exp", kActivation},
    {"Sqrt", kActivation},
    {"Identity", kPass},
    {"Dropout", kPass},
}};

/// Longer runs are no engine's; it also bounds the work on a hostile network.
constexpr std::size_t kMaxRun = 16;

unsigned roles_of(const onnx::NodeProto& node) {
  if (!is_standard(node)) return 0;
  for (const FusionRow& row : kFusion) {
    if (row.op == node.op_type()) return row.roles;
  }
  return 0;
}

/// The roles that may join a run which starts with this one.
unsigned joiners_of(unsigned starter) {
  if (starter & kProduct) return kAffine | kActivation | kPass;
  if (starter & kElementwise) return kActivation | kPass;
  return kPass;
}

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

std::optional<Shape> known_shape(const std::string& name, const TypeMap& types) {
  const auto type = types.find(name);
  if (type == types.end() || !type->second.tensor_type().has_shape()) return std::nullopt;
  Shape shape;
  for (const auto& dim : type->second.tensor_type().shape().dim()) {
    if (!dim.has_dim_value() || dim.dim_value() < 0) return std::nullopt;
    shape.push_back(dim.dim_value());
  }
  return shape;
}

struct ConstantSize {
  std::int64_t elements = 0;
  std::int64_t bytes = 0;
};

ConstantSize constant_size(const std::string& name, const TypeMap& types) {
  const auto shape = known_shape(name, types);
  const auto count = shape ? cleave::element_count(*shape) : std::nullopt;
  if (!count) return {};
  const int elem_type = types.at(name).tensor_type().elem_type();
  return {*count, raw_bytes(elem_type, *count).value_or(0)};
}

class LayerMaker {
 public:
  LayerMaker(const onnx::GraphProto& graph, const Wiring& wiring, const TypeMap& types)
      : graph_(graph), wiring_(wiring), types_(types) {}

  std::vector<Layer> run() {
    std::vector<char> placed(graph_.node_size(), 0);
    std::vector<Layer> layers;
    for (const int first : wiring_.order) {
      if (placed[first]) continue;
      Layer layer;
      layer.nodes = fused_run(first);
      for (const int node : layer.nodes) placed[node] = 1;
      describe(layer);
      layers.push_back(std::move(layer));
    }
    return layers;
  }

 private:
  std::vector<int> fused_run(int first) const {
    std::vector<int> run{first};
    const unsigned allowed = joiners_of(roles_of(graph_.node(first)));
    while (run.size() < kMaxRun) {
      const int next = joiner(run.back(), allowed);
      if (next < 0) break;
      run.push_back(next);
    }
    return run;
  }

  /// The node that may run fused right after `node`, or -1.
  int joiner(int node, unsigned allowed) const {
    const int value = only_value(node);
    if (value < 0 || wiring_.values[value].consumers.size() != 1) return -1;
    const int next = wiring_.values[value].consumers.front();
    if ((roles_of(graph_.node(next)) & allowed) == 0) return -1;
    const bool alone = std::ranges::all_of(
        wiring_.reads[next], [&](int v) { return v == value || wiring_.values[v].constant; });
    return alone ? next : -1;
  }

  /// The one value of a node that anyone reads; -1 when there are several (the mask of a Dropout
  /// would have to leave from the middle of the run) or it is a graph output.
  int only_value(int node) const {
    int used = -1;
    for (const int value : wiring_.makes[node]) {
      const Value& v = wiring_.values[value];
      if (v.is_output) return -1;
      if (v.consumers.empty()) continue;
      if (used >= 0) return -1;
      used = value;
    }
    return used;
  }

  void describe(Layer& layer) {
    const auto inside = [&](int node) {
      return std::ranges::find(layer.nodes, node) != layer.nodes.end();
    };
    const ShapeOf shape_of = [this](const std::string& name) { return known_shape(name, types_); };
    std::unordered_set<int> read;
    for (const int node : layer.nodes) {
      const onnx::NodeProto& proto = graph_.node(node);
      layer.op += (layer.op.empty() ? "" : "+") + proto.op_type();
      layer.macs = saturating_add(layer.macs, node_macs(proto, shape_of));
      for (const int value : wiring_.reads[node]) {
        if (read.insert(value).second) add_read(layer, value, inside);
      }
      for (const int value : wiring_.makes[node]) {
        const Value& v = wiring_.values[value];
        if (v.is_output || !std::ranges::all_of(v.consumers, inside)) {
          layer.outputs.push_back(spec_or_unknown(v.name, types_));
        }
      }
    }
    layer.output_bytes = total_bytes(layer.outputs);
    layer.name = unique_name(graph_.node(layer.nodes.back()), layer);
  }

  void add_read(Layer& layer, int value, const auto& inside) const {
    const Value& v = wiring_.values[value];
    if (v.constant) {
      const ConstantSize size = constant_size(v.name, types_);
      layer.parameters = saturating_add(layer.parameters, size.elements);
      layer.parameter_bytes = saturating_add(layer.parameter_bytes, size.bytes);
    } else if (!inside(v.producer)) {
      layer.inputs.push_back(spec_or_unknown(v.name, types_));
    }
  }

  std::string unique_name(const onnx::NodeProto& last, const Layer& layer) {
    const std::string output = layer.outputs.empty() ? "" : layer.outputs.front().name;
    const std::string wanted = last.name().empty() ? output : last.name();
    std::string name = wanted;
    while (!names_.insert(name).second) name = wanted + "#" + std::to_string(++repeats_[wanted]);
    return name;
  }

  const onnx::GraphProto& graph_;
  const Wiring& wiring_;
  const TypeMap& types_;
  std::unordered_set<std::string> names_;
  std::unordered_map<std::string, int> repeats_;
};

}  // namespace

TensorSpec spec_or_unknown(const std::string& name, const TypeMap& types) {
  const auto type = types.find(name);
  const auto spec = type == types.end() ? std::nullopt : spec_from_type(name, type->second);
  return spec.value_or(TensorSpec{name, DType::kF32, {-1}});
}

std::optional<std::int64_t> total_bytes(const std::vector<TensorSpec>& specs) {
  std::int64_t sum = 0;
  for (const TensorSpec& spec : specs) {
    const auto bytes = spec.byte_size();
    if (!bytes) return std::nullopt;
    sum = saturating_add(sum, *bytes);
  }
  return sum;
}

std::vector<Layer> make_layers(const onnx::GraphProto& graph, const Wiring& wiring,
                               const TypeMap& types) {
  return LayerMaker(graph, wiring, types).run();
}

Totals make_totals(const Wiring& wiring, const TypeMap& types, const std::vector<Layer>& layers) {
  Totals totals;
  std::unordered_set<int> counted;
  for (const Layer& layer : layers) {
    totals.macs = saturating_add(totals.macs, layer.macs);
    for (const int node : layer.nodes) {
      for (const int value : wiring.reads[node]) {
        if (!wiring.values[value].constant || !counted.insert(value).second) continue;
        const ConstantSize size = constant_size(wiring.values[value].name, types);
        totals.parameters = saturating_add(totals.parameters, size.elements);
        totals.parameter_bytes = saturating_add(totals.parameter_bytes, size.bytes);
      }
    }
  }
  return totals;
}

}  // namespace cleave::graph
