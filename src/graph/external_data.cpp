// Tensors whose data lies in a file beside the network: a location relative to the network's
// folder, and, if given, an offset and a length in bytes.
#include <algorithm>
#include <fstream>
#include <optional>

#include "base/spec.h"
#include "graph/onnx_types.h"
#include "graph/proto.h"

namespace cleave::graph {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string location;
  std::int64_t offset = 0;
  std::optional<std::int64_t> length;
};

std::unexpected<Error> refuse(const onnx::TensorProto& tensor, ErrorCode code, std::string what) {
  return fail(code, "graph.load",
              "external data of tensor '" + tensor.name() + "': " + std::move(what));
}

Result<std::int64_t> whole_number(const onnx::TensorProto& tensor, const std::string& key,
                                  const std::string& text) {
  const auto value = parse_number<std::int64_t>(text);
  if (value && *value >= 0) return *value;
  return refuse(tensor, ErrorCode::kCorrupt,
                key + " is '" + text + "', expected a number of bytes");
}

Result<Place> read_place(const onnx::TensorProto& tensor) {
  Place place;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() == "offset") {
      place.offset = CLEAVE_TRY(whole_number(tensor, "offset", entry.value()));
    }
    if (entry.key() == "length") {
      place.length = CLEAVE_TRY(whole_number(tensor, "length", entry.value()));
    }
  }
  if (place.location.empty()) return refuse(tensor, ErrorCode::kCorrupt, "no location is given");
  return place;
}

/// The file, links resolved, if it lies in the folder or below.
Result<fs::path> resolve(const onnx::TensorProto& tensor, const fs::path& folder,
                         const std::string& location) {
  std::error_code problem;
  const fs::path root = fs::canonical(folder, problem);
  fs::path file = problem ? fs::path() : fs::weakly_canonical(root / location, problem);
  if (problem)
    return refuse(tensor, ErrorCode::kIo,
                  "cannot resolve '" + location + "': " + problem.message());
  const auto [root_end, rest] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (root_end != root.end()) {
    return refuse(
        tensor, ErrorCode::kCorrupt,
        "'" + location + "' leads out of the network's folder, expected a file within it");
  }
  if (!fs::is_regular_file(file, problem)) {
    return refuse(tensor, ErrorCode::kNotFound, "file '" + file.string() + "' does not exist");
  }
  return file;
}

Result<std::int64_t> checked_length(const onnx::TensorProto& tensor, const Place& place,
                                    const fs::path& file) {
  std::error_code problem;
  const auto file_bytes = static_cast<std::int64_t>(fs::file_size(file, problem));
  if (problem) return refuse(tensor, ErrorCode::kIo, problem.message());
  if (place.offset > file_bytes || place.length.value_or(0) > file_bytes - place.offset) {
    return refuse(tensor, ErrorCode::kCorrupt,
                  "offset " + std::to_string(place.offset) + " and length " +
                      std::to_string(place.length.value_or(0)) + " lie outside '" + place.location +
                      "', which has " + std::to_string(file_bytes) + " bytes");
  }
  const std::int64_t length = place.length.value_or(file_bytes - place.offset);
  const auto count = element_count(tensor);
  const auto expected = count ? raw_bytes(tensor.data_type(), *count) : std::nullopt;
  if (expected != length) {
    return refuse(tensor, ErrorCode::kCorrupt,
                  "'" + place.location + "' gives " + std::to_string(length) +
                      " bytes, type and dimensions promise " +
                      (expected ? std::to_string(*expected) : "something else"));
  }
  return length;
}

Result<void> read_into(onnx::TensorProto& tensor, const fs::path& file, std::int64_t offset,
                       std::int64_t length) {
  std::string data(static_cast<std::size_t>(length), '\0');
  std::ifstream stream(file, std::ios::binary);
  if (!stream.seekg(offset) || !stream.read(data.data(), length)) {
    return refuse(tensor, ErrorCode::kIo, "cannot read '" + file.string() + "'");
  }
  tensor.set_raw_data(std::move(data));
  tensor.clear_external_data();
  tensor.clear_data_location();
  return {};
}

}  // namespace

Result<void> read_external_data(onnx::ModelProto& model, const fs::path& base_folder) {
  std::int64_t room = kMaxModelBytes - static_cast<std::int64_t>(model.ByteSizeLong());
  return visit_tensors(model, [&](onnx::TensorProto& tensor) -> Result<void> {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return {};
    const Place place = CLEAVE_TRY(read_place(tensor));
    if (base_folder.empty()) {
      return refuse(tensor, ErrorCode::kUnsupported,
                    "'" + place.location + "' is needed, but no folder is known to find it in");
    }
    const fs::path file = CLEAVE_TRY(resolve(tensor, base_folder, place.location));
    const std::int64_t length = CLEAVE_TRY(checked_length(tensor, place, file));
    room -= length;
    if (room < 0) {
      return refuse(tensor, ErrorCode::kResourceExhausted,
                    "network and weights exceed " + std::to_string(kMaxModelBytes) +
                        " bytes, the most that one ONNX file can hold");
    }
    return read_into(tensor, file, place.offset, length);
  });
}

}  // namespace cleave::graph
