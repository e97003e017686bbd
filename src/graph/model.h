#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::graph {

/// Given a serialised, self-contained ONNX network and the concrete shapes of its inputs, tells the
/// types and shapes of as many named values as it can. A dimension it does not know is -1. It may
/// fail on networks that it does not know: Model then asks libonnx alone.
using TypeInference = std::function<Result<std::vector<TensorSpec>>(
    const std::string& onnx_bytes, const std::vector<TensorSpec>& inputs)>;

struct LoadOptions {
  /// Shapes that replace what the file says of an input; every dimension at least 1.
  std::map<std::string, Shape> shapes;
  /// Asked before libonnx's own inference; may be empty.
  TypeInference infer;
};

/// A node, or a fused run of nodes that engines execute as one.
struct Layer {
  std::string name;        ///< of its last node, else of that node's output; unique
  std::string op;          ///< "Conv+BatchNormalization+Relu"
  std::vector<int> nodes;  ///< positions in the graph that to_bytes() gives, in running order
  std::vector<TensorSpec> inputs;  ///< values it reads that are not constant
  std::vector<TensorSpec>
      outputs;                  ///< values it makes that are read elsewhere or are graph outputs
  std::int64_t macs = 0;        ///< multiply-accumulates; 0 where an operator or a shape is unknown
  std::int64_t parameters = 0;  ///< elements of the constants it reads
  std::int64_t parameter_bytes = 0;
  std::optional<std::int64_t> output_bytes;  ///< nothing when a type or shape is unknown
};

/// The place between layers [0, index) and [index, end).
struct Cut {
  int index = 0;  ///< layers in the head, from 1 to layers - 1
  /// What the tail reads and does not make, each value once: first graph inputs, which need not
  /// pass the head, then values made by the head. A value of unknown type is listed as f32 of shape
  /// {-1}.
  std::vector<TensorSpec> values;
  std::optional<std::int64_t> bytes;  ///< of all values; nothing when a type or shape is unknown
  std::vector<std::string> head_outputs;  ///< graph outputs that leave from the head
  std::int64_t head_macs = 0;
  std::int64_t tail_macs = 0;

  bool single() const { return values.size() == 1; }
  std::string id() const { return std::to_string(index); }
};

/// What a run of layers reads from outside and what the outside wants of it.
struct Segment {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

/// Sums over the network; a constant that several layers read counts once.
struct Totals {
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  std::int64_t parameter_bytes = 0;
};

/// An ONNX network with concrete input shapes, its layers in a topological order, and the cuts
/// along that order. Accepts every IR version and operator set; what it does not know of an
/// operator is its MACs and, without a TypeInference that knows it, its shapes.
///
/// On loading, external weights become part of the network; calls of model-local functions become
/// their nodes; initialisers stop being inputs;
/// Constant nodes, and Shape and Size nodes of values with a known shape, become initialisers. What
/// depends on constants alone (random generators apart) belongs to no layer and goes wherever it is
/// read. Nodes that no graph output depends on belong to no layer.
///
/// Thread safety: immutable, all members may be called at once. Owns the network and its weights,
/// one copy. Errors of loading: kIo, kNotThisFormat, kCorrupt, kUnsupported, kResourceExhausted
/// over 2 GB, kInvalidArgument where an input needs a shape. No call throws or prints.
class Model {
 public:
  /// Reads an ONNX file. External weight files must lie in its folder or below.
  static Result<Model> load(const std::filesystem::path& path, const LoadOptions& options = {});
  /// The same from memory; `base_folder` holds external weights, which are refused when it is
  /// empty.
  static Result<Model> parse(std::string_view bytes, const LoadOptions& options = {},
                             const std::filesystem::path& base_folder = {});
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  /// The graph's name; may be empty.
  const std::string& name() const;
  /// Inputs and outputs in the file's order. Inputs are concrete; an output's unknown dimension is
  /// -1.
  const std::vector<TensorSpec>& inputs() const;
  const std::vector<TensorSpec>& outputs() const;
  /// Type and shape of any value of the outermost graph, if its type and rank are known.
  std::optional<TensorSpec> value(const std::string& value_name) const;

  const std::vector<Layer>& layers() const;
  /// In order of index. Left out: cuts at which the tail needs no value, and those through a value
  /// that is not a tensor of a DType (a sequence, strings).
  const std::vector<Cut>& cuts() const;
  const Totals& totals() const;

  /// A cut by its index ("12"), by the name of the layer before it, or, where one value crosses, by
  /// that value's name. An unknown one is kInvalidArgument with what is known and near names.
  Result<const Cut*> find_cut(std::string_view text) const;

  /// The whole network as held, serialised.
  Result<std::string> to_bytes() const;
  /// The part of the network between named values, serialised as a network of its own: only the
  /// nodes, initialisers and functions it needs, names kept. Fails when a name is unknown, when an
  /// input's type is unknown, or when the outputs need a graph input that is not among the inputs.
  Result<std::string> extract(const std::vector<std::string>& input_names,
                              const std::vector<std::string>& output_names) const;

  /// Layers [first, last), 0 <= first < last <= layers. Graph outputs that are graph inputs belong
  /// to the run that starts at 0; those that are constant, to the run that ends with the last
  /// layer.
  Segment segment(int first, int last) const;
  Result<std::string> extract_segment(int first, int last) const;
  /// The halves. The head's inputs are the graph inputs that it reads; its outputs are the crossing
  /// values that it makes and the graph outputs that are born in it.
  Result<std::string> head(const Cut& cut) const { return extract_segment(0, cut.index); }
  Result<std::string> tail(const Cut& cut) const {
    return extract_segment(cut.index, static_cast<int>(layers().size()));
  }

 private:
  struct Impl;
  explicit Model(std::unique_ptr<const Impl> impl);
  static Result<Model> build(std::unique_ptr<Impl> impl, const LoadOptions& options);
  std::unique_ptr<const Impl> impl_;
};

/// Shapes for LoadOptions that multiply the first dimension of every input by `batch`, which is at
/// least 1.
std::map<std::string, Shape> batch_shapes(const Model& model, int batch);

/// Reads "data=1,3,224,224"; dimensions at least 1. "x=" is a scalar.
Result<std::pair<std::string, Shape>> parse_shape_option(std::string_view text);

}  // namespace cleave::graph
