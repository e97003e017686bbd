#include "train/windows.h"

#include <algorithm>

#include "train/operators.h"

namespace cleave::train {
namespace {

/// Numbers above it make no sense, and their products overflow.
constexpr std::int64_t kMost = std::int64_t{1} << 30;

void check(const char* what, const std::vector<std::int64_t>& found, std::size_t count,
           std::int64_t least) {
  TORCH_CHECK(found.size() == count, found.size(), " ", what, ", expected ", count);
  for (const std::int64_t value : found)
    TORCH_CHECK(value >= least && value <= kMost, what, " of ", found, ", expected ", least, " to ",
                kMost);
}

}  // namespace

Result<Windows> Windows::of(const Node& node) {
  Windows windows{node.integers("strides"), node.integers("dilations"), node.integers("pads"),
                  AutoPad::kNone};
  const std::string word = node.word("auto_pad", "NOTSET");
  if (word == "VALID") {
    windows.auto_pad = AutoPad::kValid;
  } else if (word == "SAME_UPPER") {
    windows.auto_pad = AutoPad::kSameUpper;
  } else if (word == "SAME_LOWER") {
    windows.auto_pad = AutoPad::kSameLower;
  } else if (!word.empty() && word != "NOTSET") {
    return node.unsupported("auto_pad '" + word + "', expected NOTSET, VALID or SAME_…");
  }
  return windows;
}

Windows Windows::for_rank(std::size_t spatial) const {
  Windows full = *this;
  if (full.strides.empty()) full.strides.assign(spatial, 1);
  if (full.dilations.empty()) full.dilations.assign(spatial, 1);
  if (full.pads.empty()) full.pads.assign(2 * spatial, 0);
  check("strides", full.strides, spatial, 1);
  check("dilations", full.dilations, spatial, 1);
  check("pads", full.pads, 2 * spatial, -kMost);
  return full;
}

std::vector<std::int64_t> Windows::pads_for(at::IntArrayRef spatial, at::IntArrayRef kernel) const {
  const std::size_t rank = spatial.size();
  if (auto_pad == AutoPad::kNone) return pads;
  std::vector<std::int64_t> result(2 * rank, 0);
  if (auto_pad == AutoPad::kValid) return result;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t reach = (kernel[i] - 1) * dilations[i] + 1;
    const std::int64_t out = (spatial[i] + strides[i] - 1) / strides[i];
    const std::int64_t total =
        std::max<std::int64_t>(0, (out - 1) * strides[i] + reach - spatial[i]);
    const std::int64_t less = total / 2;
    result[i] = auto_pad == AutoPad::kSameUpper ? less : total - less;
    result[rank + i] = total - result[i];
  }
  return result;
}

bool is_symmetric(const std::vector<std::int64_t>& pads) {
  return std::equal(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2),
                    pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2));
}

std::vector<std::int64_t> begins_of(const std::vector<std::int64_t>& pads) {
  return {pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2)};
}

std::vector<std::int64_t> padded_shape(const at::Tensor& x, const std::vector<std::int64_t>& pads) {
  std::vector<std::int64_t> shape = x.sizes().vec();
  const std::size_t rank = pads.size() / 2;
  for (std::size_t i = 0; i < rank; ++i) shape.at(2 + i) += pads[i] + pads[rank + i];
  return shape;
}

at::Tensor padded(const at::Tensor& x, const std::vector<std::int64_t>& pads, double value) {
  if (std::ranges::all_of(pads, [](std::int64_t p) { return p == 0; })) return x;
  // Of one row: how many come is up to who calls.
  const std::vector<std::int64_t> shape = padded_shape(x, pads);
  check_size(at::IntArrayRef(shape).slice(1));
  // libtorch begins at the last axis.
  std::vector<std::int64_t> theirs;
  const std::size_t rank = pads.size() / 2;
  for (std::size_t i = rank; i-- > 0;) {
    theirs.push_back(pads[i]);
    theirs.push_back(pads[rank + i]);
  }
  return at::constant_pad_nd(x, theirs, value);
}

}  // namespace cleave::train
