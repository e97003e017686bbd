// The framing of HTTP requests on any bytes: it is judged, or refused in words.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/http_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = cleave::wire::promises_body({reinterpret_cast<const char*>(data), size});
  if (!body && body.error().message.empty()) std::abort();
  return 0;
}
