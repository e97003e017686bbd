#include "wire/types.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <set>

#include "base/file.h"
#include "wire/elements.h"

namespace cleave::wire {
namespace {

struct DatatypeRow {
  DType dtype;
  std::string_view datatype;
};
constexpr std::array<DatatypeRow, 13> kDatatypes{{
    {DType::kF32, "FP32"},
    {DType::kF16, "FP16"},
    {DType::kBf16, "BF16"},
    {DType::kF64, "FP64"},
    {DType::kI8, "INT8"},
    {DType::kU8, "UINT8"},
    {DType::kI16, "INT16"},
    {DType::kU16, "UINT16"},
    {DType::kI32, "INT32"},
    {DType::kU32, "UINT32"},
    {DType::kI64, "INT64"},
    {DType::kU64, "UINT64"},
    {DType::kBool, "BOOL"},
}};

// What some servers offer by parameters and this one does not: answering as if they had not been
// asked for would give a wrong result.
constexpr std::array<std::string_view, 2> kRefusedParameters{"shared_memory_region",
                                                             "classification"};

Result<void> refuse_parameters(const Parameters& parameters, std::string_view tensor) {
  for (std::string_view key : kRefusedParameters) {
    if (!parameters.contains(key)) continue;
    return fail(ErrorCode::kUnsupported, "wire.request",
                fmt::format("tensor '{}' asks for '{}', which is not supported", tensor, key));
  }
  return {};
}

template <class Named>
Result<void> distinct_names(const std::vector<Named>& tensors, std::string_view place) {
  if (tensors.size() > kMaxTensors) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("{} tensors, at most {} are allowed", tensors.size(), kMaxTensors));
  }
  std::set<std::string_view> names;
  for (const Named& tensor : tensors) {
    if (names.insert(tensor.name).second) continue;
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("tensor '{}' stands twice", tensor.name));
  }
  return {};
}

}  // namespace

std::string_view datatype_of(DType dtype) {
  for (const DatatypeRow& row : kDatatypes) {
    if (row.dtype == dtype) return row.datatype;
  }
  return "";
}

std::optional<DType> dtype_of(std::string_view datatype) {
  for (const DatatypeRow& row : kDatatypes) {
    if (row.datatype == datatype) return row.dtype;
  }
  return std::nullopt;
}

std::size_t WireTensor::payload_bytes() const {
  std::size_t total = bytes.size();
  for (const std::string& element : elements) total += element.size();
  return total;
}

Result<void> validate(const WireTensor& tensor, std::string_view place) {
  const auto refuse = [&](std::string found) {
    return fail(ErrorCode::kInvalidArgument, place,
                fmt::format("tensor '{}' {}", tensor.name, found));
  };
  if (tensor.name.empty()) return refuse("has no name");
  const auto dtype = dtype_of(tensor.datatype);
  if (!dtype && tensor.datatype != kBytes) {
    return refuse(fmt::format("has the unknown datatype '{}'", tensor.datatype));
  }
  const auto count = count_of(tensor.shape, place);
  if (!count) return refuse(count.error().message);
  if (!dtype) {
    if (std::cmp_equal(tensor.elements.size(), *count) && tensor.bytes.empty()) return {};
    return refuse(fmt::format("has {} elements, its shape {} asks for {}", tensor.elements.size(),
                              shape_text(tensor.shape), *count));
  }
  const auto expected = static_cast<std::size_t>(*count) * dtype_size(*dtype);
  if (tensor.bytes.size() == expected && tensor.elements.empty()) return {};
  return refuse(fmt::format("has {} bytes, {} of shape {} asks for {}", tensor.bytes.size(),
                            tensor.datatype, shape_text(tensor.shape), expected));
}

WireTensor to_wire(std::string name, const Tensor& tensor) {
  return {.name = std::move(name),
          .datatype = std::string(datatype_of(tensor.dtype())),
          .shape = tensor.shape(),
          .parameters = {},
          .bytes = std::string(as_text(tensor.bytes())),
          .elements = {}};
}

Result<Tensor> from_wire(const WireTensor& tensor) {
  CLEAVE_CHECK(validate(tensor, "wire.tensor"));
  const auto dtype = dtype_of(tensor.datatype);
  if (!dtype) {
    return fail(ErrorCode::kInvalidArgument, "wire.tensor",
                fmt::format("tensor '{}' is BYTES, expected numbers", tensor.name));
  }
  return Tensor::from_bytes(*dtype, tensor.shape, as_bytes(tensor.bytes));
}

WireTensor bytes_tensor(std::string name, Shape shape, std::vector<std::string> elements) {
  return {.name = std::move(name),
          .datatype = std::string(kBytes),
          .shape = std::move(shape),
          .parameters = {},
          .bytes = {},
          .elements = std::move(elements)};
}

Result<void> validate(const InferRequest& request) {
  CLEAVE_CHECK(distinct_names(request.inputs, "wire.request"));
  CLEAVE_CHECK(distinct_names(request.outputs, "wire.request"));
  for (const WireTensor& input : request.inputs) {
    CLEAVE_CHECK(refuse_parameters(input.parameters, input.name));
    CLEAVE_CHECK(validate(input, "wire.request"));
  }
  for (const RequestedOutput& output : request.outputs) {
    CLEAVE_CHECK(refuse_parameters(output.parameters, output.name));
  }
  return {};
}

Result<void> validate(const InferResponse& response) {
  CLEAVE_CHECK(distinct_names(response.outputs, "wire.response"));
  for (const WireTensor& output : response.outputs) {
    CLEAVE_CHECK(validate(output, "wire.response"));
  }
  return {};
}

}  // namespace cleave::wire
