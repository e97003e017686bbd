#include "study/codec_families.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
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

/// What a codec comes to on the trial that scores.
struct Tried {
  TrialSummary summary;
  double badness = 0;
};

/// Nothing where the codec refuses the values.
std::optional<Tried> try_spec(const std::string& spec, const CutTrial& fit, CutTrial& score,
                              const Badness& badness) {
  const auto codecs = calibrated_codecs(spec, fit);
  if (!codecs) return std::nullopt;
  const auto results = score.run(*codecs);
  if (!results) return std::nullopt;
  return Tried{summarize_trial(*results), badness(*results)};
}

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
  // Finer is nearer: halve the range between a codec beyond the limit and one within.
  std::size_t within = family.specs.size();
  std::size_t beyond = 0;  // specs before this one
  std::optional<Tried> best;
  std::optional<Tried> coarser;
  for (std::size_t at = within - 1; beyond < within; at = (beyond + within) / 2) {
    std::optional<Tried> tried = try_spec(family.specs[at], fit, score, badness);
    if (tried && tried->badness <= 1) {
      best = std::move(tried);
      within = at;
    } else {
      coarser = std::move(tried);
      beyond = at + 1;
    }
  }
  if (!best) return choice;
  choice.spec = family.specs[within];
  choice.bytes_at_limit = bytes_between(*best, coarser);
  choice.summary = std::move(best->summary);
  return choice;
}

}  // namespace cleave::study
