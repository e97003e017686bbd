#include "base/json.h"

namespace cleave {
namespace {

constexpr int kMaxDepth = 64;

/// Deepest nesting of brackets outside strings; the parser itself recurses without a limit.
int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view place) {
  if (const int depth = nesting_depth(text); depth > kMaxDepth) {
    return fail(ErrorCode::kCorrupt, place,
                "JSON nests " + std::to_string(depth) + " levels deep, expected at most " +
                    std::to_string(kMaxDepth));
  }
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& e) {
    return fail(ErrorCode::kCorrupt, place, "not JSON: error at byte " + std::to_string(e.byte));
  } catch (const Json::exception& e) {
    return fail(ErrorCode::kCorrupt, place, std::string("not JSON: ") + e.what());
  }
}

}  // namespace cleave
