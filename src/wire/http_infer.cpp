#include "wire/http_infer.h"

#include <fmt/format.h>

#include "wire/http_tensor.h"

namespace cleave::wire {
namespace {

constexpr char kBinaryData[] = "binary_data";
constexpr char kBinaryDataOutput[] = "binary_data_output";

struct Parts {
  Json json;
  std::string_view binary;
};

Result<Parts> split_body(std::string_view body, std::optional<std::size_t> json_length,
                         std::string_view place) {
  const std::size_t length = json_length.value_or(body.size());
  if (length > body.size()) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("{} promises {} bytes, the body has {}", kJsonLengthHeader, length,
                            body.size()));
  }
  if (length > kMaxJsonBytes) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("{} bytes of JSON, at most {} are read; send the data as binary",
                            length, kMaxJsonBytes));
  }
  Parts parts{CLEAVE_TRY(parse_json(body.substr(0, length), place)), body.substr(length)};
  if (parts.json.is_object()) return parts;
  return fail(ErrorCode::kInvalidArgument, place,
              fmt::format("the body is {}, expected an object", parts.json.type_name()));
}

// The array `key`, or null where the object has none.
Result<const Json*> tensors_of(const Json& json, const char* key, std::string_view place) {
  const auto found = json.find(key);
  if (found == json.end()) return nullptr;
  if (found->is_array() && found->size() <= kMaxTensors) return &*found;
  return fail(ErrorCode::kInvalidArgument, place,
              fmt::format("'{}' is no array of at most {} tensors", key, kMaxTensors));
}

Result<std::vector<WireTensor>> read_tensors(const Json& json, const char* key,
                                             std::string_view binary, std::string_view place) {
  std::vector<WireTensor> tensors;
  if (const Json* array = CLEAVE_TRY(tensors_of(json, key, place))) {
    for (const Json& tensor : *array) {
      tensors.push_back(CLEAVE_TRY(tensor_from_json(tensor, binary, place)));
    }
  }
  if (binary.empty()) return tensors;
  return fail(ErrorCode::kInvalidArgument, place,
              fmt::format("{} bytes follow the last tensor's data", binary.size()));
}

// Takes a boolean parameter away; nothing when it is not there.
Result<std::optional<bool>> take_flag(Parameters& parameters, const char* key,
                                      std::string_view place) {
  const auto found = parameters.find(key);
  if (found == parameters.end()) return std::nullopt;
  const bool* flag = std::get_if<bool>(&found->second);
  if (flag == nullptr) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("parameter '{}' is no boolean", key));
  }
  const bool value = *flag;
  parameters.erase(found);
  return value;
}

Result<void> read_outputs(const Json& json, HttpInferRequest& parsed, std::string_view place) {
  const Json* array = CLEAVE_TRY(tensors_of(json, "outputs", place));
  if (array == nullptr) return {};
  for (const Json& output : *array) {
    RequestedOutput wanted;
    wanted.name = CLEAVE_TRY(json_get<std::string>(output, "name", place));
    if (output.contains("parameters")) {
      wanted.parameters = CLEAVE_TRY(parameters_from_json(output["parameters"], place));
    }
    if (const auto flag = CLEAVE_TRY(take_flag(wanted.parameters, kBinaryData, place))) {
      parsed.binary.by_name[wanted.name] = *flag;
    }
    parsed.request.outputs.push_back(std::move(wanted));
  }
  return {};
}

Result<void> read_head(const Json& json, auto& infer, std::string_view place) {
  infer.id = CLEAVE_TRY(json_get_or<std::string>(json, "id", "", place));
  if (json.contains("parameters")) {
    infer.parameters = CLEAVE_TRY(parameters_from_json(json["parameters"], place));
  }
  return {};
}

// Closes the JSON part and joins the two.
HttpBody join(std::string json, const std::string& binary) {
  json += '}';
  HttpBody body{std::move(json), 0};
  body.json_length = body.bytes.size();
  body.bytes += binary;
  return body;
}

Result<void> append_tensors(std::vector<WireTensor> tensors, const char* key,
                            const BinaryChoice& binary, std::string& json, std::string& tail) {
  json += fmt::format("{}\"{}\":[", json.size() > 1 ? "," : "", key);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (i != 0) json += ',';
    const bool is_binary = binary.of(tensors[i].name);
    CLEAVE_CHECK(append_tensor(std::move(tensors[i]), is_binary, json, tail));
  }
  json += ']';
  return {};
}

// The members as an object without its closing brace, to be written on.
std::string open_object(const Json& members) {
  std::string json = dump_json(members);
  json.pop_back();
  return json;
}

}  // namespace

bool BinaryChoice::of(std::string_view output) const {
  const auto found = by_name.find(output);
  return found == by_name.end() ? by_default : found->second;
}

Result<HttpInferRequest> parse_http_infer(std::string_view body,
                                          std::optional<std::size_t> json_length) {
  constexpr std::string_view kPlace = "wire.request";
  const Parts parts = CLEAVE_TRY(split_body(body, json_length, kPlace));
  HttpInferRequest parsed;
  CLEAVE_CHECK(read_head(parts.json, parsed.request, kPlace));
  const auto all = CLEAVE_TRY(take_flag(parsed.request.parameters, kBinaryDataOutput, kPlace));
  parsed.binary.by_default = all.value_or(false);
  CLEAVE_CHECK(read_outputs(parts.json, parsed, kPlace));
  parsed.request.inputs = CLEAVE_TRY(read_tensors(parts.json, "inputs", parts.binary, kPlace));
  CLEAVE_CHECK(validate(parsed.request));
  return parsed;
}

Result<InferResponse> parse_http_answer(std::string_view body,
                                        std::optional<std::size_t> json_length) {
  constexpr std::string_view kPlace = "wire.response";
  const Parts parts = CLEAVE_TRY(split_body(body, json_length, kPlace));
  InferResponse response;
  CLEAVE_CHECK(read_head(parts.json, response, kPlace));
  response.model_name = CLEAVE_TRY(json_get<std::string>(parts.json, "model_name", kPlace));
  response.model_version =
      CLEAVE_TRY(json_get_or<std::string>(parts.json, "model_version", "", kPlace));
  response.outputs = CLEAVE_TRY(read_tensors(parts.json, "outputs", parts.binary, kPlace));
  CLEAVE_CHECK(validate(response));
  return response;
}

Result<HttpBody> write_http_infer(InferRequest request) {
  request.parameters[kBinaryDataOutput] = true;
  Json members = Json::object();
  if (!request.id.empty()) members["id"] = request.id;
  members["parameters"] = to_json(request.parameters);
  for (RequestedOutput& output : request.outputs) {
    output.parameters[kBinaryData] = true;
    members["outputs"].push_back(
        {{"name", output.name}, {"parameters", to_json(output.parameters)}});
  }
  std::string json = open_object(members);
  std::string binary;
  const BinaryChoice all{.by_default = true, .by_name = {}};
  CLEAVE_CHECK(append_tensors(std::move(request.inputs), "inputs", all, json, binary));
  return join(std::move(json), binary);
}

Result<HttpBody> write_http_answer(InferResponse response, const BinaryChoice& binary) {
  Json members = {{"model_name", response.model_name}, {"model_version", response.model_version}};
  if (!response.id.empty()) members["id"] = response.id;
  if (!response.parameters.empty()) members["parameters"] = to_json(response.parameters);
  std::string json = open_object(members);
  std::string tail;
  CLEAVE_CHECK(append_tensors(std::move(response.outputs), "outputs", binary, json, tail));
  return join(std::move(json), tail);
}

}  // namespace cleave::wire
