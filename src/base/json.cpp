#include "base/json.h"

#include <algorithm>
#include <vector>

namespace cleave {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxMembers = 512;

/// What a text nests outside strings, without parsing it.
struct Extent {
  std::size_t depth = 0;    // brackets in brackets
  std::size_t members = 0;  // of the largest object
};

/// Looks no further once a limit is passed.
Extent extent_of(std::string_view text) {
  Extent extent;
  std::vector<std::size_t> colons;  // of each open bracket: only objects have any
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
      colons.push_back(0);
      extent.depth = std::max(extent.depth, colons.size());
    } else if ((c == '}' || c == ']') && !colons.empty()) {
      colons.pop_back();
    } else if (c == ':' && !colons.empty()) {
      extent.members = std::max(extent.members, ++colons.back());
    }
    if (extent.depth > kMaxDepth || extent.members > kMaxMembers) break;
  }
  return extent;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view place) {
  const Extent extent = extent_of(text);
  if (extent.depth > kMaxDepth) {
    return fail(ErrorCode::kCorrupt, place,
                "JSON nests more than " + std::to_string(kMaxDepth) + " levels deep");
  }
  if (extent.members > kMaxMembers) {
    return fail(ErrorCode::kCorrupt, place,
                "a JSON object has more than " + std::to_string(kMaxMembers) + " members");
  }
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& e) {
    return fail(ErrorCode::kCorrupt, place, "not JSON: error at byte " + std::to_string(e.byte));
  } catch (const Json::exception& e) {
    return fail(ErrorCode::kCorrupt, place, std::string("not JSON: ") + e.what());
  }
}

std::string dump_json(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cleave
