#include "study/codec_families.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

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

Result<FamilyChoice> try_family(const CodecFamily& family, CutTrial& fit, CutTrial& score,
                                const Badness& badness) {
  FamilyChoice choice{family.name, "", {}, std::numeric_limits<double>::infinity()};
  double coarser_bytes = 0;
  double coarser_badness = 0;
  for (const std::string& spec : family.specs) {
    const auto codecs = calibrated_codecs(spec, fit);
    if (!codecs) continue;
    const auto results = score.run(*codecs);
    if (!results) continue;
    const TrialSummary summary = summarize_trial(*results);
    const double found = badness(*results);
    if (found <= 1) {
      choice.spec = spec;
      choice.summary = summary;
      choice.bytes_at_limit = summary.bytes.value;
      if (coarser_bytes > 0 && found > 0 && coarser_bytes < summary.bytes.value) {
        const double share = std::log(coarser_badness) / std::log(coarser_badness / found);
        choice.bytes_at_limit =
            coarser_bytes * std::pow(summary.bytes.value / coarser_bytes, share);
      }
      return choice;
    }
    coarser_bytes = summary.bytes.value;
    coarser_badness = found;
  }
  return choice;
}

}  // namespace cleave::study
