// A bundle's manifest, the codecs that it asks for, and its check files, on any bytes.
#include <cstdint>
#include <cstdlib>

#include "base/file.h"
#include "bundle/bundle.h"
#include "bundle/check_file.h"

namespace {

using namespace cleave;

void load_manifest(std::string_view text) {
  const auto json = parse_json(text, "fuzz");
  if (!json) return;
  const auto manifest = bundle::manifest_from_json(*json);
  if (!manifest) {
    if (manifest.error().message.empty()) std::abort();
    return;
  }
  // What was accepted is written and read again as the same.
  const Json written = bundle::to_json(*manifest);
  const auto again = bundle::manifest_from_json(written);
  if (!again || bundle::to_json(*again) != written) std::abort();
  for (const bundle::CutEntry& cut : manifest->cuts) {
    const auto codec = bundle::CutCodec::create(cut);
    if (!codec) continue;
    const std::vector<std::string> packets(codec->size(), "no packet");
    if (codec->decode(packets)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  load_manifest(as_text(bytes));
  const auto check = bundle::parse_check_file(bytes);
  if (!check && check.error().message.empty()) std::abort();
  return 0;
}
