#include "graph/shared_weights.h"

#include "base/checksum.h"
#include "base/file.h"
#include "graph/proto.h"

namespace cleave::graph {
namespace {

constexpr std::string_view kPlace = "graph.weights";
/// As ONNX's own tools: smaller ones are shapes, axes and scales.
constexpr std::size_t kLeastBytes = 1024;
/// Enough for any element and any vector register.
constexpr std::size_t kAlignment = 64;

Result<onnx::ModelProto> parse(std::string_view onnx_bytes) {
  onnx::ModelProto model;
  if (onnx_bytes.size() > kMaxModelBytes ||
      !model.ParseFromArray(onnx_bytes.data(), static_cast<int>(onnx_bytes.size())))
    return fail(ErrorCode::kNotThisFormat, kPlace, "the bytes are not an ONNX network");
  return model;
}

Result<std::string> serialised(const onnx::ModelProto& model) {
  std::string bytes;
  if (model.SerializeToString(&bytes)) return bytes;
  return fail(ErrorCode::kResourceExhausted, kPlace, "a network of more than 2 GB");
}

/// Files may keep floats as a list of numbers; as bytes they can lie elsewhere.
void pack_floats(onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::FLOAT || tensor.float_data_size() == 0) return;
  const auto& floats = tensor.float_data();
  tensor.set_raw_data(floats.data(), static_cast<std::size_t>(floats.size()) * sizeof(float));
  tensor.clear_float_data();
}

void say_where(onnx::TensorProto& tensor, const std::string& key, std::string value) {
  auto& entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(std::move(value));
}

}  // namespace

std::uint64_t SharedWeights::place_of(const std::string& data) {
  const auto [at, is_new] = offsets_.try_emplace(sha256_hex(as_bytes(data)), 0);
  if (is_new) {
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
    at->second = bytes_.size();
    bytes_ += data;
  }
  return at->second;
}

Result<std::string> SharedWeights::move_out(std::string_view onnx_bytes) {
  onnx::ModelProto model = CLEAVE_TRY(parse(onnx_bytes));
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    pack_floats(tensor);
    if (tensor.raw_data().size() < kLeastBytes) continue;
    say_where(tensor, "location", file_);
    say_where(tensor, "offset", std::to_string(place_of(tensor.raw_data())));
    say_where(tensor, "length", std::to_string(tensor.raw_data().size()));
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    tensor.clear_raw_data();
  }
  return serialised(model);
}

Result<std::string> with_weights_inside(std::string_view onnx_bytes,
                                        const std::filesystem::path& folder,
                                        std::string_view file) {
  onnx::ModelProto model = CLEAVE_TRY(parse(onnx_bytes));
  CLEAVE_CHECK(visit_tensors(model, [&](onnx::TensorProto& tensor) -> Result<void> {
    for (const auto& entry : tensor.external_data())
      if (entry.key() == "location" && entry.value() != file)
        return fail(ErrorCode::kCorrupt, kPlace,
                    "tensor '" + tensor.name() + "' lies in '" + entry.value() + "', expected " +
                        (file.empty() ? "none to lie elsewhere" : "'" + std::string(file) + "'"));
    return {};
  }));
  CLEAVE_CHECK(read_external_data(model, folder));
  return serialised(model);
}

}  // namespace cleave::graph
