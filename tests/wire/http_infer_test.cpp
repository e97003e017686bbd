#include "wire/http_infer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"

namespace cleave::wire {
namespace {

InferRequest sample_request() {
  const std::array<float, 2> values{1.5, -2};
  InferRequest request;
  request.id = "7";
  request.parameters["priority"] = std::int64_t{1};
  request.inputs = {to_wire("x", Tensor::from_values<float>({1, 2}, values)),
                    bytes_tensor("t", {2}, {"ab", ""})};
  request.outputs = {{"y", {}}};
  return request;
}

TEST(HttpInfer, RequestHasGoldenBytes) {
  const auto body = write_http_infer(sample_request());
  ASSERT_TRUE(body);
  EXPECT_EQ(body->bytes.substr(0, body->json_length),
            R"({"id":"7","parameters":{"binary_data_output":true,"priority":1},)"
            R"("outputs":[{"name":"y","parameters":{"binary_data":true}}],)"
            R"("inputs":[{"name":"x","datatype":"FP32","shape":[1,2],)"
            R"("parameters":{"binary_data_size":8}},{"name":"t","datatype":"BYTES","shape":[2],)"
            R"("parameters":{"binary_data_size":10}}]})");
  EXPECT_EQ(body->bytes.substr(body->json_length),
            std::string("\0\0\xC0\x3F\0\0\0\xC0\2\0\0\0ab\0\0\0\0", 18));
}

TEST(HttpInfer, AnswerHasGoldenBytesInJson) {
  InferResponse response{"m", "1", "", {}, sample_request().inputs};
  const auto body = write_http_answer(response, {});
  ASSERT_TRUE(body);
  EXPECT_EQ(body->bytes.size(), body->json_length);
  EXPECT_EQ(body->bytes, R"({"model_name":"m","model_version":"1","outputs":[)"
                         R"({"name":"x","datatype":"FP32","shape":[1,2],"data":[1.5,-2]},)"
                         R"({"name":"t","datatype":"BYTES","shape":[2],"data":["ab",""]}]})");
}

TEST(HttpInfer, RequestSurvivesTheTrip) {
  const auto body = write_http_infer(sample_request());
  const auto parsed = parse_http_infer(body->bytes, body->json_length);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(parsed->request.id, "7");
  EXPECT_EQ(parsed->request.parameters, sample_request().parameters);
  ASSERT_EQ(parsed->request.inputs.size(), 2U);
  EXPECT_EQ(parsed->request.inputs[0].bytes, sample_request().inputs[0].bytes);
  EXPECT_TRUE(parsed->request.inputs[0].parameters.empty());
  EXPECT_EQ(parsed->request.inputs[1].elements, (std::vector<std::string>{"ab", ""}));
  EXPECT_TRUE(parsed->binary.of("y"));
}

// Every datatype that JSON can carry, its extremes included, comes back bit for bit.
TEST(HttpInfer, JsonCarriesEveryDatatypeExactly) {
  const std::pair<const char*, const char*> cases[] = {
      {"BOOL", "[true,false]"},
      {"INT8", "[-128,127]"},
      {"UINT8", "[0,255]"},
      {"INT16", "[-32768,32767]"},
      {"UINT16", "[0,65535]"},
      {"INT32", "[-2147483648,2147483647]"},
      {"UINT32", "[0,4294967295]"},
      {"INT64", "[-9223372036854775808,9223372036854775807]"},
      {"UINT64", "[0,18446744073709551615]"},
      {"FP32", "[0.1,3.4028235e+38]"},
      {"FP64", "[0.1,1.7976931348623157e+308]"},
      {"BYTES", R"(["Grüße",""])"},
  };
  for (const auto& [datatype, data] : cases) {
    const std::string body = std::string(R"({"inputs":[{"name":"x","datatype":")") + datatype +
                             R"(","shape":[2],"data":)" + data + "}]}";
    const auto parsed = parse_http_infer(body, std::nullopt);
    ASSERT_TRUE(parsed) << datatype << parsed.error().to_string();
    const auto written = write_http_answer({"m", "", "", {}, parsed->request.inputs}, {});
    ASSERT_TRUE(written) << datatype;
    EXPECT_NE(written->bytes.find(std::string("\"data\":") + data), std::string::npos)
        << written->bytes;
  }
}

TEST(HttpInfer, NestedDataAndWholeNumbersForFloatsAreRead) {
  const auto parsed = parse_http_infer(
      R"({"inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[[1,2],[3,4.5]]}]})",
      std::nullopt);
  ASSERT_TRUE(parsed);
  const auto tensor = from_wire(parsed->request.inputs[0]);
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->as<float>()[2], 3.0F);
  EXPECT_EQ(tensor->as<float>()[3], 4.5F);
}

std::string input(const std::string& rest) { return R"({"inputs":[{"name":"x",)" + rest + "}]}"; }

struct BadBody {
  std::string body;
  std::optional<std::size_t> json_length;
  std::string message;
};

