#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace cleave {

/// What kind of failure an Error reports; callers branch on this, people read the message.
enum class ErrorCode {
  kInvalidArgument,    ///< the caller asked for something that makes no sense
  kNotFound,           ///< a named thing does not exist
  kNotThisFormat,      ///< the bytes are something else altogether
  kNeedMoreBytes,      ///< the bytes end before they should
  kCorrupt,            ///< the bytes contradict themselves
  kUnsupported,        ///< valid, but not built or not implemented
  kIo,                 ///< the operating system refused
  kOutOfSync,          ///< what these bytes follow is missing: a stream needs a key frame
  kUnavailable,        ///< a peer cannot be reached or is shutting down
  kDeadlineExceeded,   ///< the answer did not come in time
  kResourceExhausted,  ///< a stated limit was reached
  kInternal,           ///< a fault of ours or of a library
};

/// Short lower-case name of a code, for machines: "invalid_argument".
std::string_view error_code_name(ErrorCode code);

/// A failure: its kind, the place that noticed it ("codec.decode") and what was found and expected.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string place;
  std::string message;

  /// "[place] message", the one line that a person sees.
  std::string to_string() const;
};

/// A value or an Error; std::expected that must not be ignored.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(std::expected<T, Error> other) : std::expected<T, Error>(std::move(other)) {}
};

/// The failing side of a Result: `return fail(ErrorCode::kCorrupt, "codec.decode", "…");`
inline std::unexpected<Error> fail(ErrorCode code, std::string_view place, std::string message) {
  return std::unexpected(Error{code, std::string(place), std::move(message)});
}

/// The result, with what an error is about in front of its message: "value 'x': …".
template <class T>
Result<T> about(const std::string& what, Result<T> result) {
  if (!result) result.error().message = what + ": " + result.error().message;
  return result;
}

}  // namespace cleave

/// Evaluates to the value of a Result, or returns its error from the enclosing function. May be
/// nested.
#define CLEAVE_TRY(expression) CLEAVE_TRY_NUMBERED(expression, __COUNTER__)
#define CLEAVE_TRY_NUMBERED(expression, number) CLEAVE_TRY_NAMED(expression, number)
#define CLEAVE_TRY_NAMED(expression, number) CLEAVE_TRY_AS(expression, cleave_try_##number)
#define CLEAVE_TRY_AS(expression, result)                           \
  ({                                                                \
    auto&& result = (expression);                                   \
    if (!result) return std::unexpected(std::move(result).error()); \
    *std::move(result);                                             \
  })

/// The same for a Result<void>.
#define CLEAVE_CHECK(expression)                                       \
  do {                                                                 \
    if (auto cleave_check_result = (expression); !cleave_check_result) \
      return std::unexpected(std::move(cleave_check_result).error());  \
  } while (false)
