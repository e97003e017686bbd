#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "bundle/manifest.h"
#include "data/inputs.h"
#include "data/preprocess.h"
#include "edge/frame.h"

namespace cleave::edge {

/// Reads files and makes frames of them: a photo becomes one by the bundle's preprocessing, a
/// network of k inputs takes k .npy files in a row, in the order of its inputs.
/// Errors name the file. Not thread-safe. Manifest, items and clock are borrowed.
class FrameReader {
 public:
  /// `warmup` extra frames of the first input, then all inputs `repeat` times over.
  /// kInvalidArgument for photos without preprocessing, and for inputs that do not make whole
  /// frames.
  static Result<FrameReader> create(const bundle::Manifest& manifest,
                                    std::span<const data::InputItem> items, int warmup, int repeat,
                                    Clock& clock);

  /// The next frame, or nothing after the last. Warm-up frames have the first input's name and
  /// index 0; the others are counted from 0.
  Result<std::optional<Frame>> next();

 private:
  using Group = std::span<const data::InputItem>;  // the files of one frame
  FrameReader(const bundle::Manifest& manifest, Clock& clock)
      : manifest_(&manifest), clock_(&clock) {}
  Result<Frame> read(Group group) const;

  const bundle::Manifest* manifest_;
  Clock* clock_;
  std::optional<data::Preprocess> preprocess_;
  std::vector<Group> groups_;
  std::size_t warmup_ = 0;
  std::size_t frames_ = 0;  // warm-up apart
  std::size_t next_ = 0;    // warm-up included
};

}  // namespace cleave::edge
