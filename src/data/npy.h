#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"
#include "base/tensor.h"

/// NumPy's .npy files, versions 1.0 to 3.0: little-endian, C order, the dtypes that NumPy has of
/// ours (all but bf16). Thread-safe.
namespace cleave::data {

/// Bytes that the tensor of one file may have unless the caller says otherwise: 1 GiB.
inline constexpr std::size_t kMaxNpyBytes = std::size_t{1} << 30;

/// Reads a whole file's bytes, which may be hostile; nothing larger than `max_tensor_bytes` is
/// allocated. Errors: kNotThisFormat, kNeedMoreBytes, kCorrupt, kResourceExhausted; kUnsupported
/// for big-endian or Fortran-ordered arrays and for structured or other foreign dtypes.
Result<Tensor> parse_npy(std::span<const std::byte> file,
                         std::size_t max_tensor_bytes = kMaxNpyBytes);
Result<Tensor> read_npy(const std::filesystem::path& path,
                        std::size_t max_tensor_bytes = kMaxNpyBytes);

/// The file of a tensor, version 1.0. Error: kUnsupported for bf16 and for a rank over 64.
Result<std::string> format_npy(const Tensor& tensor);
/// Writes it whole or not at all.
Result<void> write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace cleave::data
