#pragma once

// A network as steps over numbered values. Private to the module.
#include <onnx/onnx_pb.h>

#include <map>
#include <string>
#include <vector>

#include "graph/model.h"
#include "train/aten.h"
#include "train/operators.h"

namespace cleave::train {

/// What training does with a constant.
enum class Role {
  kFixed,
  kWeight,     ///< an optimiser changes it
  kStatistic,  ///< a batch norm changes it in training mode
};

struct Constant {
  at::Tensor value;
  at::ScalarType type = at::kFloat;  ///< that it has in the file
  Role role = Role::kFixed;
};

/// A node that depends on the network's inputs.
struct Step {
  int node = 0;  ///< in the record's graph
  const Operator* op = nullptr;
  Compute compute;
  std::vector<int> inputs;   ///< values; -1 where one is left out
  std::vector<int> outputs;  ///< values; -1 where one is not wanted
  std::vector<int> expired;  ///< values that nothing reads after it
};

struct Network {
  /// Without initialisers, which are the constants.
  onnx::ModelProto record;
  int opset = 0;
  std::vector<std::string> names;  ///< of values
  std::vector<TensorSpec> input_specs;
  std::vector<TensorSpec> output_specs;
  std::vector<int> inputs;
  std::vector<int> outputs;
  std::map<int, Constant> constants;
  std::vector<Step> steps;  ///< in running order

  Node node_of(const Step& step) const { return {record.graph().node(step.node), opset}; }
};

/// Reads a network and computes, once, what depends on constants alone. Errors: kUnsupported for an
/// operator or a type that is not built, with the node that needs it.
Result<Network> read_network(const graph::Model& model);

/// The error about `what` that libtorch's message, whose first line alone is for people, tells.
std::unexpected<Error> refused(const std::string& what, const std::string& message);

/// Runs `action`, which uses libtorch, and turns what it throws into an error about `what`.
template <class F>
auto guarded(const std::string& what, F&& action) -> decltype(action()) {
  try {
    return action();
  } catch (const c10::Error& e) {
    return refused(what, e.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kResourceExhausted, "train.network", what + ": out of memory");
  } catch (const std::exception& e) {
    return refused(what, e.what());
  }
}

}  // namespace cleave::train
