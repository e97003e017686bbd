// The HTTP request parser: what it accepts survives writing and parsing again.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "wire/http_infer.h"

// An input is a length of JSON (u16, little-endian; all ones for none) and a body, which is parsed
// as a request and as an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cleave::wire;
  if (size < 2) return 0;
  const auto length = static_cast<std::size_t>(data[0] | data[1] << 8);
  std::optional<std::size_t> json_length;
  if (length != 0xFFFF) json_length = length;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  (void)parse_http_answer(body, json_length);
  const auto parsed = parse_http_infer(body, json_length);
  if (!parsed) return 0;
  const auto written = write_http_infer(parsed->request);
  if (!written) std::abort();
  const auto again = parse_http_infer(written->bytes, written->json_length);
  if (!again || again->request.inputs.size() != parsed->request.inputs.size()) std::abort();
  for (std::size_t i = 0; i < again->request.inputs.size(); ++i) {
    const WireTensor& before = parsed->request.inputs[i];
    const WireTensor& after = again->request.inputs[i];
    if (before.bytes != after.bytes || before.elements != after.elements) std::abort();
  }
  return 0;
}
