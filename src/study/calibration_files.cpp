#include "study/calibration_files.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/checksum.h"
#include "base/file.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.calibrations";
namespace fs = std::filesystem;

struct Calibration {
  std::string path;
  Json json;
};

Result<Calibration> read(const std::string& path) {
  return Calibration{path, CLEAVE_TRY(parse_json(CLEAVE_TRY(read_file(path)), path))};
}

bool is_calibration(const Json& json) {
  return json.is_object() && json.value("format", Json()) == codec::kCalibrationFormat;
}

/// A folder's calibrations, by name.
Result<std::vector<Calibration>> read_folder(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().extension() == ".json") paths.push_back(entry->path().string());
  if (error)
    return fail(ErrorCode::kIo, kPlace, "cannot list '" + folder + "': " + error.message());
  std::ranges::sort(paths);
  std::vector<Calibration> found;
  for (const std::string& path : paths) {
    Calibration calibration = CLEAVE_TRY(read(path));
    if (is_calibration(calibration.json)) found.push_back(std::move(calibration));
  }
  if (!found.empty()) return found;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "folder '" + folder + "' has no calibration, expected .json files of format '" +
                  std::string(codec::kCalibrationFormat) + "'");
}

/// The same value, as far as its type is known.
bool fits(const TensorSpec& calibrated, const TensorSpec& known) {
  const auto same = [](std::int64_t a, std::int64_t b) { return a == b || a < 0 || b < 0; };
  return calibrated.dtype == known.dtype && std::ranges::equal(calibrated.shape, known.shape, same);
}

std::string words_of(const TensorSpec& value) {
  return "'" + value.name + "' " + std::string(dtype_name(value.dtype)) + " " +
         shape_text(value.shape);
}

/// The network that calibrations are held to.
class Network {
 public:
  static Result<Network> create(const graph::Model& model) {
    Network network;
    const std::string bytes = CLEAVE_TRY(model.to_bytes());
    network.sha256_ = sha256_hex(as_bytes(bytes));
    for (const graph::Cut& cut : model.cuts())
      for (const TensorSpec& value : cut.values) network.crossing_.emplace(value.name, value);
    return network;
  }

  Result<void> check_model(const Json& json) const {
    if (!json.contains("model_sha256")) return {};
    const auto sha256 = CLEAVE_TRY(json_get<std::string>(json, "model_sha256", kPlace));
    if (sha256 == sha256_) return {};
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "calibrated for another network (" + sha256.substr(0, 12) +
                    "…), this one has SHA-256 " + sha256_.substr(0, 12) + "…: calibrate it again");
  }

  Result<void> check_value(const TensorSpec& value) const {
    const auto known = crossing_.find(value.name);
    if (known == crossing_.end())
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "calibrated for value '" + value.name +
                      "', which crosses no cut of this network: is it of another?");
    if (fits(value, known->second)) return {};
    return fail(
        ErrorCode::kInvalidArgument, kPlace,
        "calibrated for " + words_of(value) + ", this network's is " + words_of(known->second));
  }

 private:
  std::string sha256_;
  std::map<std::string, TensorSpec> crossing_;
};

Result<std::vector<codec::CalibratedValue>> values_of(const Network& network, const Json& json) {
  auto values = CLEAVE_TRY(codec::calibrated_values_from_json(json));
  CLEAVE_CHECK(network.check_model(json));
  for (const codec::CalibratedValue& value : values) CLEAVE_CHECK(network.check_value(value.value));
  return values;
}

}  // namespace

Result<std::vector<codec::CalibratedValue>> load_calibrations(const graph::Model& model,
                                                              std::span<const std::string> paths) {
  std::vector<codec::CalibratedValue> all;
  if (paths.empty()) return all;
  const Network network = CLEAVE_TRY(Network::create(model));
  std::vector<Calibration> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(CLEAVE_TRY(read(path)));
      continue;
    }
    for (Calibration& file : CLEAVE_TRY(read_folder(path))) files.push_back(std::move(file));
  }
  std::map<std::string, std::string> where;
  for (const Calibration& file : files) {
    for (codec::CalibratedValue& value :
         CLEAVE_TRY(about("'" + file.path + "'", values_of(network, file.json)))) {
      const auto [first, is_new] = where.emplace(value.value.name, file.path);
      if (!is_new)
        return fail(ErrorCode::kInvalidArgument, kPlace,
                    "value '" + value.value.name + "' is calibrated in '" + first->second +
                        "' and in '" + file.path + "', expected one of them");
      all.push_back(std::move(value));
    }
  }
  return all;
}

}  // namespace cleave::study
