#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "bundle/manifest.h"
#include "data/film.h"
#include "data/inputs.h"
#include "data/preprocess.h"
#include "edge/frame.h"

namespace cleave::edge {

/// Reads files and makes frames of them: a photo, and each picture of a film, becomes one by the
/// bundle's preprocessing; a network of k inputs takes k .npy files in a row, in the order of its
/// inputs.
/// Errors name the file. Not thread-safe. Manifest, items and clock are borrowed.
class FrameReader {
 public:
  /// `warmup` extra frames of the first input, then all inputs `repeat` times over.
  /// kInvalidArgument for photos without preprocessing, and for inputs that do not make whole
  /// frames.
  static Result<FrameReader> create(const bundle::Manifest& manifest,
                                    std::span<const data::InputItem> items, int warmup, int repeat,
                                    Clock& clock);

  /// The next frame, or nothing after the last. Warm-up frames are the first, with index 0; the
  /// others are counted from 0. A film's are named after it and their place in it: "a.mp4:0".
  Result<std::optional<Frame>> next();

 private:
  using Group = std::span<const data::InputItem>;  // the files of one frame, or a film
  FrameReader(const bundle::Manifest& manifest, Clock& clock)
      : manifest_(&manifest), clock_(&clock) {}
  Result<std::optional<Frame>> next_of_group();
  Result<std::optional<Frame>> next_of_film(const data::InputItem& item);
  Result<Frame> read(Group group) const;

  const bundle::Manifest* manifest_;
  Clock* clock_;
  std::optional<data::Preprocess> preprocess_;
  std::vector<Group> groups_;
  std::size_t warmup_left_ = 0;
  std::size_t groups_left_ = 0;  // repeats included
  std::size_t group_ = 0;        // whose frames come next
  std::size_t index_ = 0;        // of the next frame
  std::optional<data::Film> film_;
  std::size_t picture_ = 0;  // of the film, how many were read
};

}  // namespace cleave::edge
