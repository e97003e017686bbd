#include "study/codec_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

namespace cleave::study {
namespace {

/// One spec for each number, which stands where `pattern` has {}.
std::vector<std::string> series(std::string_view pattern, std::initializer_list<int> numbers) {
  std::vector<std::string> specs;
  for (const int number : numbers) specs.push_back(fmt::format(fmt::runtime(pattern), number));
  return specs;
}

std::vector<CodecFamily> make_families() {
  std::vector<CodecFamily> families;
  for (const char* range : {"minmax", "sigma3"}) {
    const std::string tile = fmt::format("quant:bits=8,range={}|tile|", range);
    const auto add = [&](std::string_view name, std::vector<std::string> specs) {
      families.push_back({fmt::format("{} {}", name, range), std::move(specs)});
    };
    add("quant+zstd", series(fmt::format("quant:bits={{}},range={}|zstd:level=19", range),
                             {1, 2, 3, 4, 5, 6, 7, 8}));
    add("png", {tile + "png"});
    add("jpeg", series(tile + "jpeg:q={}",
                       {2, 5, 8, 12, 16, 20, 25, 30, 40, 50, 60, 70, 80, 87, 92, 96, 98, 99}));
    add("webp", series(tile + "webp:q={},effort=6",
                       {0, 2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 78, 84, 88, 92, 95, 97, 99}));
    add("webp-lossless", {tile + "webp:mode=lossless,effort=6"});
    add("h265-intra",
        series(tile + "h265:qp={}", {48, 45, 42, 39, 36, 33, 30, 27, 24, 21, 18, 15, 12, 8, 4}));
  }
  return families;
}

}  // namespace

std::span<const CodecFamily> codec_families() {
  static const std::vector<CodecFamily> kFamilies = make_families();
  return kFamilies;
}

Result<std::vector<codec::Codec>> calibrated_codecs(std::string_view spec, const CutTrial& fit) {
  std::vector<codec::Codec> codecs;
  for (std::size_t v = 0; v < fit.values(0).size(); ++v) {
    const Json calibration = CLEAVE_TRY(codec::Codec::calibrate(spec, fit.samples_of(v)));
    codecs.push_back(CLEAVE_TRY(codec::Codec::create(spec, calibration)));
  }
  return codecs;
}

namespace {

/// Samples on which the limit is looked for before all are used.
constexpr std::size_t kFirstSamples = 128;
/// A badness on these from which all of them will not come back to 1: where one sample in a hundred
/// may be lost, five of 128 are.
constexpr double kNear = 4;

/// What a codec comes to on the trial that scores.
struct Tried {
  TrialSummary summary;
  double badness = 0;
};

/// A family on trial: what its codecs come to, and which of them is the first within the limit.
class Climb {
 public:
  Climb(const CodecFamily& family, const CutTrial& fit, CutTrial& score, const Badness& badness)
      : family_(family), fit_(fit), score_(score), badness_(badness) {}

  /// By halves, on the first `count` samples: finer is nearer. The family's size where none is.
  std::size_t find(std::size_t count) {
    std::size_t within = family_.specs.size();
    std::size_t beyond = 0;  // specs before this one
    for (std::size_t at = within - 1; beyond < within; at = (beyond + within) / 2) {
      if (is_within(at, count)) {
        within = at;
      } else {
        beyond = at + 1;
      }
    }
    return within;
  }

  /// Step by step from a guess, on all samples; after find().
  std::size_t walk(std::size_t at) {
    if (at == family_.specs.size()) {
      --at;
      if (!is_near(at)) return family_.specs.size();
    }
    while (at < family_.specs.size() && !is_within(at, score_.size())) ++at;
    while (at > 0 && at < family_.specs.size() && is_within(at - 1, score_.size())) --at;
    return at;
  }

  /// As last tried; nothing where the codec refuses the values.
  const std::optional<Tried>& tried(std::size_t at) const { return tried_.at(at); }

 private:
  /// May more samples bring it within the limit?
  bool is_near(std::size_t at) const {
    const std::optional<Tried>& known = tried_.at(at);
    return known && known->badness < kNear;
  }

  bool is_within(std::size_t at, std::size_t count) {
    std::optional<Tried>& known = tried_[at];
    if (!known || known->summary.accuracy.samples != count) known = try_spec(at, count);
    return known && known->badness <= 1;
  }

  std::optional<Tried> try_spec(std::size_t at, std::size_t count) {
    const auto codecs = calibrated_codecs(family_.specs[at], fit_);
    if (!codecs) return std::nullopt;
    const auto results = score_.run(*codecs, 0, count);
    if (!results) return std::nullopt;
    return Tried{summarize_trial(*results), badness_(*results)};
  }

  const CodecFamily& family_;
  const CutTrial& fit_;
  CutTrial& score_;
  const Badness& badness_;
  std::map<std::size_t, std::optional<Tried>> tried_;
};

/// Bytes at a badness of 1, between a codec within the limit and a coarser one beyond it.
double bytes_between(const Tried& within, const std::optional<Tried>& coarser) {
  const double bytes = within.summary.bytes.value;
  if (!coarser || within.badness <= 0 || coarser->summary.bytes.value >= bytes) return bytes;
  const double coarser_bytes = coarser->summary.bytes.value;
  const double share = std::log(coarser->badness) / std::log(coarser->badness / within.badness);
  return coarser_bytes * std::pow(bytes / coarser_bytes, share);
}

}  // namespace

Result<FamilyChoice> try_family(const CodecFamily& family, CutTrial& fit, CutTrial& score,
                                const Badness& badness) {
  FamilyChoice choice{family.name, "", {}, std::numeric_limits<double>::infinity()};
  Climb climb(family, fit, score, badness);
  std::size_t within = climb.find(std::min(score.size(), kFirstSamples));
  within = climb.walk(within);
  if (within == family.specs.size()) return choice;
  const Tried& best = *climb.tried(within);
  choice.spec = family.specs[within];
  choice.summary = best.summary;
  choice.bytes_at_limit =
      bytes_between(best, within > 0 ? climb.tried(within - 1) : std::optional<Tried>());
  return choice;
}

}  // namespace cleave::study
