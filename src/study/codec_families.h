#pragma once

#include <span>
#include <string>
#include <vector>

#include "study/feature_search.h"

namespace cleave::study {

/// Codecs of one kind, from few bytes to many.
struct CodecFamily {
  std::string name;
  std::vector<std::string> specs;
};

/// The kinds of codec that features are sent with elsewhere: quantisation alone, and pictures of
/// tiled features as PNG, JPEG, WebP and H.265. The one place to add one.
std::span<const CodecFamily> codec_families();

/// The codec of a family that sends the fewest bytes within the limit.
struct FamilyChoice {
  std::string family;
  std::string spec;  ///< empty where none is within the limit
  TrialSummary summary;
  /// Between the choice and the next coarser one, where the limit lies; infinite where none is
  /// within the limit.
  double bytes_at_limit = 0;
};

/// Tries some of a family's codecs, calibrated on the values of `fit`, on the samples of `score`:
/// the limit is looked for by halves on some of these, and from there on all. Codecs that refuse
/// the values count as beyond it.
Result<FamilyChoice> try_family(const CodecFamily& family, CutTrial& fit, CutTrial& score,
                                const Badness& badness);

/// The codec of a spec for every crossing value, calibrated on a trial's samples.
Result<std::vector<codec::Codec>> calibrated_codecs(std::string_view spec, const CutTrial& fit);

}  // namespace cleave::study
