#include "wire/grpc_convert.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "wire/elements.h"

namespace cleave::wire {
namespace {

using ProtoParameters = google::protobuf::Map<std::string, inference::InferParameter>;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

void write_parameters(const Parameters& parameters, ProtoParameters& out) {
  for (const auto& [key, value] : parameters) {
    inference::InferParameter& message = out[key];
    std::visit(Overloaded{[&](bool v) { message.set_bool_param(v); },
                          [&](std::int64_t v) { message.set_int64_param(v); },
                          [&](std::uint64_t v) { message.set_uint64_param(v); },
                          [&](double v) { message.set_double_param(v); },
                          [&](const std::string& v) { message.set_string_param(v); }},
               value);
  }
}

Parameters read_parameters(const ProtoParameters& messages) {
  Parameters parameters;
  for (const auto& [key, value] : messages) {
    using P = inference::InferParameter;
    switch (value.parameter_choice_case()) {
      case P::kBoolParam:
        parameters[key] = value.bool_param();
        break;
      case P::kInt64Param:
        parameters[key] = std::int64_t{value.int64_param()};
        break;
      case P::kUint64Param:
        parameters[key] = std::uint64_t{value.uint64_param()};
        break;
      case P::kDoubleParam:
        parameters[key] = value.double_param();
        break;
      case P::kStringParam:
        parameters[key] = value.string_param();
        break;
      case P::PARAMETER_CHOICE_NOT_SET:
        break;
    }
  }
  return parameters;
}

// The typed contents of one element type, narrowed to it where the protocol's field is wider.
template <class T, class Field>
Result<std::string> narrow(const Field& field, std::string_view place) {
  std::string bytes(static_cast<std::size_t>(field.size()) * sizeof(T), '\0');
  char* out = bytes.data();
  for (const auto value : field) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      if (!std::in_range<T>(value)) {
        return fail(ErrorCode::kInvalidArgument, place,
                    fmt::format("element {} does not fit its datatype", value));
      }
    }
    const T element = static_cast<T>(value);
    std::memcpy(out, &element, sizeof(T));
    out += sizeof(T);
  }
  return bytes;
}

Result<std::string> typed_bytes(DType dtype, const inference::InferTensorContents& contents,
                                std::string_view place) {
  return visit_elements(
      dtype,
      [&]<class T>(std::type_identity<T>) -> Result<std::string> {
        if constexpr (std::is_same_v<T, bool>)
          return narrow<T>(contents.bool_contents(), place);
        else if constexpr (std::is_same_v<T, float>)
          return narrow<T>(contents.fp32_contents(), place);
        else if constexpr (std::is_same_v<T, double>)
          return narrow<T>(contents.fp64_contents(), place);
        else if constexpr (std::is_same_v<T, std::int64_t>)
          return narrow<T>(contents.int64_contents(), place);
        else if constexpr (std::is_same_v<T, std::uint64_t>)
          return narrow<T>(contents.uint64_contents(), place);
        else if constexpr (std::is_signed_v<T>)
          return narrow<T>(contents.int_contents(), place);
        else
          return narrow<T>(contents.uint_contents(), place);
      },
      [&]() -> Result<std::string> {
        return fail(ErrorCode::kInvalidArgument, place, "FP16 and BF16 must be sent raw");
      });
}

// One input or output. `raw` is the tensor's raw contents, or null where the message has none.
template <class Message>
Result<WireTensor> read_tensor(Message& message, std::string* raw, std::string_view place) {
  WireTensor tensor;
  tensor.name = std::move(*message.mutable_name());
  tensor.datatype = std::move(*message.mutable_datatype());
  tensor.shape.assign(message.shape().begin(), message.shape().end());
  tensor.parameters = read_parameters(message.parameters());
  const auto dtype = dtype_of(tensor.datatype);
  if (raw != nullptr) {
    if (message.has_contents()) {
      return fail(ErrorCode::kInvalidArgument, place,
                  fmt::format("tensor '{}' has raw and typed contents, expected one", tensor.name));
    }
    if (tensor.datatype != kBytes) {
      tensor.bytes = std::move(*raw);
      return tensor;
    }
    const std::int64_t count = CLEAVE_TRY(count_of(tensor.shape, place));
    tensor.elements = CLEAVE_TRY(unpack_elements(*raw, count, place));
  } else if (dtype) {
    tensor.bytes = CLEAVE_TRY(typed_bytes(*dtype, message.contents(), place));
  } else {
    for (std::string& element : *message.mutable_contents()->mutable_bytes_contents()) {
      tensor.elements.push_back(std::move(element));
    }
  }
  return tensor;
}

