#include "wire/http_tensor.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "wire/elements.h"

namespace cleave::wire {
namespace {

constexpr char kBinarySize[] = "binary_data_size";

Result<Parameter> parameter_from_json(const Json& value, std::string_view key,
                                      std::string_view place) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_number_unsigned() && !std::in_range<std::int64_t>(value.get<std::uint64_t>())) {
    return value.get<std::uint64_t>();
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return fail(ErrorCode::kInvalidArgument, place,
              fmt::format("parameter '{}' is {}, expected a boolean, a number or a text", key,
                          value.type_name()));
}

// Whether a JSON number can become a T without changing its meaning.
template <class T>
bool fits(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean() || value == 0 || value == 1;
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number() && std::isfinite(static_cast<T>(value.get<double>()));
  } else if (value.is_number_unsigned()) {
    return std::in_range<T>(value.get<std::uint64_t>());
  } else {
    return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  }
}

template <class T>
T element_of(const Json& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value == true || value == 1;
  else
    return value.get<T>();
}

// Appends the numbers of arbitrarily nested arrays; at most `left` more are taken. The depth is
// bounded by parse_json().
template <class T>
Result<void> flatten(const Json& value, std::int64_t& left, std::string& bytes,
                     std::string_view place) {
  if (value.is_array()) {
    for (const Json& inner : value) CLEAVE_CHECK(flatten<T>(inner, left, bytes, place));
    return {};
  }
  if (left-- == 0) {
    return fail(ErrorCode::kInvalidArgument, place, "data hold more elements than the shape");
  }
  if (!fits<T>(value)) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("data hold {}, which does not fit the datatype",
                            value.is_number() ? value.dump() : std::string(value.type_name())));
  }
  const T element = element_of<T>(value);
  bytes.append(reinterpret_cast<const char*>(&element), sizeof(T));
  return {};
}

Result<void> flatten_text(const Json& value, std::int64_t& left, std::vector<std::string>& elements,
                          std::string_view place) {
  if (value.is_array()) {
    for (const Json& inner : value) CLEAVE_CHECK(flatten_text(inner, left, elements, place));
    return {};
  }
  if (left-- == 0) {
    return fail(ErrorCode::kInvalidArgument, place, "data hold more elements than the shape");
  }
  if (!value.is_string()) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("data hold {}, expected text for BYTES", value.type_name()));
  }
  elements.push_back(value.get<std::string>());
  return {};
}

Result<void> read_json_data(const Json& data, WireTensor& tensor, std::string_view place) {
  std::int64_t left = CLEAVE_TRY(count_of(tensor.shape, place));
  if (tensor.datatype == kBytes) return flatten_text(data, left, tensor.elements, place);
  const auto dtype = dtype_of(tensor.datatype);
  if (!dtype) return {};  // validate() says it better
  return visit_elements(
      *dtype,
      [&]<class T>(std::type_identity<T>) { return flatten<T>(data, left, tensor.bytes, place); },
      [&]() -> Result<void> {
        return fail(ErrorCode::kInvalidArgument, place,
                    fmt::format("tensor '{}' is {}, which must be sent as binary data", tensor.name,
                                tensor.datatype));
      });
}

Result<void> read_binary_data(std::string_view& binary, WireTensor& tensor,
                              std::string_view place) {
  const auto* size = std::get_if<std::int64_t>(&tensor.parameters.at(kBinarySize));
  if (size == nullptr || *size < 0 || std::cmp_greater(*size, binary.size())) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("tensor '{}' has no usable binary_data_size; {} bytes are left",
                            tensor.name, binary.size()));
  }
  const std::string_view data = binary.substr(0, static_cast<std::size_t>(*size));
  binary.remove_prefix(data.size());
  tensor.parameters.erase(kBinarySize);
  if (tensor.datatype != kBytes) {
    tensor.bytes = data;
    return {};
  }
  const std::int64_t count = CLEAVE_TRY(count_of(tensor.shape, place));
  tensor.elements = CLEAVE_TRY(unpack_elements(data, count, place));
  return {};
}

template <class T>
Result<void> append_numbers(const WireTensor& tensor, std::string& json) {
  char text[32];
  for (std::size_t at = 0; at < tensor.bytes.size(); at += sizeof(T)) {
    if (at != 0) json += ',';
    T element;
    std::memcpy(&element, tensor.bytes.data() + at, sizeof(T));
    if constexpr (std::is_same_v<T, bool>) {
      json += element ? "true" : "false";
    } else {
      if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(element)) {
          return fail(ErrorCode::kInvalidArgument, "wire.http",
                      fmt::format("tensor '{}' holds a number that is not finite, which JSON "
                                  "cannot carry; ask for binary data",
                                  tensor.name));
        }
      }
      json.append(text, std::to_chars(std::begin(text), std::end(text), element).ptr);
    }
  }
  return {};
}