TEST(HttpInfer, NonsenseIsRefusedWithItsReason) {
  const BadBody bad[] = {
      {"", std::nullopt, "not JSON"},
      {"[]", std::nullopt, "expected an object"},
      {"{}", 3, "promises 3 bytes, the body has 2"},
      {"{}x", 2, "1 bytes follow"},
      {std::string(200, '['), std::nullopt, "levels deep"},
      {std::string(kMaxJsonBytes + 1, ' '), std::nullopt, "at most 16777216 are read"},
      {R"({"inputs":{}})", std::nullopt, "no array"},
      {R"({"inputs":[1]})", std::nullopt, "'name' is missing"},
      {R"({"id":5})", std::nullopt, "'id'"},
      {R"({"parameters":[]})", std::nullopt, "expected an object"},
      {R"({"parameters":{"a":[]}})", std::nullopt, "'a' is array"},
      {R"({"parameters":{"binary_data_output":1}})", std::nullopt, "no boolean"},
      {R"({"outputs":[{}]})", std::nullopt, "'name' is missing"},
      {input(R"("datatype":"FP32","shape":"x","data":[1])"), std::nullopt, "'shape' is string"},
      {input(R"("datatype":"FP32","shape":[1.5],"data":[1])"), std::nullopt, "something else"},
      {input(R"("datatype":"FP32","shape":[18446744073709551615],"data":[])"), std::nullopt,
       "something else"},
      {input(R"("datatype":"FP32","shape":[-1],"data":[1])"), std::nullopt, "known dimensions"},
      {input(R"("datatype":"FP32","shape":[4611686018427387904,4],"data":[])"), std::nullopt,
       "known dimensions"},
      {input(R"("datatype":"FP32","shape":[2],"data":[1])"), std::nullopt, "has 4 bytes"},
      {input(R"("datatype":"FP32","shape":[1],"data":[1,2])"), std::nullopt, "more elements"},
      {input(R"("datatype":"FP32","shape":[1],"data":["1"])"), std::nullopt, "does not fit"},
      {input(R"("datatype":"FP32","shape":[1],"data":[1e39])"), std::nullopt, "does not fit"},
      {input(R"("datatype":"INT8","shape":[1],"data":[128])"), std::nullopt, "does not fit"},
      {input(R"("datatype":"INT8","shape":[1],"data":[1.5])"), std::nullopt, "does not fit"},
      {input(R"("datatype":"UINT64","shape":[1],"data":[-1])"), std::nullopt, "does not fit"},
      {input(R"("datatype":"BOOL","shape":[1],"data":[2])"), std::nullopt, "does not fit"},
      {input(R"("datatype":"BYTES","shape":[1],"data":[2])"), std::nullopt, "expected text"},
      {input(R"("datatype":"FP16","shape":[1],"data":[2])"), std::nullopt, "as binary data"},
      {input(R"("datatype":"FP99","shape":[1],"data":[2])"), std::nullopt, "unknown datatype"},
      {input(R"("datatype":"FP32","shape":[1])"), std::nullopt, "has 0 bytes"},
      {input(R"("datatype":"FP32","shape":[1],"data":[1],"parameters":{"binary_data_size":4})"),
       std::nullopt, "expected one of them"},
      {input(R"("datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4})"), std::nullopt,
       "no usable binary_data_size"},
      {input(R"("datatype":"FP32","shape":[1],"parameters":{"binary_data_size":-4})"), std::nullopt,
       "no usable binary_data_size"},
      {input(R"("datatype":"FP32","shape":[1],"parameters":{"shared_memory_region":"r"})"),
       std::nullopt, "not supported"},
  };
  for (const BadBody& one : bad) {
    const auto parsed = parse_http_infer(one.body, one.json_length);
    ASSERT_FALSE(parsed) << one.message;
    EXPECT_NE(parsed.error().message.find(one.message), std::string::npos)
        << parsed.error().message << " wanted " << one.message;
  }
}

TEST(HttpInfer, EveryTruncationIsRefused) {
  const auto body = write_http_infer(sample_request());
  for (std::size_t length = 0; length < body->bytes.size(); ++length) {
    EXPECT_FALSE(parse_http_infer(body->bytes.substr(0, length), body->json_length)) << length;
  }
  for (std::size_t length = 0; length < body->json_length; ++length) {
    EXPECT_FALSE(parse_http_infer(body->bytes, length)) << length;
  }
}

TEST(HttpInfer, WhatJsonCannotCarryIsAnErrorNotAGuess) {
  const std::array<float, 1> nan{std::numeric_limits<float>::quiet_NaN()};
  const WireTensor tensors[] = {
      to_wire("x", Tensor::from_values<float>({1}, nan)),
      bytes_tensor("x", {1}, {"\xFF\xD8"}),
      {"x", "FP16", {1}, {}, "12", {}},
  };
  for (const WireTensor& tensor : tensors) {
    const auto json = write_http_answer({"m", "", "", {}, {tensor}}, {});
    ASSERT_FALSE(json);
    EXPECT_NE(json.error().message.find("ask for binary data"), std::string::npos);
    EXPECT_TRUE(write_http_answer({"m", "", "", {}, {tensor}}, {true, {}}));
  }
}

TEST(HttpInfer, BinaryIsChosenPerOutput) {
  InferResponse response{"m", "1", "", {}, sample_request().inputs};
  const auto body = write_http_answer(response, {true, {{"t", false}}});
  ASSERT_TRUE(body);
  EXPECT_EQ(body->bytes.size(), body->json_length + 8);
  const auto back = parse_http_answer(body->bytes, body->json_length);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(back->outputs[0].bytes, response.outputs[0].bytes);
  EXPECT_EQ(back->outputs[1].elements, response.outputs[1].elements);
}

}  // namespace
}  // namespace cleave::wire
