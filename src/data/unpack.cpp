#include "data/unpack.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <filesystem>
#include <memory>

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.unpack";
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;

struct ReaderDelete {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, ReaderDelete>;

/// The library's own words, with the code they mean.
std::unexpected<Error> unreadable(archive* reader, ErrorCode otherwise) {
  const char* said = archive_error_string(reader);
  const std::string reason = said != nullptr ? said : "no reason given";
  const bool cut_short = reason.find("runcated") != std::string::npos;
  return fail(cut_short ? ErrorCode::kNeedMoreBytes : otherwise, kPlace,
              "cannot be unpacked: " + reason);
}

std::unexpected<Error> too_large(std::uint64_t limit) {
  return fail(ErrorCode::kResourceExhausted, kPlace,
              "holds more than " + std::to_string(limit) + " bytes unpacked, the most expected");
}

bool is_gzipped(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B};
}

/// A reader of `bytes`, which it borrows. One layer of gzip at most: layers upon layers could ask
/// for any amount of work.
Result<Reader> open_reader(std::span<const std::byte> bytes, int (*allow_format)(archive*)) {
  Reader reader(archive_read_new());
  if (!reader) return fail(ErrorCode::kResourceExhausted, kPlace, "libarchive does not start");
  allow_format(reader.get());
  if (is_gzipped(bytes)) archive_read_append_filter(reader.get(), ARCHIVE_FILTER_GZIP);
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return unreadable(reader.get(), ErrorCode::kNotThisFormat);
  return reader;
}

/// Appends the data of the entry at hand; `out` ends up with at most `max_bytes`.
Result<void> append_data(archive* reader, std::uint64_t max_bytes, Bytes& out) {
  std::array<std::byte, kChunkBytes> chunk;
  for (;;) {
    const la_ssize_t count = archive_read_data(reader, chunk.data(), chunk.size());
    if (count == 0) return {};
    if (count < 0) return unreadable(reader, ErrorCode::kCorrupt);
    if (out.size() + static_cast<std::uint64_t>(count) > max_bytes) return too_large(max_bytes);
    out.insert(out.end(), chunk.begin(), chunk.begin() + count);
  }
}

/// The entry's path as our own; nothing where the archive's has no spelling here.
std::string path_of(archive_entry* entry) {
  const char* path = archive_entry_pathname(entry);
  // Names in UTF-8 have no other form in the C locale.
  if (path == nullptr) path = archive_entry_pathname_utf8(entry);
  if (path == nullptr) return "";
  return std::filesystem::path(path).relative_path().lexically_normal().generic_string();
}

/// Counts what the archive promises: even what is passed over has to be decompressed.
class Tally {
 public:
  explicit Tally(const UnpackLimits& limits) : limits_(limits) {}

  Result<void> count(archive_entry* entry) {
    if (++files_ > limits_.files) {
      return fail(ErrorCode::kResourceExhausted, kPlace,
                  "holds more than " + std::to_string(limits_.files) +
                      " files and folders, the most expected");
    }
    const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
    if (size > limits_.bytes - bytes_) return too_large(limits_.bytes);
    bytes_ += size;
    return {};
  }

 private:
  const UnpackLimits& limits_;
  std::size_t files_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<PackedFiles> unpack_tar(std::span<const std::byte> bytes,
                               const std::function<bool(std::string_view)>& wants,
                               const UnpackLimits& limits) {
  const Reader reader = CLEAVE_TRY(open_reader(bytes, archive_read_support_format_tar));
  PackedFiles packed;
  Tally tally(limits);
  ErrorCode if_unreadable = ErrorCode::kNotThisFormat;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return packed;
    // A warning is of a name that the locale cannot spell.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
      return unreadable(reader.get(), if_unreadable);
    if_unreadable = ErrorCode::kCorrupt;
    CLEAVE_CHECK(tally.count(entry));
    std::string path = path_of(entry);
    if (archive_entry_filetype(entry) != AE_IFREG || path.empty() || !wants(path)) continue;
    const std::size_t offset = packed.bytes.size();
    CLEAVE_CHECK(about("'" + path + "'", append_data(reader.get(), limits.bytes, packed.bytes)));
    packed.files.push_back({std::move(path), offset, packed.bytes.size() - offset});
  }
}

Result<Bytes> gunzip(std::span<const std::byte> bytes, std::uint64_t max_bytes) {
  // libarchive takes no bytes for no archive.
  if (bytes.empty()) return Bytes{};
  const Reader reader = CLEAVE_TRY(open_reader(bytes, archive_read_support_format_raw));
  archive_entry* entry = nullptr;
  Bytes out;
  const int status = archive_read_next_header(reader.get(), &entry);
  if (status == ARCHIVE_EOF) return out;
  if (status != ARCHIVE_OK) return unreadable(reader.get(), ErrorCode::kCorrupt);
  CLEAVE_CHECK(append_data(reader.get(), max_bytes, out));
  return out;
}

}  // namespace cleave::data
