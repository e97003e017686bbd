#include "data/npy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "base/folder.h"

namespace cleave::data {
namespace {

using namespace std::string_literals;

/// A file of version `version` with this header text and data.
std::string file_of(std::string header, const std::string& elements, char version = 1) {
  std::string file = "\x93NUMPY"s + version + '\0';
  file += static_cast<char>(header.size());
  file += static_cast<char>(header.size() >> 8);
  if (version > 1) file += "\0\0"s;
  return file + header + elements;
}

Result<Tensor> parse(const std::string& file, std::size_t limit = kMaxNpyBytes) {
  return parse_npy(as_bytes(file), limit);
}

TEST(Npy, EveryDTypeAndShapeReturns) {
  for (int d = 1; d <= 13; ++d) {
    const auto dtype = static_cast<DType>(d);
    for (const Shape& shape :
         {Shape{}, Shape{0}, Shape{5}, Shape{2, 3}, Shape{1, 0, 4}, Shape{2, 1, 3, 2}}) {
      Tensor tensor(dtype, shape);
      for (std::size_t i = 0; i < tensor.byte_size(); ++i)
        tensor.bytes()[i] = static_cast<std::byte>(i % 2);
      const auto file = format_npy(tensor);
      if (dtype == DType::kBf16) {
        EXPECT_EQ(file.error().code, ErrorCode::kUnsupported);
        continue;
      }
      ASSERT_TRUE(file);
      const auto back = parse(*file);
      ASSERT_TRUE(back) << back.error().to_string();
      EXPECT_EQ(back->dtype(), dtype);
      EXPECT_EQ(back->shape(), shape);
      EXPECT_TRUE(std::ranges::equal(back->bytes(), tensor.bytes()));
      EXPECT_EQ((file->size() - tensor.byte_size()) % 64, 0u);
    }
  }
}

TEST(Npy, ReadsWhatNumpyWrites) {
  // numpy.array([[1, 2], [3, 4]], "int16"), and the same in versions 2 and 3.
  const std::string elements("\1\0\2\0\3\0\4\0", 8);
  for (char version : {1, 2, 3}) {
    const auto tensor = parse(file_of(
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }      \n", elements, version));
    ASSERT_TRUE(tensor) << tensor.error().to_string();
    EXPECT_EQ(tensor->dtype(), DType::kI16);
    EXPECT_EQ(tensor->shape(), (Shape{2, 2}));
    EXPECT_EQ(tensor->as<std::int16_t>()[3], 4);
  }
  // Double quotes, another order of keys, a Fortran order that means nothing with one dimension.
  EXPECT_TRUE(parse(file_of("{\"shape\":(1,),\"fortran_order\":True,\"descr\":\"|u1\"}", "x")));
}

TEST(Npy, EachFaultHasItsError) {
  const auto code = [](const std::string& file, std::size_t limit = kMaxNpyBytes) {
    return parse(file, limit).error().code;
  };
  const auto header = [](std::string_view descr, std::string_view shape,
                         std::string_view order = "False") {
    return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(order) +
           ", 'shape': " + std::string(shape) + ", }\n";
  };
  const std::string good = file_of(header("<f4", "(1,)"), "abcd");
  ASSERT_TRUE(parse(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(code(good.substr(0, size)), ErrorCode::kNeedMoreBytes) << size;
  }
  EXPECT_EQ(code(good + "x"), ErrorCode::kCorrupt);
  EXPECT_EQ(code("PK\3\4 something else"), ErrorCode::kNotThisFormat);
  EXPECT_EQ(code(file_of(header("<f4", "(1,)"), "abcd", 9)), ErrorCode::kUnsupported);
  EXPECT_EQ(code(file_of(header(">f4", "(1,)"), "abcd")), ErrorCode::kUnsupported);
  EXPECT_EQ(code(file_of(header("|O", "(1,)"), "abcd")), ErrorCode::kUnsupported);
  EXPECT_EQ(code(file_of(header("|u1", "(2, 2)", "True"), "abcd")), ErrorCode::kUnsupported);
  EXPECT_EQ(code(file_of(header("<f4", "(1000000,)"), ""), 100), ErrorCode::kResourceExhausted);
  for (const char* shape : {"(-1,)", "(3)", "3", "(1,,2)", "(a,)", "(9223372036854775807, 9)",
                            "(99999999999999999999,)", "("}) {
    EXPECT_EQ(code(file_of(header("<f4", shape), "abcd")), ErrorCode::kCorrupt) << shape;
  }
  for (const char* text : {"", "{", "{}", "{'descr': '<f4'}", "{'x': 1}", "[('descr', '<f4')]"}) {
    EXPECT_EQ(code(file_of(text, "abcd")), ErrorCode::kCorrupt) << text;
  }
}

TEST(Npy, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  const auto path = folder / "broken.npy";
  ASSERT_TRUE(write_file(path, "no array"));
  const auto tensor = read_npy(path);
  ASSERT_FALSE(tensor);
  EXPECT_NE(tensor.error().message.find("broken.npy"), std::string::npos);
  EXPECT_EQ(read_npy(folder / "none.npy").error().code, ErrorCode::kNotFound);
}

TEST(Npy, WritesFiles) {
  const TemporaryFolder folder;
  const auto path = folder / "written.npy";
  const std::vector<float> values{1, 2, 3};
  ASSERT_TRUE(write_npy(path, Tensor::from_values<float>({3}, values)));
  const auto tensor = read_npy(path);
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->as<float>()[2], 3.0f);
}

}  // namespace
}  // namespace cleave::data
