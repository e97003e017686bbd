#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "codec/stage.h"

/// What codecs of single tensors and of streams are made of.
namespace cleave::codec {

/// A stage that works on the tensor at hand, with the layouts around it.
struct Step {
  const Stage* stage;
  Layout before;
  Layout after;
};

/// The stages of a spec, joined. Thread safety: immutable.
struct Chain {
  std::string spec;
  Json calibration = Json::object();
  std::vector<Spec> stage_specs;
  std::vector<std::unique_ptr<const Stage>> stages;
  std::vector<std::uint8_t> versions;
  std::uint32_t id = 0;
  bool lossless = true;

  /// Arguments and errors are those of Codec::create().
  static Result<Chain> create(std::string_view spec, const Json& calibration);

  /// The steps for one type and shape; the last layout is that of the payload's data.
  Result<std::vector<Step>> steps(DType dtype, const Shape& shape, Layout& last) const;
};

/// The stages of a spec, spelled out. Features come from quantising, so tiling implies it.
Result<std::vector<Spec>> canonical_stages(std::string_view text);

std::size_t layout_bytes(const Layout& layout);

/// kResourceExhausted for a tensor of more bytes than the caller allows.
Result<void> check_tensor_size(DType dtype, const Shape& shape, std::size_t max_tensor_bytes);

/// Runs one step or more over `data`; what they keep beside it is appended to `side`.
Result<Tensor> run(std::span<const Step> steps, std::span<const std::byte> data, Bytes& side);

/// Undoes run(), given all that the steps kept, from the first stage on.
Result<Tensor> run_back(std::span<const Step> steps, std::span<const std::byte> data,
                        std::span<const std::byte> side);

}  // namespace cleave::codec
