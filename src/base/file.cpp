#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace cleave {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> system_error(std::string_view action, const fs::path& path,
                                    int error = errno) {
  const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return fail(
      code, "file",
      "cannot " + std::string(action) + " '" + path.string() + "': " + std::strerror(error));
}

/// A name beside `path` that no other process or thread uses.
fs::path temporary_beside(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  fs::path target = path.has_filename() ? path : path.parent_path();
  return target.parent_path() / ("." + target.filename().string() + ".tmp" +
                                 std::to_string(::getpid()) + "-" + std::to_string(counter++));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write", path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  // A full disk may show only here.
  if (::fsync(fd) != 0 && errno != EINVAL) return system_error("flush", path);
  return {};
}

/// Whether `path` is a device, pipe or socket: there is no file to replace.
bool is_special(const fs::path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

Result<void> write_in_place(const fs::path& path, std::string_view content) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error("write", path);
  return write_all(file.get(), content, path);
}

}  // namespace

bool is_file_name(std::string_view name) {
  return !name.empty() && name.front() != '.' &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

Result<std::string> read_file(const fs::path& path, std::uint64_t max_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error("open", path);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return system_error("read", path);
  if (S_ISDIR(info.st_mode))
    return fail(ErrorCode::kIo, "file", "'" + path.string() + "' is a folder, expected a file");
  const auto too_large = [&](std::uint64_t found) {
    return fail(ErrorCode::kResourceExhausted, "file",
                "'" + path.string() + "' has " + std::to_string(found) +
                    " bytes or more, expected at most " + std::to_string(max_bytes));
  };
  const auto expected = static_cast<std::uint64_t>(std::max<off_t>(info.st_size, 0));
  if (expected > max_bytes) return too_large(expected);
  // A pipe says it has no bytes, so the size is only a first guess.
  std::string content(static_cast<std::size_t>(expected) + 1, '\0');
  std::size_t used = 0;
  for (;;) {
    if (used == content.size()) content.resize(content.size() * 2 + 4096);
    const ssize_t n = ::read(file.get(), content.data() + used, content.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", path);
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
    if (used > max_bytes) return too_large(used);
  }
  content.resize(used);
  return content;
}

Result<void> write_file(const fs::path& path, std::string_view content) {
  if (is_special(path)) return write_in_place(path, content);
  const fs::path temporary = temporary_beside(path);
  Result<void> written;
  {
    const FileDescriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (file.get() < 0) return system_error("write", path);
    written = write_all(file.get(), content, path);
  }
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = system_error("write", path);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<StagedFolder> StagedFolder::create(const fs::path& target) {
  std::error_code ignored;
  const fs::path absolute = fs::absolute(target, ignored).lexically_normal();
  const fs::path clean = absolute.has_filename() ? absolute : absolute.parent_path();
  if (fs::exists(clean, ignored) &&
      !(fs::is_directory(clean, ignored) && fs::is_empty(clean, ignored))) {
    return fail(ErrorCode::kInvalidArgument, "file",
                "'" + target.string() + "' exists already, expected a new name or an empty folder");
  }
  const fs::path staging = temporary_beside(clean);
  if (::mkdir(staging.c_str(), 0755) != 0) return system_error("make the folder", target);
  return StagedFolder(staging, clean);
}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept
    : staging_(std::exchange(other.staging_, {})), target_(std::move(other.target_)) {}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!staging_.empty()) fs::remove_all(staging_, ignored);
}

Result<void> StagedFolder::commit() {
  // rename() replaces an empty folder and nothing else.
  if (::rename(staging_.c_str(), target_.c_str()) != 0)
    return system_error("make the folder", target_);
  staging_.clear();
  return {};
}

}  // namespace cleave
