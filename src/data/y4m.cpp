#include "data/y4m.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/spec.h"
#include "data/yuv.h"

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.y4m";
constexpr std::string_view kMagic = "YUV4MPEG2";
constexpr std::string_view kFrame = "FRAME";
/// Of the header or a frame's line; writers stay under a hundred bytes.
constexpr std::size_t kMaxLine = 1024;

struct Sampling {
  std::string_view name;  ///< behind the C of the header
  bool has_chroma;
  int shift_x;
  int shift_y;
};
constexpr std::array kSamplings{
    Sampling{"420", true, 1, 1},      Sampling{"420jpeg", true, 1, 1},
    Sampling{"420mpeg2", true, 1, 1}, Sampling{"420paldv", true, 1, 1},
    Sampling{"422", true, 1, 0},      Sampling{"444", true, 0, 0},
    Sampling{"mono", false, 0, 0},
};

/// The line that `bytes` begin with, without its end.
Result<std::string_view> first_line(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes.first(std::min(bytes.size(), kMaxLine)));
  const std::size_t end = text.find('\n');
  if (end != std::string_view::npos) return text.substr(0, end);
  const bool is_long = text.size() == kMaxLine;
  return fail(is_long ? ErrorCode::kCorrupt : ErrorCode::kNeedMoreBytes, kPlace,
              "a line has no end within " + std::to_string(text.size()) + " bytes");
}

std::unexpected<Error> not_a_film() {
  return fail(ErrorCode::kNotThisFormat, kPlace, "does not start with " + std::string(kMagic));
}

Result<int> read_size(std::string_view digits) {
  const auto size = parse_number<int>(digits);
  if (size && *size >= 1) return *size;
  return fail(ErrorCode::kCorrupt, kPlace,
              "a side is '" + std::string(digits) + "', expected 1 or more pixels");
}

}  // namespace

Result<Y4m> Y4m::parse(std::span<const std::byte> file, std::int64_t max_pixels) {
  // A file that is shorter than the first word may still be its beginning.
  if (!as_text(file).starts_with(kMagic.substr(0, file.size()))) return not_a_film();
  const std::string_view line = CLEAVE_TRY(first_line(file));
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.front() != kMagic) return not_a_film();
  Y4m film;
  for (const std::string_view word : std::span(words).subspan(1))
    CLEAVE_CHECK(film.read_parameter(word));
  if (film.width_ == 0 || film.height_ == 0)
    return fail(ErrorCode::kCorrupt, kPlace, "the header lacks a width or a height");
  if (std::int64_t{film.width_} * film.height_ > max_pixels) {
    return fail(ErrorCode::kResourceExhausted, kPlace,
                "frames are " + std::to_string(film.width_) + "x" + std::to_string(film.height_) +
                    ", expected at most " + std::to_string(max_pixels) + " pixels");
  }
  film.rest_ = file.subspan(line.size() + 1);
  return film;
}

Result<void> Y4m::read_parameter(std::string_view parameter) {
  if (parameter.starts_with('W')) {
    width_ = CLEAVE_TRY(read_size(parameter.substr(1)));
  } else if (parameter.starts_with('H')) {
    height_ = CLEAVE_TRY(read_size(parameter.substr(1)));
  } else if (parameter.starts_with('C')) {
    const auto* const sampling =
        std::ranges::find(kSamplings, parameter.substr(1), &Sampling::name);
    if (sampling == kSamplings.end()) {
      std::vector<std::string> known;
      for (const Sampling& s : kSamplings) known.emplace_back(s.name);
      Error error = unknown_name(kPlace, "sampling", parameter.substr(1), known);
      error.code = ErrorCode::kUnsupported;
      return std::unexpected(std::move(error));
    }
    has_chroma_ = sampling->has_chroma;
    chroma_shift_x_ = sampling->shift_x;
    chroma_shift_y_ = sampling->shift_y;
  } else if (parameter == "XCOLORRANGE=FULL") {
    full_range_ = true;
  }
  return {};
}

/// Odd sides are rounded up: the last chroma sample covers what is left.
std::size_t Y4m::chroma_width() const {
  return (static_cast<std::size_t>(width_) + (1U << chroma_shift_x_) - 1) >> chroma_shift_x_;
}
std::size_t Y4m::chroma_samples() const {
  const std::size_t rows =
      (static_cast<std::size_t>(height_) + (1U << chroma_shift_y_) - 1) >> chroma_shift_y_;
  return has_chroma_ ? chroma_width() * rows : 0;
}

Result<std::optional<Image>> Y4m::next() {
  if (rest_.empty()) return std::optional<Image>();
  const std::string_view line = CLEAVE_TRY(first_line(rest_));
  if (line != kFrame && !line.starts_with(std::string(kFrame) + " "))
    return fail(ErrorCode::kCorrupt, kPlace, "no frame begins where one was expected");
  const std::span<const std::byte> behind = rest_.subspan(line.size() + 1);
  const std::size_t luma_samples = static_cast<std::size_t>(width_) * height_;
  const std::size_t samples = luma_samples + 2 * chroma_samples();
  if (behind.size() < samples) {
    return fail(ErrorCode::kNeedMoreBytes, kPlace,
                "a frame has " + std::to_string(behind.size()) + " bytes, expected " +
                    std::to_string(samples));
  }
  rest_ = behind.subspan(samples);
  return std::optional<Image>(to_image(behind.first(samples)));
}

Image Y4m::to_image(std::span<const std::byte> samples) const {
  YuvPicture picture{.width = width_, .height = height_, .full_range = full_range_};
  picture.luma = {reinterpret_cast<const std::uint8_t*>(samples.data()), width_};
  if (has_chroma_) {
    const std::uint8_t* const cb = picture.luma.samples + std::ptrdiff_t{width_} * height_;
    const auto stride = static_cast<std::ptrdiff_t>(chroma_width());
    picture.cb = {cb, stride};
    picture.cr = {cb + chroma_samples(), stride};
    picture.chroma_shift_x = chroma_shift_x_;
    picture.chroma_shift_y = chroma_shift_y_;
  }
  return to_rgb(picture);
}

}  // namespace cleave::data
