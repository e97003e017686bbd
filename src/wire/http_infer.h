#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/types.h"

// The body of an inference over HTTP: a JSON text, then the data of binary tensors in the order in
// which they are named. Pure functions; no transport.
namespace cleave::wire {

/// The header that gives the length of the JSON part; without it the whole body is JSON.
inline constexpr char kJsonLengthHeader[] = "Inference-Header-Content-Length";
/// Longest JSON part that is read. Parsed, JSON takes up to 16 times its own size in memory, so
/// this bounds what a hostile body can make the parser allocate; larger tensors go as binary.
inline constexpr std::size_t kMaxJsonBytes = std::size_t{16} << 20;

/// Which outputs leave as binary data.
struct BinaryChoice {
  bool by_default = false;
  std::map<std::string, bool, std::less<>> by_name;

  bool of(std::string_view output) const;
};

struct HttpInferRequest {
  InferRequest request;  ///< without model name and version, which stand in the path
  BinaryChoice binary;
};

struct HttpBody {
  std::string bytes;
  std::size_t json_length = 0;
};

/// Reads and validates a request's or a response's body. kInvalidArgument or kCorrupt says what is
/// wrong; allocates at most 16 times kMaxJsonBytes and the body's size twice over.
Result<HttpInferRequest> parse_http_infer(std::string_view body,
                                          std::optional<std::size_t> json_length);
Result<InferResponse> parse_http_answer(std::string_view body,
                                        std::optional<std::size_t> json_length);

/// Writes a body; a request's tensors and wanted outputs are all binary.
Result<HttpBody> write_http_infer(InferRequest request);
Result<HttpBody> write_http_answer(InferResponse response, const BinaryChoice& binary);

}  // namespace cleave::wire
