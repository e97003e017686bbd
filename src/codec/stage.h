#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "base/spec.h"
#include "base/tensor.h"

/// What a codec is made of. docs/add-a-codec.md walks through adding a stage.
namespace cleave::codec {

/// What a block of memory between two stages holds.
enum class Kind {
  kValues,      ///< the tensor as it was given
  kHalves,      ///< its values as f16
  kFeatures,    ///< its values as unsigned integers of a whole number of bytes
  kPacked,      ///< bytes of a known number, not to be interpreted further
  kImage,       ///< a grey picture of 8 bits, shape {height, width}
  kCompressed,  ///< bytes of an unknown number; the shape's one dimension is their largest
};

/// Kind, type and shape of the memory between two stages: all that is known without the data.
struct Layout {
  Kind kind = Kind::kValues;
  DType dtype = DType::kF32;
  Shape shape;
  /// Bytes that the stages so far keep beside the data, at the start of the payload.
  std::size_t side_bytes = 0;
};

/// True for what the stages for floats leave alone: values that are integers or booleans.
inline bool passes_over(const Layout& layout) {
  return layout.kind == Kind::kValues && !is_floating(layout.dtype);
}

/// "f32 values", "an image", …: for errors.
std::string describe(const Layout& layout);
/// The error of a stage that cannot follow what came before it.
std::unexpected<Error> wrong_order(std::string_view stage, std::string_view takes,
                                   const Layout& found);

/// One step of a codec. Thread safety: immutable.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string_view name() const = 0;
  /// Turns the layout before the stage into the one after it. False when the memory stays as it is,
  /// and encode() and decode() must not be called. Errors: kInvalidArgument for a layout that the
  /// stage cannot take, kUnsupported for one that is too large for its format.
  virtual Result<bool> plan(Layout& layout) const = 0;
  /// Codes `in`, which has layout `before`; appends to `side` as many bytes as plan() promised.
  virtual Result<Tensor> encode(std::span<const std::byte> in, const Layout& before,
                                Bytes& side) const = 0;
  /// Undoes encode(): gives a tensor of exactly the layout `before`. `in` may be hostile in content
  /// and, for Kind::kCompressed, in length.
  virtual Result<Tensor> decode(std::span<const std::byte> in, const Layout& before,
                                std::span<const std::byte> side) const = 0;
  /// Bytes of the longest beginning of an encoded `in` that has at most `most` and can be decoded,
  /// to something coarser; 0: there is none.
  virtual std::size_t trimmed(std::span<const std::byte> in, const Layout& /*before*/,
                              std::size_t most) const {
    return in.size() <= most ? in.size() : 0;
  }
};

/// A key of a stage: its default and what it may be, written as "minmax|sigma3", "1..8|16" or
/// "none|size" (builtin_stages.cpp says which words stand for numbers).
struct Setting {
  std::string_view key;
  std::string_view fallback;
  std::string_view choices;
  /// Came when packets had been written without it: left out of the canonical spelling at its
  /// default, so that theirs, and the ids made of it, stay what they were.
  bool later = false;
};

/// A row of the table of stages.
struct StageKind {
  std::string_view name;
  std::string_view help;
  /// Raised when the stage's bytes change.
  std::uint8_t version;
  bool lossless;
  std::span<const Setting> settings;
  /// `spec` is canonical; `calibration` is the stage's own or null.
  Result<std::unique_ptr<const Stage>> (*make)(const Spec& spec, const Json& calibration);
  /// What `make` wants to know of the tensors to come, or null; no function where that is nothing,
  /// ever.
  Result<Json> (*calibrate)(const Spec& spec, std::span<const Tensor> samples);
};

/// Every stage there is. The one place to add one.
std::span<const StageKind> builtin_stages();

/// The stage with its settings checked against the table and spelled out, but for those that came
/// later and are at their default.
/// Errors: kInvalidArgument, listing the known names, keys or values.
Result<Spec> canonical_stage(const Spec& spec);
/// The row of a name. Error: kInvalidArgument, listing the known names.
Result<const StageKind*> find_stage(std::string_view name);

}  // namespace cleave::codec
