#include "graph/check.h"

#include <onnx/checker.h>

#include <algorithm>

namespace cleave::graph {
namespace {

template <class Field>
NameSet names_in(const Field& field) {
  NameSet names;
  for (const auto& entry : field) names.insert(entry.name());
  return names;
}

/// A network's nodes by name of their first output, and what depends on inputs.
struct Facts {
  onnx::ModelProto proto;
  NameSet varying;  ///< values that a graph input or a random generator reaches
  NameSet needed;   ///< values that a graph output depends on

  explicit Facts(const Model& model) : proto(parse_onnx(model.to_bytes().value())) {
    for (const auto& input : proto.graph().input()) varying.insert(input.name());
    needed = names_in(proto.graph().output());
    // As often as needed for facts to settle: slow, and plainly right.
    for (std::size_t before = 0; before != varying.size() + needed.size();) {
      before = varying.size() + needed.size();
      for (const auto& node : proto.graph().node()) spread(node);
    }
  }

  void spread(const onnx::NodeProto& node) {
    const NameSet reads = reads_of(node);
    const auto in = [](const NameSet& set) {
      return [&set](const std::string& n) { return set.contains(n); };
    };
    if (node.op_type() == "RandomNormal" || std::ranges::any_of(reads, in(varying))) {
      varying.insert(node.output().begin(), node.output().end());
    }
    if (std::ranges::any_of(node.output(), in(needed))) needed.insert(reads.begin(), reads.end());
  }

