#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "graph/model.h"
#include "train/aten.h"
// Behind it.
#include <torch/nn/module.h>

namespace cleave::train {

struct ExportOptions {
  /// Batch norms behind convolutions become part of their weights.
  bool fold_batch_norms = false;
};

/// An ONNX network as a libtorch module that can be trained and written back.
///
/// Parameters are the constants of floats that operators take for weights: those of convolutions,
/// matrix products and normalisations, slopes, and addends and factors of more than one element.
/// Running means and variances are buffers, and so are the other constants of floats. What depends
/// on constants alone is computed once on reading: a weight that the file shares between two
/// places by way of a Transpose becomes two. Names are those in the file with '/' for '.'.
///
/// train() makes batch norms use and learn the batch's statistics and dropouts drop. The
/// first dimension of inputs may differ from the file's; a Reshape to one row gives as many as come
/// where the file has one.
///
/// Thread safety: forward() in evaluation mode may be called at once from several threads; else
/// that of torch::nn::Module.
class OnnxModule : public torch::nn::Module {
 public:
  /// Errors: kUnsupported for an operator, an attribute or a type that is not built, with the node
  /// that needs it.
  static Result<std::shared_ptr<OnnxModule>> create(const graph::Model& model);
  ~OnnxModule() override;

  /// A parameter's or a buffer's name in libtorch.
  static std::string torch_name(std::string onnx_name);

  /// The network's inputs and outputs, in its own order.
  const std::vector<TensorSpec>& inputs() const;
  const std::vector<TensorSpec>& outputs() const;

  /// What is done to a value, named as in the file, on its way to those who read it: a codec, say.
  /// Called by forward(), on the thread that calls it; an empty one takes an earlier one off.
  /// Errors: kNotFound for a value that the network does not compute.
  using Transform = std::function<Result<torch::Tensor>(const torch::Tensor&)>;
  Result<void> set_transform(const std::string& value, Transform transform);

  /// The operator that makes the first output; empty where that is an input or a constant.
  std::string answering_operator() const;

  /// Runs the network. Errors: kInvalidArgument with the node at which shapes or types do not fit.
  Result<std::vector<torch::Tensor>> forward(std::span<const torch::Tensor> inputs) const;

  /// The network with the weights that it has now, in the types of the file.
  Result<std::string> to_onnx(const ExportOptions& options = {}) const;

 private:
  struct Impl;
  explicit OnnxModule(std::unique_ptr<Impl> impl);
  Result<void> register_constants();

  std::unique_ptr<Impl> impl_;
};

}  // namespace cleave::train
