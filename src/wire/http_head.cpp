#include "wire/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace cleave::wire {
namespace {

using namespace std::string_view_literals;

// How often a header came, and its last value.
struct Counted {
  int count = 0;
  std::string_view value;
};

struct Framing {
  Counted length;
  Counted encoding;
};

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, "wire.http", std::move(message));
}

bool is_same(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// Takes a line off the front, without its CRLF.
Result<std::string_view> next_line(std::string_view& head) {
  const std::size_t end = head.find('\n');
  if (end == std::string_view::npos) return refuse("the request's head ends too early");
  std::string_view line = head.substr(0, end);
  head.remove_prefix(end + 1);
  if (!line.ends_with('\r')) return refuse("a line of the request's head does not end with CRLF");
  line.remove_suffix(1);
  if (line.find_first_of("\r\0"sv) != std::string_view::npos) {
    return refuse("a line of the request's head holds control characters");
  }
  return line;
}

Result<void> note_header(std::string_view line, Framing& framing) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_of(" \t") != std::string_view::npos) {
    return refuse("a header is malformed, expected 'NAME: VALUE'");
  }
  Counted* counted = nullptr;
  if (is_same(name, "Content-Length")) counted = &framing.length;
  if (is_same(name, "Transfer-Encoding")) counted = &framing.encoding;
  if (counted == nullptr) return {};
  ++counted->count;
  counted->value = trimmed(line.substr(colon + 1));
  return {};
}

Result<bool> judge(const Framing& framing) {
  const auto& [length, encoding] = framing;
  if (length.count + encoding.count > 1) {
    return refuse(fmt::format("{} Content-Length and {} Transfer-Encoding, expected one of them",
                              length.count, encoding.count));
  }
  if (encoding.count > 0) {
    if (is_same(encoding.value, "chunked")) return true;
    return refuse(fmt::format("Transfer-Encoding is '{}', expected 'chunked'", encoding.value));
  }
  if (length.count == 0) return false;
  const bool is_number = !length.value.empty() &&
                         length.value.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_number) return length.value.find_first_not_of('0') != std::string_view::npos;
  return refuse(fmt::format("Content-Length is '{}', expected a number of bytes", length.value));
}

}  // namespace

Result<bool> promises_body(std::string_view head) {
  CLEAVE_CHECK(next_line(head));  // the request line, which httplib reads
  Framing framing;
  for (;;) {
    const std::string_view line = CLEAVE_TRY(next_line(head));
    if (line.empty()) return judge(framing);
    CLEAVE_CHECK(note_header(line, framing));
  }
}

}  // namespace cleave::wire
