#include "engine/openvino_engine.h"

#include <malloc.h>

#include <algorithm>
#include <istream>
#include <map>
#include <openvino/frontend/manager.hpp>
#include <openvino/openvino.hpp>
#include <optional>
#include <set>
#include <streambuf>

#include "base/spec.h"

namespace cleave::engine {
namespace {

constexpr std::string_view kPlace = "engine.openvino";

/// What OpenVINO's message says, on one line: without source positions and the advice behind it.
std::string gist(std::string message) {
  message.resize(std::min(message.size(), message.find("To facilitate the conversion")));
  std::string text;
  for (const std::string_view line : split(message, '\n')) {
    const bool position = line.starts_with("Exception from ") || line.starts_with("Check '");
    if (position || line.find_first_not_of(' ') == std::string_view::npos) continue;
    text += (text.empty() ? "" : " ") + std::string(line);
  }
  return text.empty() ? message : text;
}

/// Runs `action`, turning OpenVINO's exceptions into errors: of `code` where it refuses something.
template <class F>
auto guarded(ErrorCode code, std::string_view what, F&& action) -> decltype(action()) {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kResourceExhausted, kPlace, std::string(what) + ": out of memory");
  } catch (const std::exception& e) {
    return fail(code, kPlace, std::string(what) + ": " + gist(e.what()));
  }
}

constexpr std::pair<DType, ov::element::Type_t> kTypes[] = {
    {DType::kF32, ov::element::Type_t::f32},      {DType::kF16, ov::element::Type_t::f16},
    {DType::kBf16, ov::element::Type_t::bf16},    {DType::kF64, ov::element::Type_t::f64},
    {DType::kI8, ov::element::Type_t::i8},        {DType::kU8, ov::element::Type_t::u8},
    {DType::kI16, ov::element::Type_t::i16},      {DType::kU16, ov::element::Type_t::u16},
    {DType::kI32, ov::element::Type_t::i32},      {DType::kU32, ov::element::Type_t::u32},
    {DType::kI64, ov::element::Type_t::i64},      {DType::kU64, ov::element::Type_t::u64},
    {DType::kBool, ov::element::Type_t::boolean},
};

std::optional<DType> from_ov(ov::element::Type type) {
  for (const auto& [ours, theirs] : kTypes)
    if (ov::element::Type(theirs) == type) return ours;
  return std::nullopt;
}

ov::element::Type to_ov(DType dtype) {
  for (const auto& [ours, theirs] : kTypes)
    if (ours == dtype) return theirs;
  return ov::element::dynamic;
}

Shape from_ov(const ov::PartialShape& shape) {
  Shape dims;
  if (shape.rank().is_dynamic()) return {-1};
  for (const ov::Dimension& d : shape) dims.push_back(d.is_static() ? d.get_length() : -1);
  return dims;
}

template <class Port>
Result<TensorSpec> spec_of(const Port& port) {
  const auto dtype = from_ov(port.get_element_type());
  const std::string name = port.get_names().empty() ? std::string() : port.get_any_name();
  if (!dtype) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "value '" + name + "' has element type " + port.get_element_type().get_type_name());
  }
  return TensorSpec{name, *dtype, from_ov(port.get_partial_shape())};
}

/// Per input of a network the number of OpenVINO's own; nothing for one that nothing reads, which
/// OpenVINO leaves out.
using Ports = std::vector<std::optional<std::size_t>>;

/// A network as it was compiled, which sessions share.
struct Compiled {
  ov::CompiledModel model;
  std::vector<TensorSpec> inputs;
  Ports ports;
  std::vector<TensorSpec> outputs;
  bool dynamic = false;  ///< some shape hangs by the values that a run is given
};

class OpenVinoSession final : public Session {
 public:
  explicit OpenVinoSession(Compiled compiled)
      : compiled_(std::move(compiled)), request_(compiled_.model.create_infer_request()) {}

