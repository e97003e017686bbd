#pragma once

// Who makes and who reads each value of the outermost graph. Private to the module.
#include <onnx/onnx_pb.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace cleave::graph {

struct Value {
  std::string name;
  int producer = -1;  ///< node; -1 for graph inputs and initialisers
  bool is_input = false;
  bool is_output = false;
  bool constant = false;       ///< an initialiser, or made from nothing but constants
  std::vector<int> consumers;  ///< live nodes that read it, once each
};

/// Values and nodes by number; nodes by their position in the graph.
struct Wiring {
  std::vector<Value> values;
  std::unordered_map<std::string, int> by_name;
  std::vector<std::vector<int>>
      reads;  ///< per node: values read, those captured by bodies too, once each
  std::vector<std::vector<int>> makes;  ///< per node: values made, in the order of its outputs
  std::vector<char> constant;           ///< per node: depends on constants alone
  std::vector<char> live;               ///< per node: some graph output depends on it
  /// All nodes, topologically: file order wherever that is one, else the earliest node that can run
  /// goes first.
  std::vector<int> sorted;
  /// Of those, the live ones that are not constant.
  std::vector<int> order;
};

/// Fails, naming the value or node, when a value is made twice, read but never made, or needed to
/// make itself. Initialisers must not be listed among the inputs. O(V log V + E).
Result<Wiring> wire(const onnx::GraphProto& graph);

/// Names that a node reads: its inputs, and the outer values that its bodies capture, at any depth.
/// Each once, in order of appearance.
std::vector<std::string> node_reads(const onnx::NodeProto& node);

/// "node 'name' (Op)", or its first output's name where it has none of its own.
std::string node_label(const onnx::NodeProto& node);

}  // namespace cleave::graph
