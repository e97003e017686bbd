#include "bundle/manifest.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/file.h"

namespace cleave::bundle {
namespace {

constexpr std::string_view kPlace = "bundle.manifest";
constexpr std::string_view kFormatPrefix = "cleave-bundle/";
constexpr int kFormatVersion = 2;

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, kPlace, std::move(message));
}

// --- writing
// ---------------------------------------------------------------------------------------

Json value_to_json(const TensorSpec& value) {
  return Json{{"name", value.name}, {"dtype", dtype_name(value.dtype)}, {"shape", value.shape}};
}

Json values_to_json(const std::vector<TensorSpec>& values) {
  Json list = Json::array();
  for (const TensorSpec& value : values) list.push_back(value_to_json(value));
  return list;
}

Json file_to_json(const FileEntry& file) {
  return Json{{"file", file.file}, {"sha256", file.sha256}};
}

Json codec_cost_to_json(const plan::CodecCost& cost) {
  return Json{{"payload_bytes", cost.payload_bytes},
              {"encode_ms", cost.encode_ms},
              {"decode_ms", cost.decode_ms}};
}

Json cut_to_json(const CutEntry& cut) {
  Json crossing = Json::array();
  for (const CrossingValue& c : cut.crossing) {
    Json entry = value_to_json(c.value);
    entry["codec"] = c.codec;
    entry["calibration"] = c.calibration;
    crossing.push_back(entry);
  }
  Json json{{"id", cut.id},
            {"after_layer", cut.after_layer},
            {"crossing", crossing},
            {"head_inputs", values_to_json(cut.head_inputs)},
            {"head_outputs", values_to_json(cut.head_outputs)},
            {"tail_outputs", values_to_json(cut.tail_outputs)},
            {"head", file_to_json(cut.head)},
            {"tail", file_to_json(cut.tail)},
            {"check", file_to_json(cut.check)}};
  if (cut.costs) {
    json["costs"] = Json{{"head_ms", cut.costs->head_ms},
                         {"tail_ms", cut.costs->tail_ms},
                         {"codec", codec_cost_to_json(cut.costs->codec)}};
  }
  if (!cut.unit.empty()) json["unit"] = cut.unit;
  if (cut.accuracy) json["accuracy"] = *cut.accuracy;
  return json;
}

// --- reading
// ---------------------------------------------------------------------------------------

Result<TensorSpec> value_from_json(const Json& json) {
  TensorSpec value;
  value.name = CLEAVE_TRY(json_get<std::string>(json, "name", kPlace));
  const auto dtype = CLEAVE_TRY(json_get<std::string>(json, "dtype", kPlace));
  const auto known = dtype_from_name(dtype);
  if (!known) return corrupt("value '" + value.name + "' has unknown dtype '" + dtype + "'");
  value.dtype = *known;
  const Json shape = CLEAVE_TRY(json_get<Json>(json, "shape", kPlace));
  if (!shape.is_array() || !std::ranges::all_of(shape, json_fits<std::int64_t>)) {
    return corrupt("value '" + value.name + "' has shape " + shape.dump().substr(0, 40) +
                   ", expected a list of whole numbers");
  }
  value.shape = shape.get<Shape>();
  Shape known_dims = value.shape;
  std::ranges::replace(known_dims, -1, 1);
  if (!element_count(known_dims)) {
    return corrupt("value '" + value.name + "' has impossible shape " + shape_text(value.shape));
  }
  return value;
}

Result<Json> list_member(const Json& json, const char* key) {
  Json list = CLEAVE_TRY(json_get<Json>(json, key, kPlace));
  if (!list.is_array())
    return corrupt("member '" + std::string(key) + "' is " + list.type_name() +
                   ", expected an array");
  return list;
}

Result<std::vector<TensorSpec>> values_from_json(const Json& json, const char* key) {
  const Json list = CLEAVE_TRY(list_member(json, key));
  std::vector<TensorSpec> values;
  for (const Json& entry : list) values.push_back(CLEAVE_TRY(value_from_json(entry)));
  return values;
}

Result<FileEntry> file_from_json(const Json& json, const char* key) {
  const Json entry = CLEAVE_TRY(json_get<Json>(json, key, kPlace));
  FileEntry file;
  file.file = CLEAVE_TRY(json_get<std::string>(entry, "file", kPlace));
  file.sha256 = CLEAVE_TRY(json_get<std::string>(entry, "sha256", kPlace));
  if (!is_file_name(file.file)) {
    return corrupt("'" + file.file + "' is not the name of a file in the bundle's folder");
  }
  if (file.sha256.size() != 64) {
    return corrupt("the sha256 of '" + file.file + "' has " + std::to_string(file.sha256.size()) +
                   " characters, expected 64");
  }
  return file;
}