  const std::vector<TensorSpec>& inputs() const override { return compiled_.inputs; }
  const std::vector<TensorSpec>& outputs() const override { return compiled_.outputs; }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    CLEAVE_CHECK(check_inputs(compiled_.inputs, inputs));
    return guarded(ErrorCode::kInvalidArgument, "run", [&]() -> Result<std::vector<Tensor>> {
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!compiled_.ports[i]) continue;
        const Tensor& t = inputs[i];
        // The request only reads its inputs, yet its interface wants mutable memory.
        auto* data = const_cast<std::byte*>(t.bytes().data());
        request_.set_input_tensor(
            *compiled_.ports[i],
            ov::Tensor(to_ov(t.dtype()), ov::Shape(t.shape().begin(), t.shape().end()), data));
      }
      // Not infer(): with one thread it swallows errors, and the outputs are the last request's.
      infer();
      std::vector<Tensor> results;
      for (std::size_t i = 0; i < compiled_.outputs.size(); ++i) {
        const ov::Tensor out = request_.get_output_tensor(i);
        const std::span<const std::byte> bytes(static_cast<const std::byte*>(out.data()),
                                               out.get_byte_size());
        // Asked for once: where the shape is known only now, each call builds it anew in one place.
        const ov::Shape& dims = out.get_shape();
        const Shape shape(dims.begin(), dims.end());
        results.push_back(CLEAVE_TRY(Tensor::from_bytes(compiled_.outputs[i].dtype, shape, bytes)));
      }
      return results;
    });
  }

  Result<std::unique_ptr<Session>> fork() const override {
    return guarded(ErrorCode::kUnsupported, "fork", [&]() -> Result<std::unique_ptr<Session>> {
      return std::make_unique<OpenVinoSession>(compiled_);
    });
  }

  int parallel_sessions() const override {
    return static_cast<int>(compiled_.model.get_property(ov::optimal_number_of_infer_requests));
  }

 private:
  /// With one thread, infer() swallows errors and leaves the outputs of the run before. Only shapes
  /// that turn out wrong can fail a run; where there are such, the slower way is taken that tells.
  void infer() {
    if (!compiled_.dynamic) return request_.infer();
    request_.start_async();
    request_.wait();
  }

  Compiled compiled_;
  mutable ov::InferRequest request_;
};

/// The inputs that the file declares, in its order.
Result<std::vector<TensorSpec>> declared_inputs(const ov::frontend::InputModel& parsed) {
  std::vector<TensorSpec> inputs;
  for (const ov::frontend::Place::Ptr& place : parsed.get_inputs()) {
    const std::vector<std::string> names = place->get_names();
    const std::string name = names.empty() ? std::string() : names.front();
    const ov::element::Type type = parsed.get_element_type(place);
    const auto dtype = from_ov(type);
    if (!dtype) {
      return fail(ErrorCode::kUnsupported, kPlace,
                  "input '" + name + "' has element type " + type.get_type_name());
    }
    inputs.push_back({name, *dtype, from_ov(parsed.get_partial_shape(place))});
  }
  return inputs;
}

Ports find_ports(const ov::Model& model, std::span<const TensorSpec> inputs) {
  Ports ports;
  for (const TensorSpec& input : inputs) {
    std::optional<std::size_t> port;
    for (std::size_t i = 0; i < model.inputs().size(); ++i)
      if (model.input(i).get_names().contains(input.name)) port = i;
    ports.push_back(port);
  }
  return ports;
}

/// Reads a text where it lies.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    // A get area is mutable in type only: nothing here puts back.
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }

 protected:
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    char* origin = from == std::ios_base::beg ? eback() : gptr();
    if (from == std::ios_base::end) origin = egptr();
    if (offset < eback() - origin || offset > egptr() - origin) return pos_type(off_type(-1));
    setg(eback(), origin + offset, egptr());
    return gptr() - eback();
  }
  pos_type seekpos(pos_type position, std::ios_base::openmode mode) override {
    return seekoff(position, std::ios_base::beg, mode);
  }
};