template <class Messages>
Result<std::vector<WireTensor>> read_tensors(Messages& messages,
                                             google::protobuf::RepeatedPtrField<std::string>& raws,
                                             std::string_view place) {
  if (!raws.empty() && raws.size() != messages.size()) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("{} raw contents for {} tensors, expected one each", raws.size(),
                            messages.size()));
  }
  std::vector<WireTensor> tensors;
  tensors.reserve(static_cast<std::size_t>(messages.size()));
  for (int i = 0; i < messages.size(); ++i) {
    std::string* raw = raws.empty() ? nullptr : raws.Mutable(i);
    tensors.push_back(CLEAVE_TRY(read_tensor(*messages.Mutable(i), raw, place)));
  }
  return tensors;
}

template <class Message>
void write_tensor(WireTensor tensor, Message& message, std::string& raw) {
  raw = tensor.datatype == kBytes ? pack_elements(tensor.elements) : std::move(tensor.bytes);
  message.set_name(std::move(tensor.name));
  message.set_datatype(std::move(tensor.datatype));
  message.mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
  write_parameters(tensor.parameters, *message.mutable_parameters());
}

void write_head(const auto& infer, auto& message) {
  message.set_model_name(infer.model_name);
  message.set_model_version(infer.model_version);
  message.set_id(infer.id);
  write_parameters(infer.parameters, *message.mutable_parameters());
}

void read_head(const auto& message, auto& infer) {
  infer.model_name = message.model_name();
  infer.model_version = message.model_version();
  infer.id = message.id();
  infer.parameters = read_parameters(message.parameters());
}

std::vector<TensorMetadata> read_metadata(const auto& messages) {
  std::vector<TensorMetadata> tensors;
  for (const auto& message : messages) {
    tensors.push_back({message.name(), message.datatype(),
                       Shape(message.shape().begin(), message.shape().end())});
  }
  return tensors;
}

void write_metadata(const std::vector<TensorMetadata>& tensors, auto& messages) {
  for (const TensorMetadata& tensor : tensors) {
    auto* message = messages.Add();
    message->set_name(tensor.name);
    message->set_datatype(tensor.datatype);
    message->mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
  }
}

inference::DataType config_type_of(std::string_view datatype) {
  inference::DataType type = inference::TYPE_INVALID;
  inference::DataType_Parse(config_type_name(datatype), &type);
  return type;
}

void write_config(const std::vector<TensorMetadata>& tensors, auto& messages) {
  for (const TensorMetadata& tensor : tensors) {
    auto* message = messages.Add();
    message->set_name(tensor.name);
    message->set_data_type(config_type_of(tensor.datatype));
    message->mutable_dims()->Add(tensor.shape.begin(), tensor.shape.end());
  }
}

void write_duration(const DurationCount& duration, inference::StatisticDuration& message) {
  message.set_count(duration.count);
  message.set_ns(duration.total_ns);
}

}  // namespace

Result<InferRequest> request_from_proto(inference::ModelInferRequest& message) {
  InferRequest request;
  read_head(message, request);
  request.inputs = CLEAVE_TRY(read_tensors(*message.mutable_inputs(),
                                           *message.mutable_raw_input_contents(), "wire.request"));
  for (const auto& output : message.outputs()) {
    request.outputs.push_back({output.name(), read_parameters(output.parameters())});
  }
  CLEAVE_CHECK(validate(request));
  return request;
}

