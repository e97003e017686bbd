#include "codec/feature_basis.h"

#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/base64.h"

namespace cleave::codec {
namespace {

constexpr std::string_view kPlace = "codec.cleave";
constexpr int kCompression = 19;
/// Largest number of channels and of the matrix's entries that a basis may have, and of bytes that
/// its arrays may take: what a hostile one may cost.
constexpr int kMaxChannels = 1 << 20;
constexpr std::size_t kMaxEntries = 1 << 17;
constexpr std::size_t kMaxArrayBytes = std::size_t{16} << 20;

/// A matrix of `rows` × `columns`, row by row, as `columns` × `rows`. Stored by component, whose
/// entries are alike, it compresses better.
std::vector<std::int8_t> transposed(const std::vector<std::int8_t>& matrix, int rows, int columns) {
  std::vector<std::int8_t> result(matrix.size());
  if (matrix.empty()) return result;
  for (std::ptrdiff_t r = 0; r < rows; ++r)
    for (std::ptrdiff_t c = 0; c < columns; ++c) result[c * rows + r] = matrix[r * columns + c];
  return result;
}

/// Arrays of a basis one behind the other, lowest byte first.
class Writer {
 public:
  template <class T>
  void put(const T& values) {
    for (const auto value : values) {
      std::array<std::byte, sizeof value> bytes;
      std::memcpy(bytes.data(), &value, sizeof value);
      bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
  }

  std::string compressed() const {
    Bytes out(ZSTD_compressBound(bytes_.size()));
    out.resize(ZSTD_compress(out.data(), out.size(), bytes_.data(), bytes_.size(), kCompression));
    return to_base64(out);
  }

 private:
  Bytes bytes_;
};

class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(std::move(bytes)) {}

  std::size_t left() const { return bytes_.size() - at_; }

