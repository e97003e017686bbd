#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/tensor.h"

namespace cleave::data {

/// Reads the bytes of an IDX file, the format of MNIST and its successors: two zeros, the element
/// type, the rank, each dimension as a big-endian u32, the elements. Unsigned bytes alone, rank 1
/// to 4. Bytes may be hostile: the length that the header tells must be the file's, before anything
/// is allocated. Errors: kNotThisFormat, kNeedMoreBytes, kCorrupt; kUnsupported for other elements.
/// Thread-safe.
Result<Tensor> parse_idx(std::span<const std::byte> file);

}  // namespace cleave::data