/// A finite number, so that costs can be compared.
Result<double> at_least(const Json& json, const char* key, double least) {
  const auto value = CLEAVE_TRY(json_get<double>(json, key, kPlace));
  if (std::isfinite(value) && value >= least) return value;
  return corrupt("member '" + std::string(key) + "' is " + json[key].dump() + ", expected " +
                 std::to_string(static_cast<int>(least)) + " or more");
}

Result<plan::CodecCost> codec_cost_from_json(const Json& json, const char* key) {
  const Json entry = CLEAVE_TRY(json_get<Json>(json, key, kPlace));
  plan::CodecCost cost;
  cost.payload_bytes = CLEAVE_TRY(at_least(entry, "payload_bytes", 0));
  cost.encode_ms = CLEAVE_TRY(at_least(entry, "encode_ms", 0));
  cost.decode_ms = CLEAVE_TRY(at_least(entry, "decode_ms", 0));
  return cost;
}

Result<CrossingValue> crossing_from_json(const Json& json) {
  CrossingValue crossing;
  crossing.value = CLEAVE_TRY(value_from_json(json));
  crossing.codec = CLEAVE_TRY(json_get<std::string>(json, "codec", kPlace));
  crossing.calibration = CLEAVE_TRY(json_get<Json>(json, "calibration", kPlace));
  return crossing;
}

bool has_value(const std::vector<TensorSpec>& values, std::string_view name) {
  return std::ranges::find(values, name, &TensorSpec::name) != values.end();
}

/// Every value that someone takes must be made by someone.
Result<void> check_cut(const CutEntry& cut, const Manifest& m) {
  const auto nobody_makes = [&](const std::string& name) {
    return corrupt("cut " + cut.id + ": nobody makes value '" + name + "'");
  };
  for (const TensorSpec& in : cut.head_inputs) {
    if (!has_value(m.inputs, in.name)) return nobody_makes(in.name);
  }
  for (const CrossingValue& c : cut.crossing) {
    if (!has_value(m.inputs, c.value.name) && !has_value(cut.head_outputs, c.value.name)) {
      return nobody_makes(c.value.name);
    }
  }
  for (const TensorSpec& out : m.outputs) {
    if (!has_value(cut.tail_outputs, out.name) && !has_value(cut.head_outputs, out.name)) {
      return nobody_makes(out.name);
    }
  }
  if (cut.crossing.empty())
    return corrupt("cut " + cut.id + " has no crossing values, expected one or more");
  return {};
}

Result<std::optional<double>> accuracy_from_json(const Json& json) {
  if (!json.contains("accuracy")) return std::nullopt;
  const auto accuracy = CLEAVE_TRY(json_get<double>(json, "accuracy", kPlace));
  if (accuracy >= 0 && accuracy <= 1) return accuracy;
  return corrupt("an accuracy is " + std::to_string(accuracy) + ", expected 0 to 1");
}

Result<CutEntry> cut_from_json(const Json& json) {
  CutEntry cut;
  cut.id = CLEAVE_TRY(json_get<std::string>(json, "id", kPlace));
  cut.after_layer = CLEAVE_TRY(json_get<std::string>(json, "after_layer", kPlace));
  const Json crossing = CLEAVE_TRY(list_member(json, "crossing"));
  for (const Json& entry : crossing) cut.crossing.push_back(CLEAVE_TRY(crossing_from_json(entry)));
  cut.head_inputs = CLEAVE_TRY(values_from_json(json, "head_inputs"));
  cut.head_outputs = CLEAVE_TRY(values_from_json(json, "head_outputs"));
  cut.tail_outputs = CLEAVE_TRY(values_from_json(json, "tail_outputs"));
  cut.head = CLEAVE_TRY(file_from_json(json, "head"));
  cut.tail = CLEAVE_TRY(file_from_json(json, "tail"));
  cut.check = CLEAVE_TRY(file_from_json(json, "check"));
  if (json.contains("costs")) {
    const Json& entry = json["costs"];
    CutCosts costs;
    costs.head_ms = CLEAVE_TRY(at_least(entry, "head_ms", 0));
    costs.tail_ms = CLEAVE_TRY(at_least(entry, "tail_ms", 0));
    costs.codec = CLEAVE_TRY(codec_cost_from_json(entry, "codec"));
    cut.costs = costs;
  }
  if (json.contains("unit")) cut.unit = CLEAVE_TRY(json_get<std::string>(json, "unit", kPlace));
  cut.accuracy = CLEAVE_TRY(accuracy_from_json(json));
  return cut;
}

