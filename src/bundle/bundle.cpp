#include "bundle/bundle.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "base/checksum.h"
#include "base/file.h"
#include "base/spec.h"
#include "bundle/check_file.h"
#include "codec/packet.h"
#include "graph/shared_weights.h"

namespace cleave::bundle {
namespace {

constexpr std::string_view kPlace = "bundle";
constexpr std::string_view kManifestFile = "bundle.json";
constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{16} << 20;

Result<void> check_specs(std::span<const Tensor> found, std::span<const TensorSpec> expected,
                         std::string_view what, const CutEntry& cut) {
  const auto mismatch = [&](const std::string& detail) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "check vector of cut " + cut.id + ": " + std::string(what) + " " + detail);
  };
  if (found.size() != expected.size()) {
    return mismatch("has " + std::to_string(found.size()) + " tensors, expected " +
                    std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].dtype() != expected[i].dtype) {
      return mismatch("'" + expected[i].name + "' is " + std::string(dtype_name(found[i].dtype())) +
                      ", expected " + std::string(dtype_name(expected[i].dtype)));
    }
  }
  return {};
}

}  // namespace

bool is_bundle(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path / kManifestFile, ignored);
}

/// Whether the file of the weights was found to be the manifest's.
struct Bundle::Weights {
  std::mutex mutex;
  bool sound = false;
};

Bundle::Bundle(std::filesystem::path folder, Manifest manifest)
    : folder_(std::move(folder)),
      manifest_(std::move(manifest)),
      weights_(std::make_shared<Weights>()) {}

Result<Bundle> Bundle::load(const std::filesystem::path& folder) {
  const std::string text = CLEAVE_TRY(read_file(folder / kManifestFile, kMaxManifestBytes));
  const Json json = CLEAVE_TRY(parse_json(text, "bundle.manifest"));
  Manifest manifest = CLEAVE_TRY(manifest_from_json(json));
  for (const CutEntry& cut : manifest.cuts) CLEAVE_CHECK(CutCodec::create(cut));
  return Bundle(folder, std::move(manifest));
}

Result<const CutEntry*> Bundle::find_cut(std::string_view id) const {
  std::vector<std::string> known;
  for (const CutEntry& cut : manifest_.cuts) {
    if (cut.id == id) return &cut;
    known.push_back(cut.id);
  }
  return std::unexpected(unknown_name(kPlace, "cut", id, known));
}

Result<std::string> Bundle::read(const FileEntry& file) const {
  std::string content = CLEAVE_TRY(read_file(folder_ / file.file));
  if (const std::string found = sha256_hex(as_bytes(content)); found != file.sha256) {
    return fail(ErrorCode::kCorrupt, kPlace,
                "'" + (folder_ / file.file).string() + "' has SHA-256 " + found.substr(0, 12) +
                    "…, expected " + file.sha256.substr(0, 12) + "…");
  }
  return content;
}

Result<std::string> Bundle::network(const FileEntry& file) const {
  const std::string bytes = CLEAVE_TRY(read(file));
  if (manifest_.weights) {
    const std::lock_guard lock(weights_->mutex);
    if (!weights_->sound) CLEAVE_CHECK(read(*manifest_.weights));
    weights_->sound = true;
  }
  return about(
      "'" + (folder_ / file.file).string() + "'",
      graph::with_weights_inside(bytes, folder_, manifest_.weights ? manifest_.weights->file : ""));
}

Result<CheckVector> Bundle::check_vector(const CutEntry& cut) const {
  const std::string content = CLEAVE_TRY(read(cut.check));
  CheckVector check = CLEAVE_TRY(parse_check_file(as_bytes(content)));
  std::vector<TensorSpec> crossing;
  for (const CrossingValue& c : cut.crossing) crossing.push_back(c.value);
  CLEAVE_CHECK(check_specs(check.inputs, manifest_.inputs, "inputs", cut));
  CLEAVE_CHECK(check_specs(check.head_outputs, cut.head_outputs, "head outputs", cut));
  CLEAVE_CHECK(check_specs(check.crossing, crossing, "crossing values", cut));
  CLEAVE_CHECK(check_specs(check.tail_outputs, cut.tail_outputs, "tail outputs", cut));
  return check;
}

Result<CutCodec> CutCodec::create(const CutEntry& cut) {
  std::vector<codec::Codec> codecs;
  std::vector<TensorSpec> values;
  for (const CrossingValue& c : cut.crossing) {
    codecs.push_back(CLEAVE_TRY(codec::Codec::create(c.codec, c.calibration)));
    values.push_back(c.value);
  }
  return CutCodec(std::move(codecs), std::move(values));
}

Result<std::vector<std::string>> CutCodec::encode(std::span<const Tensor* const> values) const {
  if (values.size() != codecs_.size()) {
    return fail(
        ErrorCode::kInvalidArgument, kPlace,
        std::to_string(values.size()) + " values, expected " + std::to_string(codecs_.size()));
  }
  std::vector<std::string> packets;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const TensorSpec& expected = values_[i];
    if (values[i]->dtype() != expected.dtype || values[i]->shape() != expected.shape) {
      return fail(ErrorCode::kUnsupported, kPlace,
                  "value '" + expected.name + "' is " +
                      std::string(dtype_name(values[i]->dtype())) + " " +
                      shape_text(values[i]->shape()) + ", expected " +
                      std::string(dtype_name(expected.dtype)) + " " + shape_text(expected.shape) +
                      " as when the bundle was made; cut where shapes do not depend on the input");
    }
    const Bytes packet = CLEAVE_TRY(codec::encode_bound(codecs_[i], *values[i]));
    packets.emplace_back(as_text(packet));
  }
  return packets;
}

Result<std::vector<Tensor>> CutCodec::decode(std::span<const std::string> packets) const {
  if (packets.size() != codecs_.size()) {
    return fail(
        ErrorCode::kInvalidArgument, kPlace,
        std::to_string(packets.size()) + " packets, expected " + std::to_string(codecs_.size()));
  }
  std::vector<Tensor> values;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const TensorSpec& spec = values_[i];
    auto value = codec::decode_bound(codecs_[i], as_bytes(packets[i]), spec.dtype, spec.shape);
    values.push_back(CLEAVE_TRY(about("value '" + spec.name + "'", std::move(value))));
  }
  return values;
}

}  // namespace cleave::bundle
