#include "data/film.h"

#include <utility>

#include "base/file.h"
#include "data/formats.h"
#include "data/mp4.h"
#include "data/picture_decoder.h"
#include "data/y4m.h"

namespace cleave::data {

class Film::Reader {
 public:
  virtual ~Reader() = default;
  virtual int width() const = 0;
  virtual int height() const = 0;
  virtual Result<std::optional<Image>> next() = 0;
};

namespace {

constexpr std::string_view kPlace = "data.film";
constexpr std::uint64_t kMaxFilmBytes = std::uint64_t{1} << 30;
/// The most that the standards let pictures refer to, those that wait for their turn, and the one
/// at hand.
constexpr int kMaxFrames = 24;
/// A side in whole blocks, of up to 64, is longer by less than this.
constexpr int kRounding = 64;

/// A file that is viewed, and stays where it is.
using File = std::unique_ptr<const std::string>;

class Y4mReader final : public Film::Reader {
 public:
  Y4mReader(File file, Y4m film) : file_(std::move(file)), film_(film) {}
  int width() const override { return film_.width(); }
  int height() const override { return film_.height(); }
  Result<std::optional<Image>> next() override { return film_.next(); }

 private:
  File file_;
  Y4m film_;
};

class Mp4Reader final : public Film::Reader {
 public:
  Mp4Reader(File file, Mp4Track track, std::unique_ptr<PictureDecoder> decoder)
      : file_(std::move(file)), track_(std::move(track)), decoder_(std::move(decoder)) {}
  int width() const override { return track_.width; }
  int height() const override { return track_.height; }

  Result<std::optional<Image>> next() override {
    for (;;) {
      auto image = CLEAVE_TRY(about_sample(decoder_->receive()));
      if (image) return check(*std::move(image));
      if (sent_ > track_.samples.size()) return std::optional<Image>();
      const bool all_sent = sent_++ == track_.samples.size();
      CLEAVE_CHECK(
          about_sample(all_sent ? decoder_->finish() : decoder_->send(track_.samples[sent_ - 1])));
    }
  }

 private:
  template <class T>
  Result<T> about_sample(Result<T> result) const {
    return about("picture " + std::to_string(std::max<std::size_t>(sent_, 1) - 1),
                 std::move(result));
  }

  Result<std::optional<Image>> check(Image image) const {
    if (image.width == width() && image.height == height()) return std::optional(std::move(image));
    return fail(ErrorCode::kCorrupt, kPlace,
                "a picture of " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                    " in a film of " + std::to_string(width()) + "x" + std::to_string(height()));
  }

  File file_;
  Mp4Track track_;
  std::unique_ptr<PictureDecoder> decoder_;
  std::size_t sent_ = 0;  ///< samples, and behind the last the end
};

Result<std::unique_ptr<Film::Reader>> open_y4m(File file, std::int64_t max_pixels) {
  const Y4m film = CLEAVE_TRY(Y4m::parse(as_bytes(*file), max_pixels));
  return std::make_unique<Y4mReader>(std::move(file), film);
}

Result<std::unique_ptr<Film::Reader>> open_mp4(File file, std::int64_t max_pixels) {
  Mp4Track track = CLEAVE_TRY(read_mp4(as_bytes(*file)));
  CLEAVE_CHECK(check_size("a film", track.width, track.height, max_pixels));
  const std::int64_t pixels = std::int64_t{track.width + kRounding} * (track.height + kRounding);
  auto decoder = CLEAVE_TRY(make_picture_decoder({.format = track.format,
                                                  .config = track.config,
                                                  .max_pixels = pixels,
                                                  .max_frames = kMaxFrames}));
  return std::make_unique<Mp4Reader>(std::move(file), std::move(track), std::move(decoder));
}

}  // namespace

Film::Film(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
Film::Film(Film&&) noexcept = default;
Film& Film::operator=(Film&&) noexcept = default;
Film::~Film() = default;

int Film::width() const { return reader_->width(); }
int Film::height() const { return reader_->height(); }
Result<std::optional<Image>> Film::next() { return reader_->next(); }

Result<Film> Film::open(const std::filesystem::path& path) {
  std::string file = CLEAVE_TRY(read_file(path, kMaxFilmBytes));
  return about("'" + path.string() + "'", parse(std::move(file)));
}

Result<Film> Film::parse(std::string file, std::int64_t max_pixels) {
  auto held = std::make_unique<const std::string>(std::move(file));
  if (is_mp4(as_bytes(*held))) return Film(CLEAVE_TRY(open_mp4(std::move(held), max_pixels)));
  if (held->starts_with("YUV4")) return Film(CLEAVE_TRY(open_y4m(std::move(held), max_pixels)));
  return fail(ErrorCode::kNotThisFormat, kPlace,
              "found " + std::to_string(held->size()) +
                  " bytes that begin as no film does, expected YUV4MPEG2 or MP4");
}

}  // namespace cleave::data