  bool runs(const onnx::NodeProto& node) const {
    return std::ranges::any_of(node.output(), [&](const auto& n) { return needed.contains(n); }) &&
           std::ranges::any_of(node.output(), [&](const auto& n) { return varying.contains(n); });
  }
};

void expect_layers(const Model& model, const Facts& facts) {
  NameSet made = names_in(facts.proto.graph().input());
  std::set<int> seen;
  NameSet names;
  for (const Layer& layer : model.layers()) {
    EXPECT_TRUE(names.insert(layer.name).second) << "two layers are called " << layer.name;
    for (const int index : layer.nodes) {
      EXPECT_TRUE(seen.insert(index).second) << "node " << index << " is in two layers";
      const auto& node = facts.proto.graph().node(index);
      EXPECT_TRUE(facts.runs(node)) << node.name();
      for (const auto& name : reads_of(node)) {
        EXPECT_TRUE(made.contains(name) || !facts.varying.contains(name))
            << name << " is read too early";
      }
      made.insert(node.output().begin(), node.output().end());
    }
  }
  for (int i = 0; i < facts.proto.graph().node_size(); ++i) {
    EXPECT_EQ(seen.contains(i), facts.runs(facts.proto.graph().node(i)))
        << facts.proto.graph().node(i).name();
  }
}

/// Crossing values by definition: read on the far side, there on the near side.
NameSet crossing(const Model& model, const Facts& facts, int cut) {
  NameSet near = names_in(facts.proto.graph().input());
  NameSet read;
  for (int layer = 0; layer < static_cast<int>(model.layers().size()); ++layer) {
    for (const int index : model.layers()[layer].nodes) {
      const auto& node = facts.proto.graph().node(index);
      if (layer < cut) near.insert(node.output().begin(), node.output().end());
      if (layer >= cut) read.merge(reads_of(node));
    }
  }
  NameSet both;
  std::ranges::set_intersection(near, read, std::inserter(both, both.end()));
  both.erase("");
  return both;
}

/// Nodes that do the work of a half; constants may be in both.
NameSet working_nodes(const onnx::ModelProto& half, const Facts& facts) {
  NameSet nodes;
  for (const auto& node : half.graph().node()) {
    if (facts.runs(node)) nodes.insert(node.output(0));
  }
  return nodes;
}

void expect_only_needed(const onnx::ModelProto& half) {
  NameSet read = names_in(half.graph().output());
  for (const auto& node : half.graph().node()) read.merge(reads_of(node));
  for (const auto& weight : half.graph().initializer()) {
    EXPECT_TRUE(read.contains(weight.name())) << "weight " << weight.name() << " is not needed";
  }
}

void expect_halves(const Model& model, const Facts& facts, const Cut& cut) {
  const auto head_bytes = model.head(cut);
  const auto tail_bytes = model.tail(cut);
  ASSERT_TRUE(head_bytes) << head_bytes.error().to_string();
  ASSERT_TRUE(tail_bytes) << tail_bytes.error().to_string();
  expect_valid(*head_bytes);
  expect_valid(*tail_bytes);
  const auto head = parse_onnx(*head_bytes);
  const auto tail = parse_onnx(*tail_bytes);
  expect_only_needed(head);
  expect_only_needed(tail);

  const NameSet inputs = names_in(facts.proto.graph().input());
  const NameSet crossing_names = names_of(cut.values);
  EXPECT_EQ(names_in(tail.graph().input()), crossing_names);
  NameSet from_head = names_in(head.graph().output());
  for (const auto& name : crossing_names)
    EXPECT_TRUE(inputs.contains(name) || from_head.contains(name)) << name;
  for (const auto& name : names_in(head.graph().input()))
    EXPECT_TRUE(inputs.contains(name)) << name;

  NameSet outputs = names_in(tail.graph().output());
  for (const auto& name : cut.head_outputs) {
    EXPECT_TRUE(from_head.contains(name)) << name;
    EXPECT_TRUE(outputs.insert(name).second) << name << " leaves from both halves";
  }
  EXPECT_EQ(outputs, names_in(facts.proto.graph().output()));

  NameSet done = working_nodes(head, facts);
  const std::size_t in_head = done.size();
  const NameSet in_tail = working_nodes(tail, facts);
  done.insert(in_tail.begin(), in_tail.end());
  EXPECT_EQ(done.size(), in_head + in_tail.size()) << "a node runs in both halves";
  for (const auto& node : facts.proto.graph().node()) {
    EXPECT_EQ(done.contains(node.output(0)), facts.runs(node)) << node.name();
  }
}

}  // namespace

onnx::ModelProto parse_onnx(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

NameSet names_of(const std::vector<TensorSpec>& specs) {
  NameSet names;
  for (const TensorSpec& spec : specs) names.insert(spec.name);
  return names;
}

void expect_valid(const std::string& bytes) {
  try {
    onnx::checker::check_model(parse_onnx(bytes));
  } catch (const std::exception& e) {
    ADD_FAILURE() << e.what();
  }
}

NameSet reads_of(const onnx::NodeProto& node) {
  NameSet reads(node.input().begin(), node.input().end());
  for (const auto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    NameSet inner = names_in(attribute.g().output());
    for (const auto& n : attribute.g().node()) inner.merge(reads_of(n));
    for (const auto& i : attribute.g().input()) inner.erase(i.name());
    for (const auto& t : attribute.g().initializer()) inner.erase(t.name());
    for (const auto& n : attribute.g().node()) {
      for (const auto& o : n.output()) inner.erase(o);
    }
    reads.merge(inner);
  }
  reads.erase("");
  return reads;
}

void expect_sound(const Model& model, std::size_t stride) {
  const Facts facts(model);
  expect_layers(model, facts);
  std::size_t next = 0;
  for (int k = 1; k < static_cast<int>(model.layers().size()); ++k) {
    const NameSet expected = crossing(model, facts, k);
    const bool listed = next < model.cuts().size() && model.cuts()[next].index == k;
    EXPECT_EQ(listed, !expected.empty()) << "cut " << k;
    if (!listed) continue;
    const Cut& cut = model.cuts()[next++];
    EXPECT_EQ(names_of(cut.values), expected) << "cut " << k;
    EXPECT_EQ(cut.values.size(), expected.size()) << "a value crosses twice at cut " << k;
    if ((next - 1) % stride == 0) expect_halves(model, facts, cut);
  }
  EXPECT_EQ(next, model.cuts().size());
}

}  // namespace cleave::graph
