#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "codec/calibrated_value.h"
#include "study/bd_rate.h"
#include "study/codec_families.h"
#include "study/evaluate.h"

namespace cleave::study {

/// One codec at one quality: what it sends, and what becomes of the answers.
struct SweepPoint {
  std::string family;  ///< CodecFamily::name, or one of the names below
  std::string codec;  ///< its spec; of a calibrated `cleave` how far its step is from that made for
  TrialSummary summary;
  double encode_ms = 0;  ///< of this machine, unslowed, on one thread, as measure_codec()
  double decode_ms = 0;
};

inline constexpr std::string_view kCleave = "cleave";
inline constexpr std::string_view kUncalibrated = "cleave-uncalibrated";
inline constexpr std::string_view kJpegPicture = "picture-jpeg";
inline constexpr std::string_view kWebpPicture = "picture-webp";

struct SweepOptions {
  std::vector<CodecFamily> families;  ///< calibrated on pictures of their own
  bool cleave = true;                 ///< at several steps around the one that it is calibrated for
  bool uncalibrated = true;           ///< `cleave` that knows nothing of the cut
  bool pictures = true;               ///< sweep_pictures() gives something
  /// Values that were calibrated before: `cleave` at a cut of theirs is not calibrated anew.
  std::vector<codec::CalibratedValue> known;
  double kl_nats = 0.05;  ///< what `cleave` is calibrated for where answers are classes
  double psnr_db = 30;    ///< and where they are pictures
  int threads = 0;        ///< 0: every processor
  /// Told what is being done. May be empty.
  std::function<void(const std::string&)> progress;
};

/// All codecs at one cut.
struct CutSweep {
  AccuracyReport uncut;  ///< of the network in one piece, on the same pictures
  std::vector<SweepPoint> points;
  std::vector<std::string> refused;  ///< what a family said that will not have these values
};

/// Tries codecs at a cut: calibrated on the pictures of `fit`, scored on those of `score`. Errors:
/// those of CutTrial::create() and of the engine. A family that refuses the values is in `refused`.
Result<CutSweep> sweep_cut(const graph::Model& model, const graph::Cut& cut, engine::Engine& engine,
                           const EvalData& fit, const EvalData& score, const SweepOptions& options,
                           Clock& clock);

/// Cloud-only beside it: the picture itself as JPEG and WebP, at the size that the network takes,
/// and the whole network on what comes of that.
Result<std::vector<SweepPoint>> sweep_pictures(const graph::Model& model, engine::Engine& engine,
                                               const EvalData& score, const SweepOptions& options,
                                               Clock& clock);

/// The family's kind of codec: its name without what tells it from others of the kind ("jpeg" of
/// "jpeg sigma3").
std::string_view kind_of(std::string_view family);

/// The points of a kind of codec by what bd_rate() compares: PSNR in dB where there is one, else
/// the KL divergence from the uncut answers in dB, -10·log10(nats).
std::vector<RatePoint> rates_of(std::span<const SweepPoint> points, std::string_view kind);

/// Those of them that no other of the kind beats or equals, by rising bytes.
std::vector<SweepPoint> front_of(std::span<const SweepPoint> points, std::string_view kind);

/// Does it pay to look at a cut? The cuts where less lies than at every cut before, and all of that
/// floats in one value; of the others, how many there are for which reason.
struct CutsToSweep {
  std::vector<const graph::Cut*> cuts;
  std::size_t several_values = 0;
  std::size_t not_smaller = 0;  ///< than an earlier one
  std::size_t not_coded = 0;    ///< no floats, of unknown size, or outputs stay before the cut
};
CutsToSweep cuts_to_sweep(const graph::Model& model);

}  // namespace cleave::study
