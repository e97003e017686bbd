#include "wire/service.h"

#include <fmt/format.h>

#include <algorithm>

namespace cleave::wire {
namespace {

bool says_ready(const ModelEntry& entry) { return entry.state == "READY"; }

}  // namespace

bool is_ready(const Service& service) {
  return std::ranges::all_of(service.repository_index(), says_ready);
}

Result<bool> is_model_ready(const Service& service, std::string_view name,
                            std::string_view version) {
  const std::vector<ModelEntry> entries = CLEAVE_TRY(entries_of(service, name, version));
  return std::ranges::any_of(entries, says_ready);
}

Result<std::vector<ModelEntry>> entries_of(const Service& service, std::string_view name,
                                           std::string_view version) {
  std::vector<ModelEntry> entries = service.repository_index();
  if (name.empty()) return entries;
  std::erase_if(entries, [&](const ModelEntry& entry) {
    return entry.name != name || (!version.empty() && entry.version != version);
  });
  if (!entries.empty()) return entries;
  return fail(ErrorCode::kNotFound, "wire.service",
              version.empty()
                  ? fmt::format("there is no model '{}'", name)
                  : fmt::format("there is no model '{}' of version '{}'", name, version));
}

}  // namespace cleave::wire