Result<InferResponse> response_from_proto(inference::ModelInferResponse& message) {
  InferResponse response;
  read_head(message, response);
  response.outputs = CLEAVE_TRY(read_tensors(
      *message.mutable_outputs(), *message.mutable_raw_output_contents(), "wire.response"));
  CLEAVE_CHECK(validate(response));
  return response;
}

inference::ModelInferRequest to_proto(InferRequest request) {
  inference::ModelInferRequest message;
  write_head(request, message);
  for (WireTensor& input : request.inputs) {
    write_tensor(std::move(input), *message.add_inputs(), *message.add_raw_input_contents());
  }
  for (RequestedOutput& output : request.outputs) {
    auto* out = message.add_outputs();
    out->set_name(std::move(output.name));
    write_parameters(output.parameters, *out->mutable_parameters());
  }
  return message;
}

void to_proto(InferResponse response, inference::ModelInferResponse& message) {
  write_head(response, message);
  for (WireTensor& output : response.outputs) {
    write_tensor(std::move(output), *message.add_outputs(), *message.add_raw_output_contents());
  }
}

void to_proto(const ServerMetadata& metadata, inference::ServerMetadataResponse& message) {
  message.set_name(metadata.name);
  message.set_version(metadata.version);
  for (const std::string& extension : metadata.extensions) message.add_extensions(extension);
}

ServerMetadata from_proto(const inference::ServerMetadataResponse& message) {
  return {message.name(),
          message.version(),
          {message.extensions().begin(), message.extensions().end()}};
}

void to_proto(const ModelMetadata& metadata, inference::ModelMetadataResponse& message) {
  message.set_name(metadata.name);
  for (const std::string& version : metadata.versions) message.add_versions(version);
  message.set_platform(metadata.platform);
  write_metadata(metadata.inputs, *message.mutable_inputs());
  write_metadata(metadata.outputs, *message.mutable_outputs());
  write_parameters(metadata.parameters, *message.mutable_parameters());
}

ModelMetadata from_proto(const inference::ModelMetadataResponse& message) {
  return {.name = message.name(),
          .versions = {message.versions().begin(), message.versions().end()},
          .platform = message.platform(),
          .inputs = read_metadata(message.inputs()),
          .outputs = read_metadata(message.outputs()),
          .parameters = read_parameters(message.parameters())};
}

void to_proto(const ModelMetadata& metadata, inference::ModelConfig& message) {
  message.set_name(metadata.name);
  message.set_platform(metadata.platform);
  write_config(metadata.inputs, *message.mutable_input());
  write_config(metadata.outputs, *message.mutable_output());
}

void to_proto(const ModelEntry& entry, inference::RepositoryIndexResponse::ModelIndex& message) {
  message.set_name(entry.name);
  message.set_version(entry.version);
  message.set_state(entry.state);
  message.set_reason(entry.reason);
}

void to_proto(const ModelEntry& entry, inference::ModelStatistics& message) {
  const ModelStatistics& statistics = entry.statistics;
  message.set_name(entry.name);
  message.set_version(entry.version);
  message.set_last_inference(statistics.last_inference_ms);
  message.set_inference_count(statistics.inference_count);
  message.set_execution_count(statistics.execution_count);
  inference::InferStatistics& stages = *message.mutable_inference_stats();
  write_duration(statistics.success, *stages.mutable_success());
  write_duration(statistics.fail, *stages.mutable_fail());
  write_duration(statistics.queue, *stages.mutable_queue());
  write_duration(statistics.compute_input, *stages.mutable_compute_input());
  write_duration(statistics.compute_infer, *stages.mutable_compute_infer());
  write_duration(statistics.compute_output, *stages.mutable_compute_output());
}

std::vector<ModelEntry> from_proto(const inference::RepositoryIndexResponse& message) {
  std::vector<ModelEntry> entries;
  for (const auto& model : message.models()) {
    entries.push_back({model.name(), model.version(), model.state(), model.reason(), {}});
  }
  return entries;
}

}  // namespace cleave::wire
