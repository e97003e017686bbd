#include "data/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "base/file.h"

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "npy";
constexpr std::string_view kMagic("\x93NUMPY", 6);
/// Real headers have about 100 bytes; NumPy itself refuses more than this by default.
constexpr std::size_t kMaxHeaderBytes = 10000;
constexpr std::size_t kMaxRank = 64;  // NumPy's
constexpr std::size_t kAlignment = 64;

struct DescrRow {
  std::string_view descr;
  DType dtype;
};
constexpr std::array<DescrRow, 12> kDescrs{{
    {"<f4", DType::kF32},
    {"<f2", DType::kF16},
    {"<f8", DType::kF64},
    {"|i1", DType::kI8},
    {"|u1", DType::kU8},
    {"<i2", DType::kI16},
    {"<u2", DType::kU16},
    {"<i4", DType::kI32},
    {"<u4", DType::kU32},
    {"<i8", DType::kI64},
    {"<u8", DType::kU64},
    {"|b1", DType::kBool},
}};

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, kPlace, std::move(message));
}

std::unexpected<Error> too_short(std::size_t found, std::size_t expected) {
  return fail(ErrorCode::kNeedMoreBytes, kPlace,
              "file has " + std::to_string(found) + " bytes, expected " + std::to_string(expected));
}

/// Reads the few kinds of Python literals that a header is made of.
class Literals {
 public:
  explicit Literals(std::string_view text) : rest_(text) {}

  /// Skips blanks, then takes `token` if it comes next.
  bool take(std::string_view token) {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n'))
      rest_.remove_prefix(1);
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool at_end() {
    take("");
    return rest_.empty();
  }

  std::optional<std::string> text() {
    const std::string_view quote = take("'") ? "'" : take("\"") ? "\"" : "";
    if (quote.empty()) return std::nullopt;
    const std::size_t end = rest_.find(quote);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::optional<bool> boolean() {
    if (take("True")) return true;
    if (take("False")) return false;
    return std::nullopt;
  }

  std::optional<std::int64_t> integer() {
    take("");
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::optional<Shape> tuple() {
    if (!take("(")) return std::nullopt;
    Shape shape;
    while (!take(")")) {
      const auto dimension = integer();
      if (!dimension || shape.size() == kMaxRank) return std::nullopt;
      shape.push_back(*dimension);
      if (!take(",") && shape.size() == 1) return std::nullopt;  // "(3)" is a number in brackets
    }
    return shape;
  }

 private:
  std::string_view rest_;
};

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

Result<Header> parse_header(std::string_view text) {
  Literals literals(text);
  Header header;
  bool good = literals.take("{");
  while (good && !literals.take("}")) {
    const auto key = literals.text();
    good = key && literals.take(":");
    if (!good) break;
    if (*key == "descr")
      good = (header.descr = literals.text()).has_value();
    else if (*key == "fortran_order")
      good = (header.fortran_order = literals.boolean()).has_value();
    else if (*key == "shape")
      good = (header.shape = literals.tuple()).has_value();
    else
      good = false;
    literals.take(",");
  }
  if (good && literals.at_end() && header.descr && header.fortran_order && header.shape)
    return header;
  return corrupt("header cannot be read, expected descr, fortran_order and shape of a plain array");
}

Result<DType> dtype_of(std::string_view descr) {
  for (const DescrRow& row : kDescrs) {
    if (row.descr == descr) return row.dtype;
  }
  std::string known;
  for (const DescrRow& row : kDescrs) known += (known.empty() ? "" : ", ") + std::string(row.descr);
  return fail(ErrorCode::kUnsupported, kPlace,
              "dtype '" + std::string(descr) + "', expected one of " + known);
}

/// Finds the text of the header; `data_at` becomes where the elements begin.
Result<std::string_view> header_text(std::span<const std::byte> file, std::size_t& data_at) {
  const std::size_t known = std::min(file.size(), kMagic.size());
  if (as_text(file.first(known)) != kMagic.substr(0, known)) {
    return fail(ErrorCode::kNotThisFormat, kPlace,
                "the bytes are no .npy file, expected \\x93NUMPY at the start");
  }
  if (file.size() < 12) return too_short(file.size(), 12);
  const auto version = load_le<std::uint8_t>(file, 6);
  if (version < 1 || version > 3) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "format version " + std::to_string(version) + ", expected 1 to 3");
  }
  const std::size_t start = version == 1 ? 10 : 12;
  const std::size_t size =
      version == 1 ? load_le<std::uint16_t>(file, 8) : load_le<std::uint32_t>(file, 8);
  if (size > kMaxHeaderBytes) {
    return corrupt("header of " + std::to_string(size) + " bytes, expected at most " +
                   std::to_string(kMaxHeaderBytes));
  }
  data_at = start + size;
  if (file.size() < data_at) return too_short(file.size(), data_at);
  return as_text(file.subspan(start, size));
}

}  // namespace

