#include "http_infer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cleave::wire::check_http_infer_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
