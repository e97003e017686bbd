#include "reproduce/trained_points.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/spec.h"

namespace cleave::reproduce {
namespace {

constexpr std::string_view kPlace = "reproduce.trained";
/// What some programs write in front of UTF-8.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr int kMost = 1'000'000'000;
constexpr int kMaxChannels = 65536;
constexpr int kMaxStride = 16;

enum Column {
  kNetwork,
  kData,
  kValue,
  kUnit,
  kCodec,
  kTrainingCodec,
  kEpochs,
  kTrainingPictures,
  kHeldoutAccuracy,
  kTestAccuracy,
  kPayloadBytes,
  kUncutAccuracy,
  kUncutTestAccuracy,
  kColumns,
};
constexpr std::array<std::string_view, kColumns> kNames{"network",
                                                        "data",
                                                        "value",
                                                        "unit",
                                                        "codec",
                                                        "training_codec",
                                                        "epochs",
                                                        "training_pictures",
                                                        "heldout_accuracy",
                                                        "test_accuracy",
                                                        "payload_bytes",
                                                        "uncut_accuracy",
                                                        "uncut_test_accuracy"};

/// Where each column stands in a line; training_codec and uncut_test_accuracy may be missing.
using Places = std::array<std::optional<std::size_t>, kColumns>;

std::unexpected<Error> bad_line(std::size_t number, std::string_view found,
                                std::string_view expected) {
  constexpr std::size_t kShown = 60;
  return fail(ErrorCode::kCorrupt, kPlace,
              "line " + std::to_string(number) + " has '" + std::string(found.substr(0, kShown)) +
                  "', expected " + std::string(expected));
}

/// Where in a field a line is read.
enum class Within { kNothing, kPlain, kQuotes, kClosed };

/// The fields of a line by RFC 4180; none of them goes over its end.
Result<std::vector<std::string>> fields_of(std::string_view line, std::size_t number) {
  std::vector<std::string> fields{""};
  Within within = Within::kNothing;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (within == Within::kQuotes) {
      const bool is_doubled = c == '"' && i + 1 < line.size() && line[i + 1] == '"';
      if (is_doubled) ++i;
      if (c == '"' && !is_doubled)
        within = Within::kClosed;
      else
        fields.back() += c;
    } else if (c == ',') {
      fields.emplace_back();
      within = Within::kNothing;
    } else if (within == Within::kClosed) {
      return bad_line(number, line, "nothing but a comma behind a closing quote");
    } else if (c != '"') {
      fields.back() += c;
      within = Within::kPlain;
    } else if (within == Within::kPlain) {
      return bad_line(number, line, "quotes around a whole field alone");
    } else {
      within = Within::kQuotes;
    }
    if (fields.size() > kColumns)
      return bad_line(number, line, "at most " + std::to_string(int{kColumns}) + " fields");
  }
  if (within == Within::kQuotes) return bad_line(number, line, "a quote that ends in its line");
  return fields;
}

Result<Places> places_of(const std::vector<std::string>& header) {
  Places places;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto name = std::ranges::find(kNames, header[i]);
    if (name == kNames.end()) {
      const std::vector<std::string> known(kNames.begin(), kNames.end());
      return std::unexpected(unknown_name(kPlace, "column", header[i].substr(0, 60), known));
    }
    auto& place = places[static_cast<std::size_t>(name - kNames.begin())];
    if (place) return bad_line(1, header[i], "each column once");
    place = i;
  }
  for (std::size_t c = 0; c < kColumns; ++c)
    if (!places[c] && c != kTrainingCodec && c != kUncutTestAccuracy)
      return bad_line(1, "no column " + std::string(kNames[c]), "one of that name");
  return places;
}

/// The fields of one line by column, and what is wrong with it.
class Line {
 public:
  Line(const Places& places, const std::vector<std::string>& fields, std::size_t number)
      : places_(places), fields_(fields), number_(number) {}

  std::string_view field(Column column) const {
    return places_[column] ? std::string_view(fields_[*places_[column]]) : std::string_view();
  }
  std::unexpected<Error> bad(Column column, std::string_view expected) const {
    return bad_line(number_, field(column),
                    std::string(kNames[column]) + ' ' + std::string(expected));
  }
  Result<std::string> text(Column column) const {
    if (field(column).empty()) return bad(column, "that is not empty");
    return std::string(field(column));
  }
  Result<int> whole(Column column) const {
    const auto value = parse_number<int>(field(column));
    if (!value || *value < 1 || *value > kMost) return bad(column, "from 1 to 1000000000");
    return *value;
  }
  Result<double> share(Column column) const {
    const auto value = parse_number<double>(field(column));
    if (!value || !(*value >= 0 && *value <= 1)) return bad(column, "from 0 to 1");
    return *value;
  }
  Result<std::optional<double>> share_if_any(Column column) const {
    if (field(column).empty()) return std::nullopt;
    return CLEAVE_TRY(share(column));
  }

 private:
  const Places& places_;
  const std::vector<std::string>& fields_;
  std::size_t number_;
};