Result<WholeCosts> whole_costs_from_json(const Json& json) {
  WholeCosts costs;
  costs.device_ms = CLEAVE_TRY(at_least(json, "device_ms", 0));
  costs.device_slowdown = CLEAVE_TRY(at_least(json, "emulated_slowdown", 1));
  costs.cloud_ms = CLEAVE_TRY(at_least(json, "cloud_ms", 0));
  costs.input = CLEAVE_TRY(codec_cost_from_json(json, "input"));
  if (json.contains("picture"))
    costs.picture = CLEAVE_TRY(json_get<std::string>(json, "picture", kPlace));
  return costs;
}

Result<void> check_format(const Json& json) {
  const auto format = CLEAVE_TRY(json_get<std::string>(json, "format", kPlace));
  const std::string expected = std::string(kFormatPrefix) + std::to_string(kFormatVersion);
  if (format == expected) return {};
  const bool newer = format.starts_with(kFormatPrefix);
  return fail(newer ? ErrorCode::kUnsupported : ErrorCode::kNotThisFormat, kPlace,
              "format is '" + format + "', expected '" + expected + "'");
}

}  // namespace

std::string whole_model_name(const Manifest& manifest) {
  return manifest.model_name == manifest.name ? manifest.name + "@whole" : manifest.model_name;
}

Json to_json(const Manifest& m) {
  Json cuts = Json::array();
  for (const CutEntry& cut : m.cuts) cuts.push_back(cut_to_json(cut));
  Json json{{"format", std::string(kFormatPrefix) + std::to_string(kFormatVersion)},
            {"name", m.name},
            {"model_name", m.model_name},
            {"model", file_to_json(m.model)},
            {"model_sha256", m.model_sha256},
            {"inputs", values_to_json(m.inputs)},
            {"outputs", values_to_json(m.outputs)},
            {"preprocess", m.preprocess},
            {"labels", m.labels},
            {"cuts", cuts}};
  if (m.costs) {
    json["costs"] = Json{{"device_ms", m.costs->device_ms},
                         {"emulated_slowdown", m.costs->device_slowdown},
                         {"cloud_ms", m.costs->cloud_ms},
                         {"input", codec_cost_to_json(m.costs->input)}};
    if (!m.costs->picture.empty()) json["costs"]["picture"] = m.costs->picture;
  }
  if (m.weights) json["weights"] = file_to_json(*m.weights);
  if (m.accuracy) json["accuracy"] = *m.accuracy;
  return json;
}

Result<Manifest> manifest_from_json(const Json& json) {
  CLEAVE_CHECK(check_format(json));
  Manifest m;
  m.name = CLEAVE_TRY(json_get<std::string>(json, "name", kPlace));
  m.model_name = CLEAVE_TRY(json_get<std::string>(json, "model_name", kPlace));
  m.model = CLEAVE_TRY(file_from_json(json, "model"));
  m.model_sha256 = CLEAVE_TRY(json_get<std::string>(json, "model_sha256", kPlace));
  if (json.contains("weights")) m.weights = CLEAVE_TRY(file_from_json(json, "weights"));
  m.accuracy = CLEAVE_TRY(accuracy_from_json(json));
  m.inputs = CLEAVE_TRY(values_from_json(json, "inputs"));
  m.outputs = CLEAVE_TRY(values_from_json(json, "outputs"));
  m.preprocess = CLEAVE_TRY(json_get<std::string>(json, "preprocess", kPlace));
  m.labels = CLEAVE_TRY(json_get<std::vector<std::string>>(json, "labels", kPlace));
  if (json.contains("costs")) m.costs = CLEAVE_TRY(whole_costs_from_json(json["costs"]));
  const Json cuts = CLEAVE_TRY(list_member(json, "cuts"));
  std::set<std::string> ids;
  for (const Json& entry : cuts) {
    CutEntry cut = CLEAVE_TRY(cut_from_json(entry));
    CLEAVE_CHECK(check_cut(cut, m));
    if (!ids.insert(cut.id).second) return corrupt("cut '" + cut.id + "' stands twice");
    m.cuts.push_back(std::move(cut));
  }
  if (m.cuts.empty()) return corrupt("there is no cut, expected one or more");
  if (m.name.empty() || m.model_name.empty()) return corrupt("a name is empty");
  return m;
}

}  // namespace cleave::bundle
