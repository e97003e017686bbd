#include "wire/types.h"

#include <gtest/gtest.h>

#include <cstring>

#include "wire/elements.h"
#include "wire/status.h"

namespace cleave::wire {
namespace {

TEST(WireTypes, EveryDtypeHasADatatypeThatLeadsBack) {
  for (int i = static_cast<int>(DType::kF32); i <= static_cast<int>(DType::kBool); ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_NE(datatype_of(dtype), "");
    EXPECT_EQ(dtype_of(datatype_of(dtype)), dtype);
  }
  EXPECT_EQ(dtype_of("BYTES"), std::nullopt);
  EXPECT_EQ(dtype_of("fp32"), std::nullopt);
}

TEST(WireTypes, TensorSurvivesTheTripBothWays) {
  const std::array<float, 6> values{1, -2, 3.5, 0, 1e30F, -0.0F};
  const Tensor tensor = Tensor::from_values<float>({2, 3}, values);
  const WireTensor wire = to_wire("x", tensor);
  EXPECT_EQ(wire.datatype, "FP32");
  EXPECT_EQ(wire.payload_bytes(), 24U);
  const auto back = from_wire(wire);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->shape(), tensor.shape());
  EXPECT_EQ(std::memcmp(back->bytes().data(), tensor.bytes().data(), 24), 0);
}

struct BadTensor {
  WireTensor tensor;
  std::string message;
};

TEST(WireTypes, ValidationSaysWhatIsWrong) {
  const std::int64_t huge = std::int64_t{1} << 62;
  const BadTensor bad[] = {
      {{"", "FP32", {1}, {}, "1234", {}}, "has no name"},
      {{"x", "FLOAT", {1}, {}, "1234", {}}, "unknown datatype 'FLOAT'"},
      {{"x", "FP32", {2}, {}, "1234", {}}, "has 4 bytes, FP32 of shape 2 asks for 8"},
      {{"x", "FP32", {1}, {}, "12345", {}}, "has 5 bytes"},
      {{"x", "FP32", {-1}, {}, "1234", {}}, "expected known dimensions"},
      {{"x", "FP32", {huge, 8}, {}, "", {}}, "expected known dimensions"},
      {{"x", "FP64", {huge}, {}, "", {}}, "expected known dimensions"},
      {{"x", "FP32", Shape(33, 1), {}, "1234", {}}, "33 dimensions"},
      {{"x", "FP32", {1}, {}, "1234", {"y"}}, "has 4 bytes"},
      {{"x", "BYTES", {2}, {}, "", {"one"}}, "has 1 elements, its shape 2 asks for 2"},
      {{"x", "BYTES", {1}, {}, "raw", {"one"}}, "has 1 elements"},
  };
  for (const BadTensor& one : bad) {
    const auto result = validate(one.tensor, "here");
    ASSERT_FALSE(result) << one.message;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(result.error().message.find(one.message), std::string::npos)
        << result.error().message;
  }
  EXPECT_TRUE(validate(WireTensor{"x", "FP32", {0, 3}, {}, "", {}}, "here"));
  EXPECT_TRUE(validate(bytes_tensor("x", {1, 2}, {"a", ""}), "here"));
  EXPECT_FALSE(from_wire(bytes_tensor("x", {1}, {"a"})));
}

TEST(WireTypes, RequestsAreRefusedForTwinsTooManyAndSharedMemory) {
  InferRequest request;
  request.inputs = {bytes_tensor("x", {0}, {}), bytes_tensor("x", {0}, {})};
  EXPECT_NE(validate(request).error().message.find("stands twice"), std::string::npos);
  request.inputs.clear();
  for (std::size_t i = 0; i <= kMaxTensors; ++i) {
    request.inputs.push_back(bytes_tensor(std::to_string(i), {0}, {}));
  }
  EXPECT_NE(validate(request).error().message.find("at most 1024"), std::string::npos);
  request.inputs.resize(1);
  EXPECT_TRUE(validate(request));
  request.inputs[0].parameters["shared_memory_region"] = std::string("r");
  EXPECT_EQ(validate(request).error().code, ErrorCode::kUnsupported);
  request.inputs.clear();
  request.outputs = {{"y", {{"classification", std::int64_t{3}}}}};
  EXPECT_EQ(validate(request).error().code, ErrorCode::kUnsupported);
}

TEST(WireTypes, PackedElementsHaveGoldenBytesAndEveryTruncationIsRefused) {
  const std::vector<std::string> elements{"ab", "", std::string("\0z", 2)};
  const std::string packed = pack_elements(elements);
  EXPECT_EQ(packed, std::string("\2\0\0\0ab\0\0\0\0\2\0\0\0\0z", 16));
  EXPECT_EQ(unpack_elements(packed, 3, "here").value(), elements);
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_FALSE(unpack_elements(packed.substr(0, length), 3, "here")) << length;
  }
  EXPECT_FALSE(unpack_elements(packed + '\0', 3, "here"));
  EXPECT_FALSE(unpack_elements(packed, 2, "here"));
  EXPECT_FALSE(unpack_elements(packed, std::int64_t{1} << 60, "here"));
}

TEST(WireTypes, StatusesAreTheProtocols) {
  EXPECT_EQ(http_status_of(ErrorCode::kNotFound), 404);
  EXPECT_EQ(http_status_of(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(http_status_of(ErrorCode::kUnsupported), 501);
  EXPECT_EQ(http_status_of(ErrorCode::kInternal), 500);
  EXPECT_EQ(http_status_of(ErrorCode::kInvalidArgument), 400);
  EXPECT_EQ(http_status_of(ErrorCode::kCorrupt), 400);
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kUnsupported,
        ErrorCode::kInternal, ErrorCode::kUnavailable, ErrorCode::kDeadlineExceeded,
        ErrorCode::kResourceExhausted, ErrorCode::kOutOfSync}) {
    EXPECT_EQ(code_of_grpc(grpc_status_of(code)), code);
    EXPECT_EQ(code_of_http(http_status_of(code)), code);
  }
  EXPECT_EQ(code_of_http(418), ErrorCode::kInternal);
}

}  // namespace
}  // namespace cleave::wire
