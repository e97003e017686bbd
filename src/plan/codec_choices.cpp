#include "plan/codec_choices.h"

#include <cmath>

#include "base/json_file.h"
#include "plan/strict_json.h"

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.codecs";
constexpr std::string_view kFormat = "cleave-codecs/1";

Result<double> amount(const Json& object, const char* key, const std::string& what) {
  const double value = CLEAVE_TRY(number(object.at(key), what + "'s " + key));
  if (std::isfinite(value) && value >= 0) return value;
  return bad_problem(what + " has " + key + " " + shown(object.at(key)) +
                     ", expected a finite number of 0 or more");
}

Result<CodedValue> value_from_json(const Json& json, const std::string& what) {
  CLEAVE_CHECK(expect_keys(json, what, {"name", "bytes", "encode_ms", "decode_ms"}, {"loss"}));
  CodedValue value;
  value.cost.payload_bytes = CLEAVE_TRY(amount(json, "bytes", what));
  value.cost.encode_ms = CLEAVE_TRY(amount(json, "encode_ms", what));
  value.cost.decode_ms = CLEAVE_TRY(amount(json, "decode_ms", what));
  if (json.contains("loss")) value.loss = CLEAVE_TRY(amount(json, "loss", what));
  return value;
}

Result<CodecChoice> choice_from_json(const Json& json) {
  CLEAVE_CHECK(expect_keys(json, "an entry of codecs", {"codec", "values"}, {}));
  CodecChoice choice;
  choice.codec = CLEAVE_TRY(json_get<std::string>(json, "codec", kPlace));
  const Json* values = CLEAVE_TRY(array(json.at("values"), "values of '" + choice.codec + "'"));
  for (const Json& entry : *values) {
    const auto name = CLEAVE_TRY(json_get<std::string>(entry, "name", kPlace));
    const std::string what = "value '" + name + "' of '" + choice.codec + "'";
    CodedValue value = CLEAVE_TRY(value_from_json(entry, what));
    if (!choice.values.emplace(name, value).second)
      return bad_problem(what + " is listed twice, expected once");
  }
  return choice;
}

}  // namespace

Result<std::vector<CodecChoice>> codec_choices_from_json(const Json& json) {
  CLEAVE_CHECK(expect_keys(json, "the table", {"format", "codecs"}, {}));
  CLEAVE_CHECK(expect_format(json, kFormat));
  std::vector<CodecChoice> choices;
  const Json* codecs = CLEAVE_TRY(array(json.at("codecs"), "codecs"));
  for (const Json& entry : *codecs) choices.push_back(CLEAVE_TRY(choice_from_json(entry)));
  if (choices.empty()) return bad_problem("codecs is empty, expected one or more");
  return choices;
}

Json to_json(const std::vector<CodecChoice>& choices) {
  Json codecs = Json::array();
  for (const CodecChoice& choice : choices) {
    Json values = Json::array();
    for (const auto& [name, value] : choice.values) {
      values.push_back({{"name", name},
                        {"bytes", value.cost.payload_bytes},
                        {"encode_ms", value.cost.encode_ms},
                        {"decode_ms", value.cost.decode_ms},
                        {"loss", value.loss}});
    }
    codecs.push_back({{"codec", choice.codec}, {"values", values}});
  }
  return Json{{"format", kFormat}, {"codecs", codecs}};
}

Result<std::vector<CodecChoice>> load_codec_choices(const std::filesystem::path& path) {
  return load_json(path, kPlace, codec_choices_from_json);
}

std::map<std::string, CodecCost> values_within(const CodecChoice& choice, double max_loss) {
  std::map<std::string, CodecCost> values;
  for (const auto& [name, value] : choice.values)
    if (value.loss <= max_loss) values.emplace(name, value.cost);
  return values;
}

MixedChoice cheaper_values(const Problem& problem, Objective objective, CodecChoice first,
                           const CodecChoice& second) {
  MixedChoice mixed{std::move(first), {}};
  for (const auto& [name, value] : second.values) {
    const auto known = mixed.choice.values.find(name);
    const bool cheaper = known == mixed.choice.values.end() ||
                         sending_cost(problem, value.cost, objective) <
                             sending_cost(problem, known->second.cost, objective);
    if (!cheaper) continue;
    mixed.choice.values.insert_or_assign(name, value);
    mixed.second.insert(name);
  }
  return mixed;
}

}  // namespace cleave::plan