Result<Tensor> parse_npy(std::span<const std::byte> file, std::size_t max_tensor_bytes) {
  std::size_t data_at = 0;
  const std::string_view text = CLEAVE_TRY(header_text(file, data_at));
  const Header header = CLEAVE_TRY(parse_header(text));
  const DType dtype = CLEAVE_TRY(dtype_of(*header.descr));
  const auto count = element_count(*header.shape);
  if (!count)
    return corrupt("shape " + shape_text(*header.shape) +
                   ", expected dimensions that fit in memory");
  if (*header.fortran_order && header.shape->size() > 1) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "the array is in Fortran order, expected C order (numpy.ascontiguousarray)");
  }
  if (static_cast<std::size_t>(*count) > max_tensor_bytes / dtype_size(dtype)) {
    return fail(ErrorCode::kResourceExhausted, kPlace,
                "array of shape " + shape_text(*header.shape) + ", expected at most " +
                    std::to_string(max_tensor_bytes) + " bytes");
  }
  const std::size_t expected = static_cast<std::size_t>(*count) * dtype_size(dtype);
  const std::span<const std::byte> elements = file.subspan(data_at);
  if (elements.size() < expected) return too_short(file.size(), data_at + expected);
  if (elements.size() > expected) {
    return corrupt("file has " + std::to_string(file.size()) + " bytes, expected " +
                   std::to_string(data_at + expected));
  }
  return Tensor::from_bytes(dtype, *header.shape, elements);
}

Result<Tensor> read_npy(const std::filesystem::path& path, std::size_t max_tensor_bytes) {
  const std::string file =
      CLEAVE_TRY(read_file(path, max_tensor_bytes + kMaxHeaderBytes + kAlignment));
  return about("'" + path.string() + "'", parse_npy(as_bytes(file), max_tensor_bytes));
}

Result<std::string> format_npy(const Tensor& tensor) {
  const auto row = std::ranges::find(kDescrs, tensor.dtype(), &DescrRow::dtype);
  if (row == kDescrs.end()) {
    return fail(
        ErrorCode::kUnsupported, kPlace,
        "NumPy has no " + std::string(dtype_name(tensor.dtype())) + ", expected another dtype");
  }
  if (tensor.shape().size() > kMaxRank) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "rank " + std::to_string(tensor.shape().size()) + ", expected at most " +
                    std::to_string(kMaxRank));
  }
  std::string header =
      "{'descr': '" + std::string(row->descr) + "', 'fortran_order': False, 'shape': (";
  const Shape& shape = tensor.shape();
  for (std::size_t i = 0; i < shape.size(); ++i)
    header += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  header += shape.size() == 1 ? ",), }" : "), }";
  // The elements begin at a multiple of the alignment, after a newline.
  constexpr std::size_t kPreamble = 10;
  const std::size_t used = kPreamble + header.size() + 1;
  header.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string file(kMagic);
  file += {'\x01', '\x00', static_cast<char>(header.size() & 0xff),
           static_cast<char>(header.size() >> 8)};
  return file.append(header).append(as_text(tensor.bytes()));
}

Result<void> write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  return write_file(path, CLEAVE_TRY(format_npy(tensor)));
}

}  // namespace cleave::data
