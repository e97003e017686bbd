#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "codec/codec.h"
#include "engine/engine.h"

namespace cleave::bundle {

/// One run of a cut network, kept so that loading can tell whether the halves still do what they
/// did.
struct CheckVector {
  std::vector<Tensor> inputs;        ///< in the order of Manifest::inputs
  std::vector<Tensor> head_outputs;  ///< in the order of CutEntry::head_outputs
  std::vector<Tensor> crossing;  ///< in the order of CutEntry::crossing, after coding and decoding
  std::vector<Tensor> tail_outputs;  ///< in the order of CutEntry::tail_outputs
};

/// A split on disk: manifest, the whole network, and per cut both halves and a check vector.
/// Immutable once loaded and thread-safe; it holds the manifest, files are read when asked for.
/// Copies share what they know of the files (the weights are looked at once, by whoever comes
/// first).
class Bundle {
 public:
  /// Reads and checks the manifest. Networks are checked when they are read.
  static Result<Bundle> load(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const Manifest& manifest() const { return manifest_; }
  const CutEntry& default_cut() const { return manifest_.cuts.front(); }
  /// The cut of this id; an error lists the ids there are.
  Result<const CutEntry*> find_cut(std::string_view id) const;

  /// A network of the manifest as ONNX with its weights inside. It and the weights must have the
  /// manifest's SHA-256; the weights are looked at once.
  Result<std::string> network(const FileEntry& file) const;
  Result<CheckVector> check_vector(const CutEntry& cut) const;

 private:
  struct Weights;
  Bundle(std::filesystem::path folder, Manifest manifest);
  Result<std::string> read(const FileEntry& file) const;

  std::filesystem::path folder_;
  Manifest manifest_;
  std::shared_ptr<Weights> weights_;
};

/// Is this path a bundle (a folder with a manifest) rather than a model file?
bool is_bundle(const std::filesystem::path& path);

/// Runs the half and compares with the check vector, within a tolerance by dtype and precision.
/// kCorrupt names the value that differs and by how much.
Result<void> verify_head(engine::Session& head, const CutEntry& cut, const Manifest& manifest,
                         const CheckVector& check, engine::Precision precision);
Result<void> verify_tail(engine::Session& tail, const CutEntry& cut, const CheckVector& check,
                         engine::Precision precision);

/// Codes the values that cross a cut. Immutable and thread-safe.
class CutCodec {
 public:
  static Result<CutCodec> create(const CutEntry& cut);

  /// One bound packet per value; `values` in the order of CutEntry::crossing.
  Result<std::vector<std::string>> encode(std::span<const Tensor* const> values) const;
  /// The values of packets from outside. Every error names the value it is about.
  Result<std::vector<Tensor>> decode(std::span<const std::string> packets) const;

  std::size_t size() const { return codecs_.size(); }
  std::span<const codec::Codec> codecs() const { return codecs_; }
  std::span<const TensorSpec> values() const { return values_; }

 private:
  CutCodec(std::vector<codec::Codec> codecs, std::vector<TensorSpec> values)
      : codecs_(std::move(codecs)), values_(std::move(values)) {}
  std::vector<codec::Codec> codecs_;
  std::vector<TensorSpec> values_;
};

}  // namespace cleave::bundle
