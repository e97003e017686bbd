#include "data/mp4.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.mp4";
constexpr std::size_t kMaxSamples = std::size_t{1} << 20;
/// Version and flags, with which many boxes begin.
constexpr std::size_t kFullBytes = 4;
/// Of a visual sample entry, before the boxes within.
constexpr std::size_t kEntryBytes = 78;

using View = std::span<const std::byte>;

struct Entry {
  std::string_view name;  ///< of the sample entry
  codec::VideoFormat format;
  std::string_view config;  ///< the box of the decoder's configuration
};
constexpr std::array kEntries{Entry{"avc1", codec::VideoFormat::kH264, "avcC"},
                              Entry{"avc3", codec::VideoFormat::kH264, "avcC"},
                              Entry{"hvc1", codec::VideoFormat::kH265, "hvcC"},
                              Entry{"hev1", codec::VideoFormat::kH265, "hvcC"}};

struct Box {
  std::string_view type;
  View body;
};

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, kPlace, std::move(message));
}

/// Takes the next box off `rest`.
Result<Box> next_box(View& rest) {
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kLongHeader = 16;
  if (rest.size() < kHeader) {
    return fail(ErrorCode::kNeedMoreBytes, kPlace,
                std::to_string(rest.size()) + " bytes where a box begins, expected 8 or more");
  }
  const std::string_view type = as_text(rest.subspan(4, 4));
  std::uint64_t size = load_be<std::uint32_t>(rest, 0);
  std::size_t header = kHeader;
  if (size == 1 && rest.size() >= kLongHeader) {
    size = load_be<std::uint64_t>(rest, kHeader);
    header = kLongHeader;
  } else if (size == 0) {
    size = rest.size();  // up to the end
  }
  if (size < header)
    return corrupt("a box of " + std::to_string(size) + " bytes, expected " +
                   std::to_string(header) + " or more");
  if (size > rest.size()) {
    return fail(ErrorCode::kNeedMoreBytes, kPlace,
                "a box of " + std::to_string(size) + " bytes, " + std::to_string(rest.size()) +
                    " are left");
  }
  const View body = rest.subspan(header, static_cast<std::size_t>(size) - header);
  rest = rest.subspan(static_cast<std::size_t>(size));
  return Box{type, body};
}

/// The first box of this type within `body`.
Result<std::optional<View>> find(View body, std::string_view type) {
  while (!body.empty()) {
    const Box box = CLEAVE_TRY(next_box(body));
    if (box.type == type) return std::optional(box.body);
  }
  return std::optional<View>();
}

/// The same where it must be there, one within the other.
Result<View> descend(View body, std::initializer_list<std::string_view> path) {
  for (const std::string_view type : path) {
    const auto inner = CLEAVE_TRY(find(body, type));
    if (!inner) return corrupt("no box '" + std::string(type) + "'");
    body = *inner;
  }
  return body;
}

/// A table of entries behind their number.
struct Table {
  View entries;
  std::size_t count = 0;
};
Result<Table> table_of(View body, std::size_t before, std::size_t entry_bytes) {
  if (body.size() < before + 4)
    return corrupt("a table of " + std::to_string(body.size()) + " bytes, expected " +
                   std::to_string(before + 4) + " or more");
  const Table table{body.subspan(before + 4), load_be<std::uint32_t>(body, before)};
  if (table.count <= table.entries.size() / entry_bytes) return table;
  return corrupt("a table of " + std::to_string(table.count) + " entries in " +
                 std::to_string(table.entries.size()) + " bytes");
}

/// Bytes of each sample.
class Sizes {
 public:
  static Result<Sizes> read(View stsz) {
    if (stsz.size() < 3 * kFullBytes)
      return corrupt("a table of sizes of " + std::to_string(stsz.size()) + " bytes, expected " +
                     std::to_string(3 * kFullBytes) + " or more");
    Sizes sizes;
    sizes.same_ = load_be<std::uint32_t>(stsz, kFullBytes);
    if (sizes.same_ == 0) {
      sizes.table_ = CLEAVE_TRY(table_of(stsz, 2 * kFullBytes, 4));
    } else {
      sizes.table_.count = load_be<std::uint32_t>(stsz, 2 * kFullBytes);
    }
    if (sizes.count() <= kMaxSamples) return sizes;
    return fail(ErrorCode::kResourceExhausted, kPlace,
                std::to_string(sizes.count()) + " pictures, expected at most " +
                    std::to_string(kMaxSamples));
  }
  std::size_t count() const { return table_.count; }
  std::size_t operator[](std::size_t i) const {
    return same_ != 0 ? same_ : load_be<std::uint32_t>(table_.entries, 4 * i);
  }

 private:
  std::size_t same_ = 0;
  Table table_;
};

/// Where each chunk of samples begins.
class Chunks {
 public:
  static Result<Chunks> read(View stbl) {
    Chunks chunks;
    const auto narrow = CLEAVE_TRY(find(stbl, "stco"));
    chunks.bytes_ = narrow ? 4 : 8;
    const View body = narrow ? *narrow : CLEAVE_TRY(descend(stbl, {"co64"}));
    chunks.table_ = CLEAVE_TRY(table_of(body, kFullBytes, chunks.bytes_));
    return chunks;
  }
  std::size_t count() const { return table_.count; }
  std::uint64_t operator[](std::size_t i) const {
    return bytes_ == 4 ? load_be<std::uint32_t>(table_.entries, 4 * i)
                       : load_be<std::uint64_t>(table_.entries, 8 * i);
  }