  /// Fills all of `values`; false where too little is left.
  template <class T>
  bool get(T& values) {
    const std::size_t size = values.size() * sizeof(values[0]);
    if (size > left()) return false;
    if (size > 0) std::memcpy(values.data(), bytes_.data() + at_, size);
    at_ += size;
    return true;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

Result<Bytes> decompress(const std::string& text) {
  const Bytes packed = CLEAVE_TRY(from_base64(text));
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size > kMaxArrayBytes)
    return fail(
        ErrorCode::kCorrupt, kPlace,
        "arrays of an unknown size or more than " + std::to_string(kMaxArrayBytes) + " bytes");
  Bytes bytes(static_cast<std::size_t>(size));
  const std::size_t read =
      ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (read != bytes.size())
    return fail(ErrorCode::kCorrupt, kPlace, "arrays do not decompress to what they say");
  return bytes;
}

std::unexpected<Error> contradiction(const std::string& what) {
  return fail(ErrorCode::kCorrupt, kPlace, "a calibration " + what);
}

Result<void> check_numbers(const FeatureBasis& basis) {
  const auto finite = [](float v) { return std::isfinite(v); };
  if (basis.channels < 1 || basis.channels > kMaxChannels)
    return contradiction("for " + std::to_string(basis.channels) + " channels");
  if (basis.components < 1 || basis.components > basis.channels)
    return contradiction("of " + std::to_string(basis.components) + " components for " +
                         std::to_string(basis.channels) + " channels");
  if (basis.block < 1 || basis.block > kMaxBlock)
    return contradiction("with blocks of " + std::to_string(basis.block));
  if (!finite(basis.scale) || basis.scale <= 0 || (basis.low && !finite(*basis.low)))
    return contradiction("whose scale or least value is not finite");
  if (!finite(basis.bit_price) || basis.bit_price < 0)
    return contradiction("with a price of a bit of " + std::to_string(basis.bit_price) +
                         ", expected 0 or more");
  return {};
}

Result<void> read_arrays(const std::string& text, bool has_matrix, std::size_t state_bytes,
                         FeatureBasis& basis) {
  Reader reader(CLEAVE_TRY(decompress(text)));
  basis.mean.resize(static_cast<std::size_t>(basis.channels));
  basis.gain.resize(static_cast<std::size_t>(basis.components));
  const std::size_t entries = has_matrix ? basis.mean.size() * basis.gain.size() : 0;
  if (entries > kMaxEntries)
    return contradiction("with a matrix of " + std::to_string(entries) +
                         " entries, expected up to " + std::to_string(kMaxEntries));
  basis.matrix.resize(entries);
  basis.fast.component.resize(basis.gain.size());
  std::array<std::uint8_t, 3> weights{};
  basis.state.resize(state_bytes);
  const bool whole =
      reader.get(basis.mean) && reader.get(basis.gain) && reader.get(basis.matrix) &&
      reader.get(basis.band_gain) && reader.get(basis.shrink) && reader.get(basis.fast.component) &&
      reader.get(basis.fast.place) && reader.get(weights) &&
      std::ranges::all_of(basis.fast.shape, [&](auto& odds) { return reader.get(odds); }) &&
      reader.get(basis.state) && reader.left() == 0;
  basis.matrix = transposed(basis.matrix, basis.components, basis.channels);
  if (!whole) return contradiction("whose arrays have another size");
  basis.fast.prior_weight = weights[0];
  basis.fast.past_weight = weights[1];
  basis.fast.above_weight = weights[2];
  for (const std::int8_t place : basis.fast.place)
    if (place > 0) return contradiction("that expects more of a frequency than of the greatest");
  for (const std::uint16_t gain : basis.gain)
    if (gain > 1 << kGainBits) return contradiction("with a gain above 1");
  for (const std::int8_t shrink : basis.shrink)
    if (std::abs(shrink) >= 16)
      return contradiction("that shrinks by " + std::to_string(shrink) +
                           "/16 of a step, expected less than a step");
  for (const float mean : basis.mean)
    if (!std::isfinite(mean)) return contradiction("whose means are not finite");
  for (const std::uint8_t gain : basis.band_gain)
    if (gain == 0) return contradiction("that weighs a frequency with 0");
  return {};
}

/// Steps that a packet's head can say, rising.
Result<std::vector<StepLoss>> read_losses(const Json& json) {
  std::vector<StepLoss> losses;
  if (!json.contains("losses")) return losses;
  for (const Json& entry : json.at("losses")) {
    const bool pair = entry.is_array() && entry.size() == 2 && entry[0].is_number_integer() &&
                      entry[1].is_number();
    const StepLoss loss = pair ? StepLoss{entry[0].get<int>(), entry[1].get<double>()}
                               : StepLoss{kMostStepEighths + 1};
    const bool rises = losses.empty() || loss.step_eighths > losses.back().step_eighths;
    if (loss.step_eighths < kLeastStepEighths || loss.step_eighths > kMostStepEighths || !rises)
      return contradiction("whose losses are not pairs of a rising step and a share");
    losses.push_back(loss);
  }
  return losses;
}

}  // namespace

FeatureBasis FeatureBasis::plain(int channels, int block, float step) {
  FeatureBasis basis;
  basis.channels = basis.components = channels;
  basis.block = block;
  basis.scale =
      std::max(step / (1 << (kFractionBits + kGainBits)), std::numeric_limits<float>::min());
  basis.mean.assign(static_cast<std::size_t>(channels), 0.0F);
  basis.gain.assign(static_cast<std::size_t>(channels), 1 << kGainBits);
  basis.band_gain.fill(kUnitBandGain);
  basis.fast = FastPriors::plain(channels, block);
  return basis;
}

Result<int> coarsest_step(const FeatureBasis& basis, double loss_share) {
  if (basis.losses.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "target_loss asks for a step by its loss, and the calibration has no losses");
  const auto above = std::ranges::find_if(
      basis.losses, [&](const StepLoss& loss) { return loss.loss_share > loss_share; });
  if (above != basis.losses.begin()) return std::prev(above)->step_eighths;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "target_loss is " + std::to_string(loss_share) +
                  ", the least that the calibration knows is " +
                  std::to_string(basis.losses.front().loss_share));
}

Json to_json(const FeatureBasis& basis) {
  Json losses = Json::array();
  for (const StepLoss& loss : basis.losses) losses.push_back({loss.step_eighths, loss.loss_share});
  Writer arrays;
  arrays.put(basis.mean);
  arrays.put(basis.gain);
  arrays.put(transposed(basis.matrix, basis.channels, basis.components));
  arrays.put(basis.band_gain);
  arrays.put(basis.shrink);
  arrays.put(basis.fast.component);
  arrays.put(basis.fast.place);
  arrays.put(std::array{basis.fast.prior_weight, basis.fast.past_weight, basis.fast.above_weight});
  for (const auto& odds : basis.fast.shape) arrays.put(odds);
  arrays.put(basis.state);
  return {{"axis", basis.axis == ChannelAxis::kLast ? "last" : "before_plane"},
          {"channels", basis.channels},
          {"components", basis.components},
          {"block", basis.block},
          {"scale", basis.scale},
          {"low", basis.low ? Json(*basis.low) : Json()},
          {"bit_price", basis.bit_price},
          {"matrix", !basis.matrix.empty()},
          {"state_bytes", basis.state.size()},
          {"losses", losses},
          {"arrays", arrays.compressed()}};
}

Result<FeatureBasis> feature_basis_from_json(const Json& json) {
  FeatureBasis basis;
  const auto axis = CLEAVE_TRY(json_get<std::string>(json, "axis", kPlace));
  if (axis != "last" && axis != "before_plane")
    return contradiction("with axis '" + axis + "', expected last or before_plane");
  basis.axis = axis == "last" ? ChannelAxis::kLast : ChannelAxis::kBeforePlane;
  basis.channels = CLEAVE_TRY(json_get<int>(json, "channels", kPlace));
  basis.components = CLEAVE_TRY(json_get<int>(json, "components", kPlace));
  basis.block = CLEAVE_TRY(json_get<int>(json, "block", kPlace));
  basis.scale = CLEAVE_TRY(json_get<float>(json, "scale", kPlace));
  basis.bit_price = CLEAVE_TRY(json_get<float>(json, "bit_price", kPlace));
  if (json.contains("low") && !json.at("low").is_null())
    basis.low = CLEAVE_TRY(json_get<float>(json, "low", kPlace));
  const auto has_matrix = CLEAVE_TRY(json_get<bool>(json, "matrix", kPlace));
  const auto state_bytes = CLEAVE_TRY(json_get<std::size_t>(json, "state_bytes", kPlace));
  basis.losses = CLEAVE_TRY(read_losses(json));
  CLEAVE_CHECK(check_numbers(basis));
  if (!has_matrix && basis.components != basis.channels)
    return contradiction("without a matrix of fewer components than channels");
  const std::size_t expected = CoefficientModel::state_bytes({basis.components, 1, 1, basis.block});
  if (state_bytes != 0 && state_bytes != expected)
    return contradiction("with a state of " + std::to_string(state_bytes) + " bytes, expected " +
                         std::to_string(expected));
  CLEAVE_CHECK(read_arrays(CLEAVE_TRY(json_get<std::string>(json, "arrays", kPlace)), has_matrix,
                           state_bytes, basis));
  return basis;
}

}  // namespace cleave::codec
