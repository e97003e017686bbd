#include "search/record.h"

#include <cmath>

#include "base/file.h"

namespace cleave::search {
namespace {

constexpr std::string_view kPlace = "search.progress";
constexpr std::string_view kFormatPrefix = "cleave-search/";
constexpr std::string_view kFormat = "cleave-search/1";
constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 20;

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, kPlace, std::move(message));
}

Json score_to_json(const Score& score) {
  return {{"accuracy", score.accuracy},
          {"uncut_accuracy", score.uncut_accuracy},
          {"payload_bytes", score.payload_bytes},
          {"seconds", score.seconds}};
}

Result<double> not_negative(const Json& json, const char* key) {
  const auto value = CLEAVE_TRY(json_get<double>(json, key, kPlace));
  if (std::isfinite(value) && value >= 0) return value;
  return corrupt("member '" + std::string(key) + "' is " + json[key].dump() +
                 ", expected 0 or more");
}

Result<Score> score_from_json(const Json& json) {
  Score score;
  score.accuracy = CLEAVE_TRY(not_negative(json, "accuracy"));
  score.uncut_accuracy = CLEAVE_TRY(not_negative(json, "uncut_accuracy"));
  score.payload_bytes = CLEAVE_TRY(not_negative(json, "payload_bytes"));
  score.seconds = CLEAVE_TRY(not_negative(json, "seconds"));
  if (score.accuracy > 1 || score.uncut_accuracy > 1)
    return corrupt("an accuracy above 1, expected 0 to 1");
  return score;
}

Json record_to_json(const Record& record) {
  Json json{{"cut", record.candidate.cut},
            {"unit", record.candidate.unit},
            {"codec", record.candidate.codec}};
  if (record.proxy) json["proxy"] = score_to_json(*record.proxy);
  if (!record.failure.empty()) json["failure"] = record.failure;
  if (record.begun_s > 0) json["begun_s"] = record.begun_s;
  if (!record.full) return json;
  json["full"] = score_to_json(*record.full);
  json["network"] = record.network;
  json["code"] = record.code;
  json["calibration"] = record.calibration;
  return json;
}

Result<Record> record_from_json(const Json& json) {
  Record record;
  record.candidate.cut = CLEAVE_TRY(json_get<int>(json, "cut", kPlace));
  record.candidate.unit = CLEAVE_TRY(json_get<std::string>(json, "unit", kPlace));
  record.candidate.codec = CLEAVE_TRY(json_get<std::string>(json, "codec", kPlace));
  if (json.contains("proxy")) record.proxy = CLEAVE_TRY(score_from_json(json["proxy"]));
  record.failure = CLEAVE_TRY(json_get_or<std::string>(json, "failure", "", kPlace));
  if (json.contains("begun_s")) record.begun_s = CLEAVE_TRY(not_negative(json, "begun_s"));
  if (!json.contains("full")) return record;
  if (!record.proxy) return corrupt("a record is trained and has no proxy, expected one");
  record.full = CLEAVE_TRY(score_from_json(json["full"]));
  record.network = CLEAVE_TRY(json_get<std::string>(json, "network", kPlace));
  record.code = CLEAVE_TRY(json_get<std::string>(json, "code", kPlace));
  record.calibration = CLEAVE_TRY(json_get<Json>(json, "calibration", kPlace));
  if (!is_file_name(record.network))
    return corrupt("'" + record.network + "' is not the name of a file of the search");
  return record;
}

}  // namespace

Json to_json(const Progress& progress) {
  Json records = Json::array();
  for (const Record& record : progress.records) records.push_back(record_to_json(record));
  return {{"format", kFormat},
          {"question", progress.question},
          {"used_s", progress.used_s},
          {"records", records}};
}

Result<Progress> progress_from_json(const Json& json) {
  const auto format = CLEAVE_TRY(json_get<std::string>(json, "format", kPlace));
  if (format != kFormat)
    return fail(
        format.starts_with(kFormatPrefix) ? ErrorCode::kUnsupported : ErrorCode::kNotThisFormat,
        kPlace, "format is '" + format + "', expected '" + std::string(kFormat) + "'");
  Progress progress;
  progress.question = CLEAVE_TRY(json_get<std::string>(json, "question", kPlace));
  progress.used_s = CLEAVE_TRY(not_negative(json, "used_s"));
  const Json records = CLEAVE_TRY(json_get<Json>(json, "records", kPlace));
  if (!records.is_array()) return corrupt("'records' is no list");
  for (const Json& record : records)
    progress.records.push_back(CLEAVE_TRY(record_from_json(record)));
  return progress;
}

Result<Progress> load_progress(const std::filesystem::path& path) {
  const std::string text = CLEAVE_TRY(read_file(path, kMaxBytes));
  return about("'" + path.string() + "'", progress_from_json(CLEAVE_TRY(parse_json(text, kPlace))));
}

Result<void> save_progress(const Progress& progress, const std::filesystem::path& path) {
  return write_file(path, dump_json(to_json(progress), 2) + "\n");
}

}  // namespace cleave::search