Result<void> append_texts(const WireTensor& tensor, std::string& json) {
  for (std::size_t i = 0; i < tensor.elements.size(); ++i) {
    if (i != 0) json += ',';
    try {
      json += Json(tensor.elements[i]).dump();
    } catch (const Json::exception&) {
      return fail(ErrorCode::kInvalidArgument, "wire.http",
                  fmt::format("element {} of tensor '{}' is not UTF-8, which JSON cannot carry; "
                              "ask for binary data",
                              i, tensor.name));
    }
  }
  return {};
}

Result<void> append_data(const WireTensor& tensor, std::string& json) {
  if (tensor.datatype == kBytes) return append_texts(tensor, json);
  const auto unsupported = [&]() -> Result<void> {
    return fail(ErrorCode::kInvalidArgument, "wire.http",
                fmt::format("tensor '{}' is {}, which JSON cannot carry; ask for binary data",
                            tensor.name, tensor.datatype));
  };
  const auto dtype = dtype_of(tensor.datatype);
  if (!dtype) return unsupported();
  return visit_elements(
      *dtype, [&]<class T>(std::type_identity<T>) { return append_numbers<T>(tensor, json); },
      unsupported);
}

}  // namespace

Result<Parameters> parameters_from_json(const Json& json, std::string_view place) {
  if (!json.is_object()) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("'parameters' is {}, expected an object", json.type_name()));
  }
  Parameters parameters;
  for (const auto& [key, value] : json.items()) {
    parameters[key] = CLEAVE_TRY(parameter_from_json(value, key, place));
  }
  return parameters;
}

Json to_json(const Parameters& parameters) {
  Json json = Json::object();
  for (const auto& [key, value] : parameters) {
    std::visit([&, &name = key](const auto& v) { json[name] = v; }, value);
  }
  return json;
}

Result<Shape> shape_from_json(const Json& tensor, std::string_view place) {
  const auto refuse = [&](std::string found) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("'shape' {}, expected an array of whole numbers", found));
  };
  const auto json = tensor.find("shape");
  if (json == tensor.end()) return refuse("is missing");
  if (!json->is_array()) return refuse(fmt::format("is {}", json->type_name()));
  if (json->size() > kMaxRank) return refuse(fmt::format("has {} dimensions", json->size()));
  Shape shape;
  for (const Json& dimension : *json) {
    if (!fits<std::int64_t>(dimension)) return refuse("holds something else");
    shape.push_back(dimension.get<std::int64_t>());
  }
  return shape;
}

Result<WireTensor> tensor_from_json(const Json& json, std::string_view& binary,
                                    std::string_view place) {
  WireTensor tensor;
  tensor.name = CLEAVE_TRY(json_get<std::string>(json, "name", place));
  tensor.datatype = CLEAVE_TRY(json_get<std::string>(json, "datatype", place));
  tensor.shape = CLEAVE_TRY(shape_from_json(json, place));
  if (json.contains("parameters")) {
    tensor.parameters = CLEAVE_TRY(parameters_from_json(json["parameters"], place));
  }
  const bool is_binary = tensor.parameters.contains(kBinarySize);
  if (is_binary == json.contains("data")) {
    // Data may also lie in shared memory, which validate() refuses by name.
    if (!is_binary) return tensor;
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("tensor '{}' has data and binary_data_size, expected one of them",
                            tensor.name));
  }
  if (is_binary)
    CLEAVE_CHECK(read_binary_data(binary, tensor, place));
  else
    CLEAVE_CHECK(read_json_data(json["data"], tensor, place));
  return tensor;
}

Result<void> append_tensor(WireTensor tensor, bool is_binary, std::string& json,
                           std::string& binary) {
  Json head = {{"name", tensor.name}, {"datatype", tensor.datatype}, {"shape", tensor.shape}};
  std::string packed;
  const std::string* data = &tensor.bytes;
  if (is_binary) {
    if (tensor.datatype == kBytes) {
      packed = pack_elements(tensor.elements);
      data = &packed;
    }
    tensor.parameters[kBinarySize] = static_cast<std::int64_t>(data->size());
  }
  if (!tensor.parameters.empty()) head["parameters"] = to_json(tensor.parameters);
  json += dump_json(head);
  if (is_binary) {
    binary += *data;
    return {};
  }
  json.pop_back();  // the closing brace: the data come before it, without a detour over Json
  json += ",\"data\":[";
  CLEAVE_CHECK(append_data(tensor, json));
  json += "]}";
  return {};
}

}  // namespace cleave::wire
