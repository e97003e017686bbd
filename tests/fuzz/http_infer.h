#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/http_infer.h"

namespace cleave::wire {

/// An input is a length (u16, little-endian; all ones for none) and a body. Parses it as a request
/// and as an answer; what parses must survive writing and parsing again, or the program aborts.
/// Says whether the request parsed.
inline bool check_http_infer_input(std::string_view input) {
  if (input.size() < 2) return false;
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(input[0]) |
                                               static_cast<unsigned char>(input[1]) << 8);
  std::optional<std::size_t> json_length;
  if (length != 0xFFFF) json_length = length;
  const std::string_view body = input.substr(2);
  (void)parse_http_answer(body, json_length);
  const auto parsed = parse_http_infer(body, json_length);
  if (!parsed) return false;
  const auto written = write_http_infer(parsed->request);
  if (!written) std::abort();
  const auto again = parse_http_infer(written->bytes, written->json_length);
  if (!again || again->request.inputs.size() != parsed->request.inputs.size()) std::abort();
  for (std::size_t i = 0; i < again->request.inputs.size(); ++i) {
    const WireTensor& before = parsed->request.inputs[i];
    const WireTensor& after = again->request.inputs[i];
    if (before.bytes != after.bytes || before.elements != after.elements) std::abort();
  }
  return true;
}

}  // namespace cleave::wire