Result<void> read_unit(const Line& line, TrainedPoint& point) {
  point.unit_spec = CLEAVE_TRY(line.text(kUnit));
  point.unit = point.unit_spec;
  if (!point.has_unit()) return {};
  const auto spec = parse_spec(point.unit_spec);
  if (!spec || (spec->name != "butterfly" && spec->name != "bottleneck"))
    return line.bad(
        kUnit, "that is butterfly:channels=C, bottleneck:channels=C,stride=S, none or picture");
  point.unit = spec->name;
  const bool is_bottleneck = point.unit == "bottleneck";
  if (!is_bottleneck && spec->has("stride"))
    return line.bad(kUnit, "without a stride: a butterfly unit has none");
  const auto channels = spec->integer("channels", 1, 1, kMaxChannels);
  const auto stride = spec->integer("stride", is_bottleneck ? 2 : 1, 1, kMaxStride);
  if (!channels || !stride) return line.bad(kUnit, "of 1 to 65536 channels and a stride to 16");
  point.channels = *channels;
  point.stride = *stride;
  return {};
}

Result<void> read_codecs(const Line& line, TrainedPoint& point) {
  point.codec = CLEAVE_TRY(line.text(kCodec));
  point.training_codec = line.field(kTrainingCodec);
  if (point.training_codec.empty()) point.training_codec = point.codec;
  if (!parse_specs(point.codec)) return line.bad(kCodec, "that is a codec's spec");
  if (!parse_specs(point.training_codec)) return line.bad(kTrainingCodec, "that is a codec's spec");
  return {};
}

Result<TrainedPoint> read_point(const Line& line) {
  TrainedPoint point;
  point.network = CLEAVE_TRY(line.text(kNetwork));
  point.data = CLEAVE_TRY(line.text(kData));
  point.value = CLEAVE_TRY(line.text(kValue));
  CLEAVE_CHECK(read_unit(line, point));
  CLEAVE_CHECK(read_codecs(line, point));
  point.epochs = CLEAVE_TRY(line.whole(kEpochs));
  point.training_pictures = CLEAVE_TRY(line.whole(kTrainingPictures));
  point.heldout_accuracy = CLEAVE_TRY(line.share_if_any(kHeldoutAccuracy));
  if (!point.heldout_accuracy && point.has_unit()) return line.bad(kHeldoutAccuracy, "from 0 to 1");
  point.test_accuracy = CLEAVE_TRY(line.share_if_any(kTestAccuracy));
  const auto bytes = parse_number<double>(line.field(kPayloadBytes));
  if (!bytes || !(*bytes > 0 && *bytes <= kMost))
    return line.bad(kPayloadBytes, "above 0, to 1000000000");
  point.payload_bytes = *bytes;
  point.uncut_accuracy = CLEAVE_TRY(line.share(kUncutAccuracy));
  point.uncut_test_accuracy = CLEAVE_TRY(line.share_if_any(kUncutTestAccuracy));
  return point;
}

}  // namespace

Result<std::vector<TrainedPoint>> parse_trained_points(std::string_view csv) {
  std::vector<TrainedPoint> points;
  std::optional<Places> places;
  std::size_t columns = 0;
  std::size_t number = 0;
  if (csv.starts_with(kByteOrderMark)) csv.remove_prefix(kByteOrderMark.size());
  for (std::string_view rest = csv; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (line.empty() && places) continue;
    const std::vector<std::string> fields = CLEAVE_TRY(fields_of(line, number));
    if (!places) {
      places = CLEAVE_TRY(places_of(fields));
      columns = fields.size();
      continue;
    }
    if (fields.size() != columns)
      return bad_line(number, std::to_string(fields.size()) + " fields",
                      std::to_string(columns) + " as in line 1");
    if (points.size() == kMaxTrainedPoints)
      return fail(ErrorCode::kResourceExhausted, kPlace,
                  "line " + std::to_string(number) + " is one too many, expected at most " +
                      std::to_string(kMaxTrainedPoints) + " points");
    points.push_back(CLEAVE_TRY(read_point(Line(*places, fields, number))));
  }
  if (!places) return bad_line(1, "", "the names of columns");
  return points;
}

Result<std::vector<TrainedPoint>> load_trained_points(const std::filesystem::path& path) {
  return parse_trained_points(CLEAVE_TRY(read_file(path, kMaxTrainedBytes)));
}

std::vector<std::vector<TrainedPoint>> by_cut(const std::vector<TrainedPoint>& points) {
  std::vector<std::vector<TrainedPoint>> cuts;
  for (const TrainedPoint& p : points) {
    const auto cut = std::ranges::find_if(cuts, [&](const std::vector<TrainedPoint>& of) {
      return of.front().network == p.network && of.front().data == p.data &&
             of.front().value == p.value;
    });
    if (cut != cuts.end())
      cut->push_back(p);
    else
      cuts.push_back({p});
  }
  return cuts;
}

std::string cut_name(const TrainedPoint& point) {
  return point.network + ", " + point.data + ", " + point.value;
}

}  // namespace cleave::reproduce