ov::AnyMap properties(const EngineOptions& options) {
  ov::AnyMap map;
  if (options.threads > 0) map.emplace(ov::inference_num_threads(options.threads));
  map.emplace(ov::hint::performance_mode(options.hint == Hint::kLatency
                                             ? ov::hint::PerformanceMode::LATENCY
                                             : ov::hint::PerformanceMode::THROUGHPUT));
  const bool f32 = options.precision == Precision::kF32;
  map.emplace(ov::hint::inference_precision(f32 ? ov::element::f32 : ov::element::bf16));
  if (f32) map.emplace(ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY));
  return map;
}

class OpenVinoEngine final : public Engine {
 public:
  std::string name() const override {
    const std::string build = ov::get_openvino_version().buildNumber;
    return "openvino " + build.substr(0, build.find('-'));
  }

  Result<std::unique_ptr<Session>> compile(std::string onnx_bytes,
                                           const EngineOptions& options) override {
    return guarded(ErrorCode::kUnsupported, "compile", [&]() -> Result<std::unique_ptr<Session>> {
      Compiled compiled;
      {
        const ov::frontend::FrontEnd::Ptr reader = readers_.load_by_framework("onnx");
        const ov::frontend::InputModel::Ptr parsed = parse(*reader, onnx_bytes);
        std::string().swap(onnx_bytes);
        compiled.inputs = CLEAVE_TRY(declared_inputs(*parsed));
        const std::shared_ptr<ov::Model> model = reader->convert(parsed);
        compiled.ports = find_ports(*model, compiled.inputs);
        for (const auto& port : model->outputs())
          compiled.outputs.push_back(CLEAVE_TRY(spec_of(port)));
        if (compiled.outputs.empty())
          return fail(ErrorCode::kCorrupt, kPlace,
                      "the network has no output, expected one or more");
        compiled.dynamic = model->is_dynamic();
        compiled.model = core_.compile_model(model, "CPU", properties(options));
      }
      // The graph as it was read is gone, but the allocator keeps its pages until asked.
      malloc_trim(0);
      return std::make_unique<OpenVinoSession>(std::move(compiled));
    });
  }

  Result<std::vector<TensorSpec>> infer_types(std::string_view onnx_bytes,
                                              std::span<const TensorSpec> inputs) override {
    return guarded(ErrorCode::kUnsupported, "read", [&]() -> Result<std::vector<TensorSpec>> {
      const ov::frontend::FrontEnd::Ptr reader = readers_.load_by_framework("onnx");
      const std::shared_ptr<ov::Model> model = reader->convert(parse(*reader, onnx_bytes));
      std::map<std::string, ov::PartialShape> shapes;
      const Ports ports = find_ports(*model, inputs);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Shape& shape = inputs[i].shape;
        if (ports[i])
          shapes[inputs[i].name] =
              ov::PartialShape(std::vector<ov::Dimension>(shape.begin(), shape.end()));
      }
      model->reshape(shapes);
      std::vector<TensorSpec> values;
      for (const auto& op : model->get_ordered_ops()) {
        for (const auto& port : op->outputs()) {
          const auto dtype = from_ov(port.get_element_type());
          if (!dtype) continue;
          for (const std::string& name : port.get_names())
            values.push_back({name, *dtype, from_ov(port.get_partial_shape())});
        }
      }
      return values;
    });
  }

 private:
  /// The front end by itself, because Core::read_model() copies the text twice: with ResNet-50 that
  /// is 200 MB at the peak.
  static ov::frontend::InputModel::Ptr parse(ov::frontend::FrontEnd& reader,
                                             std::string_view onnx_bytes) {
    ViewBuffer buffer(onnx_bytes);
    std::istream stream(&buffer);
    return reader.load(&stream);
  }

  ov::frontend::FrontEndManager readers_;
  ov::Core core_;
};

}  // namespace

std::unique_ptr<Engine> make_openvino_engine() { return std::make_unique<OpenVinoEngine>(); }

}  // namespace cleave::engine
