#include "bundle/support.h"

#include <algorithm>

#include "base/random_tensor.h"
#include "graph/builder.h"
#include "zoo/zoo.h"

namespace cleave::bundle {
namespace {

/// Adds one to the first element of every f32 output.
class WrongSession final : public engine::Session {
 public:
  explicit WrongSession(std::unique_ptr<engine::Session> session) : session_(std::move(session)) {}
  const std::vector<TensorSpec>& inputs() const override { return session_->inputs(); }
  const std::vector<TensorSpec>& outputs() const override { return session_->outputs(); }
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    std::vector<Tensor> outputs = CLEAVE_TRY(session_->run(inputs));
    for (Tensor& t : outputs) t.as<float>()[0] += 1;
    return outputs;
  }
  Result<std::unique_ptr<engine::Session>> fork() const override { return session_->fork(); }
  int parallel_sessions() const override { return session_->parallel_sessions(); }

 private:
  std::unique_ptr<engine::Session> session_;
};

class FailingEngine final : public engine::Engine {
 public:
  FailingEngine(Failing how, int good) : how_(how), good_(good) {}
  std::string name() const override { return "failing 1"; }
  Result<std::unique_ptr<engine::Session>> compile(std::string onnx_bytes,
                                                   const engine::EngineOptions& options) override {
    const bool fails = good_-- <= 0;
    if (fails && how_ == Failing::kCompile)
      return fail(ErrorCode::kUnsupported, "test", "this engine fails");
    auto session = CLEAVE_TRY(test_engine().compile(std::move(onnx_bytes), options));
    if (!fails) return session;
    return std::make_unique<WrongSession>(std::move(session));
  }
  Result<std::vector<TensorSpec>> infer_types(std::string_view onnx_bytes,
                                              std::span<const TensorSpec> inputs) override {
    return test_engine().infer_types(onnx_bytes, inputs);
  }

 private:
  Failing how_;
  int good_;
};

}  // namespace

graph::Model tiny() { return graph::Model::parse(zoo::build("tiny", 1).value()).value(); }

graph::Model forked() {
  graph::Builder b(13, 7);
  b.input("a", {1, 4}).input("b", {1, 4});
  b.node("Sin", {"a"}, {"x"}).node("Sigmoid", {"x"}, {"early"});
  b.node("Cos", {"x"}, {"y"}).node("Sqrt", {"early"}, {"z"});
  b.node("Mul", {"y", "b"}, {"p"}).node("Sub", {"p", "z"}, {"late"});
  b.output("early").output("late");
  return graph::Model::parse(b.bytes()).value();
}

WriteRequest request_for(const graph::Model& model, const std::string& codec,
                         const std::vector<int>& cuts) {
  WriteRequest request;
  request.name = "split";
  request.model_name = "net";
  for (const graph::Cut& cut : model.cuts()) {
    if (cuts.empty() || std::ranges::find(cuts, cut.index) != cuts.end())
      request.cuts.push_back({.cut = &cut, .codec = codec});
  }
  for (const std::uint64_t seed : {7, 8})
    request.samples.push_back(random_tensors(model.inputs(), seed));
  return request;
}

std::unique_ptr<engine::Engine> failing_engine(Failing how, int good) {
  return std::make_unique<FailingEngine>(how, good);
}

}  // namespace cleave::bundle
