#include "search/candidates.h"

#include <algorithm>

namespace cleave::search {
namespace {

constexpr std::string_view kShrinksPictures = "bottleneck";

bool fits(const graph::Cut& cut, int channels, int stride) {
  const Shape& shape = cut.values.front().shape;
  return channels <= shape[1] && stride <= shape[2] && stride <= shape[3];
}

/// The units of one name: with every stride, or without.
std::vector<int> strides_of(const std::string& unit, const Space& space) {
  return unit == kShrinksPictures ? space.strides : std::vector{1};
}

std::string spec_of(const std::string& unit, int channels, int stride) {
  std::string spec = unit + ":channels=" + std::to_string(channels);
  if (unit == kShrinksPictures) spec += ",stride=" + std::to_string(stride);
  return spec;
}

}  // namespace

std::vector<const graph::Cut*> unit_cuts(const graph::Model& model) {
  std::vector<const graph::Cut*> cuts;
  for (const graph::Cut& cut : model.cuts()) {
    if (!cut.single()) continue;
    const TensorSpec& value = cut.values.front();
    const bool is_picture = value.dtype == DType::kF32 && value.shape.size() == 4 &&
                            value.shape[0] == 1 &&
                            std::ranges::all_of(value.shape, [](auto d) { return d > 0; });
    if (is_picture && cut.index < static_cast<int>(model.layers().size())) cuts.push_back(&cut);
  }
  return cuts;
}

std::vector<const graph::Cut*> stage_ends(const graph::Model& model) {
  std::vector<const graph::Cut*> ends;
  for (const graph::Cut* cut : unit_cuts(model)) {
    const Shape& shape = cut->values.front().shape;
    // A value of one pixel is no picture any more.
    if (shape[2] * shape[3] == 1) continue;
    if (!ends.empty() && ends.back()->values.front().shape == shape) ends.pop_back();
    ends.push_back(cut);
  }
  return ends;
}

std::vector<Candidate> candidates(const Space& space) {
  std::vector<Candidate> all;
  for (const std::string& codec : space.codecs)
    for (const std::string& unit : space.units)
      for (const int stride : strides_of(unit, space))
        for (const int channels : space.channels)
          for (const graph::Cut* cut : space.cuts)
            if (fits(*cut, channels, stride))
              all.push_back({cut->index, spec_of(unit, channels, stride), codec});
  return all;
}

}  // namespace cleave::search