 private:
  std::size_t bytes_ = 4;
  Table table_;
};

Result<std::vector<View>> samples_of(View file, View stbl) {
  constexpr std::size_t kRunBytes = 12;  // first chunk, samples in each, description
  const Sizes sizes = CLEAVE_TRY(Sizes::read(CLEAVE_TRY(descend(stbl, {"stsz"}))));
  const Chunks chunks = CLEAVE_TRY(Chunks::read(stbl));
  const Table runs =
      CLEAVE_TRY(table_of(CLEAVE_TRY(descend(stbl, {"stsc"})), kFullBytes, kRunBytes));
  std::vector<View> samples;
  samples.reserve(sizes.count());
  std::size_t run = 0;
  for (std::size_t chunk = 0; chunk < chunks.count() && runs.count > 0; ++chunk) {
    while (run + 1 < runs.count &&
           load_be<std::uint32_t>(runs.entries, (run + 1) * kRunBytes) <= chunk + 1)
      ++run;
    const std::uint32_t in_chunk = load_be<std::uint32_t>(runs.entries, run * kRunBytes + 4);
    std::uint64_t at = chunks[chunk];
    for (std::uint32_t i = 0; i < in_chunk && samples.size() < sizes.count(); ++i) {
      const std::size_t size = sizes[samples.size()];
      if (at > file.size() || size > file.size() - at) {
        return fail(ErrorCode::kNeedMoreBytes, kPlace,
                    "picture " + std::to_string(samples.size()) + " ends behind the file's " +
                        std::to_string(file.size()) + " bytes");
      }
      samples.push_back(file.subspan(static_cast<std::size_t>(at), size));
      at += size;
    }
  }
  if (samples.size() == sizes.count()) return samples;
  return corrupt("places for " + std::to_string(samples.size()) + " pictures, expected " +
                 std::to_string(sizes.count()));
}

/// What the first sample entry says of all.
Result<Mp4Track> describe(View stsd) {
  const Table table = CLEAVE_TRY(table_of(stsd, kFullBytes, 8));
  View rest = table.entries;
  if (table.count == 0) return corrupt("no description of the pictures");
  const Box entry = CLEAVE_TRY(next_box(rest));
  const auto* const known = std::ranges::find(kEntries, entry.type, &Entry::name);
  if (known == kEntries.end()) {
    return fail(ErrorCode::kUnsupported, kPlace,
                "pictures are of kind '" + std::string(entry.type) +
                    "', expected H.264 (avc1, avc3) or H.265 (hvc1, hev1)");
  }
  if (entry.body.size() < kEntryBytes)
    return corrupt("a description of " + std::to_string(entry.body.size()) + " bytes, expected " +
                   std::to_string(kEntryBytes) + " or more");
  constexpr std::size_t kWidthAt = 24;
  constexpr std::size_t kHeightAt = 26;
  Mp4Track track{.format = known->format,
                 .width = load_be<std::uint16_t>(entry.body, kWidthAt),
                 .height = load_be<std::uint16_t>(entry.body, kHeightAt)};
  track.config = CLEAVE_TRY(descend(entry.body.subspan(kEntryBytes), {known->config}));
  return track;
}

/// The media box of a track of pictures; nothing for another.
Result<std::optional<View>> video_media(View trak) {
  constexpr std::size_t kHandlerAt = 8;
  const View media = CLEAVE_TRY(descend(trak, {"mdia"}));
  const View handler = CLEAVE_TRY(descend(media, {"hdlr"}));
  const bool video =
      handler.size() >= kHandlerAt + 4 && as_text(handler.subspan(kHandlerAt, 4)) == "vide";
  return video ? std::optional(media) : std::nullopt;
}

}  // namespace

bool is_mp4(View file) { return file.size() >= 8 && as_text(file.subspan(4, 4)) == "ftyp"; }

Result<Mp4Track> read_mp4(View file) {
  if (!is_mp4(file))
    return fail(ErrorCode::kNotThisFormat, kPlace, "does not begin with a box 'ftyp'");
  const auto found = CLEAVE_TRY(find(file, "moov"));
  if (!found) return fail(ErrorCode::kNeedMoreBytes, kPlace, "the file ends before its box 'moov'");
  const View movie = *found;
  if (CLEAVE_TRY(find(movie, "mvex")))
    return fail(ErrorCode::kUnsupported, kPlace, "a film in fragments, expected one table of all");
  for (View rest = movie; !rest.empty();) {
    const Box box = CLEAVE_TRY(next_box(rest));
    if (box.type != "trak") continue;
    const auto media = CLEAVE_TRY(video_media(box.body));
    if (!media) continue;
    const View stbl = CLEAVE_TRY(descend(*media, {"minf", "stbl"}));
    Mp4Track track = CLEAVE_TRY(describe(CLEAVE_TRY(descend(stbl, {"stsd"}))));
    track.samples = CLEAVE_TRY(samples_of(file, stbl));
    return track;
  }
  return fail(ErrorCode::kUnsupported, kPlace, "no pictures among the tracks");
}

}  // namespace cleave::data
