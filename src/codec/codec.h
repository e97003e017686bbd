#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "base/tensor.h"

namespace cleave::codec {

/// Bytes that a decoded tensor may have unless the caller says otherwise: 256 MiB.
inline constexpr std::size_t kMaxTensorBytes = std::size_t{256} << 20;

struct Chain;

/// Turns tensors into bytes and back: a chain of stages chosen by a spec string such as
/// "quant:bits=4,range=sigma3|zstd:level=3" (builtin_stages() lists the stages).
///
/// What a stage cannot code passes it untouched: stages for floats pass over integers and booleans,
/// and a tensor without elements is no bytes at all. A u8 tensor is tiled without quantising.
///
/// Thread safety: immutable; any number of threads may use one codec. Copies share the stages,
/// which is why they are held by shared_ptr.
class Codec {
 public:
  /// `calibration` is what calibrate() returned for this spec, or nothing. Without it a stage that
  /// could have used it measures each tensor, and its findings travel in the payload.
  /// Errors: kInvalidArgument for an unknown stage, key or value (listing the known ones), for
  /// stages in an order that makes no sense, and for a calibration that is not this spec's.
  static Result<Codec> create(std::string_view spec, const Json& calibration = {});

  /// Measures over `samples` (all tensors of one cut value) what the spec's stages want to know:
  /// mean and standard deviation for range=sigma3, the order of channels for order=similar. An
  /// empty object where nothing is wanted. Errors: those of create(); kInvalidArgument for values
  /// that are not finite, or for none at all.
  static Result<Json> calibrate(std::string_view spec, std::span<const Tensor> samples);

  /// The canonical spelling: every stage with its settings, implied stages included. A setting that
  /// came after the stage's first packets is left out at its default.
  const std::string& spec() const;
  /// The calibration it was created with; an empty object if none.
  const Json& calibration() const;
  /// Format version of each stage, in the order of spec().
  std::vector<std::uint8_t> stage_versions() const;
  /// CRC-32C over spec, format versions and calibration: codecs with one id read each other's
  /// payloads.
  std::uint32_t id() const;
  /// True when decode(encode(x)) is x for every tensor.
  bool lossless() const;

  /// The payload of `tensor`. Errors: kInvalidArgument for values that a stage refuses (not finite,
  /// for quant), kUnsupported for sizes that an image format cannot hold.
  Result<Bytes> encode(const Tensor& tensor) const;
  /// The same, appended to `out`; after an error `out` is as it was.
  Result<void> encode_to(const Tensor& tensor, Bytes& out) const;

  /// The tensor of a payload whose type and shape are known. Payloads may be hostile: the result
  /// has at most `max_tensor_bytes`, and working memory is at most eight times that, sixteen where
  /// a u8 tensor becomes a mosaic of twice its size, and a little for pictures of less than a few
  /// blocks. Errors: kCorrupt, kNeedMoreBytes; kResourceExhausted over the limit; kInvalidArgument
  /// for a shape with unknown dimensions.
  Result<Tensor> decode(std::span<const std::byte> payload, DType dtype, const Shape& shape,
                        std::size_t max_tensor_bytes = kMaxTensorBytes) const;

  /// Bytes of the longest beginning of a payload that has at most `max_bytes` and that decode()
  /// takes: less than all where the codec codes in layers, as `cleave:layers=4`. Errors:
  /// kUnsupported where no beginning is so short; as max_payload_bytes().
  Result<std::size_t> trimmed_bytes(std::span<const std::byte> payload, DType dtype,
                                    const Shape& shape, std::size_t max_bytes) const;

  /// No payload of such a tensor is longer. Errors: as encode(), for type and shape alone.
  Result<std::size_t> max_payload_bytes(DType dtype, const Shape& shape) const;

 private:
  explicit Codec(std::shared_ptr<const Chain> chain) : chain_(std::move(chain)) {}
  std::shared_ptr<const Chain> chain_;
};

}  // namespace cleave::codec
