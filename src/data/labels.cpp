#include "data/labels.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/file.h"
#include "base/spec.h"

namespace cleave::data {
namespace {

constexpr std::string_view kPlace = "data.labels";
constexpr std::uint64_t kMaxLabelBytes = std::uint64_t{16} << 20;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// Is `name`, in lower case, one of the names that a label lists?
bool lists(const std::string& label, std::string_view name) {
  for (std::string_view part : split(label, ',')) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (lower(part) == name) return true;
  }
  return false;
}

Result<std::int64_t> find_class(const std::string& wanted, std::span<const std::string> labels) {
  const std::string name = lower(wanted);
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (lower(labels[i]) == name) return static_cast<std::int64_t>(i);
    if (lists(labels[i], name)) found.push_back(static_cast<std::int64_t>(i));
  }
  if (found.size() == 1) return found.front();
  return fail(ErrorCode::kInvalidArgument, kPlace,
              found.empty()
                  ? "class '" + wanted + "' of the data is none of the network's " +
                        std::to_string(labels.size()) + " labels"
                  : "class '" + wanted + "' of the data is named by the labels of " +
                        std::to_string(found.size()) + " classes, " + std::to_string(found[0]) +
                        " and " + std::to_string(found[1]) + " among them, expected one");
}

}  // namespace

std::vector<std::string> parse_labels(std::string_view text) {
  std::vector<std::string> labels;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    labels.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return labels;
}

Result<std::vector<std::string>> read_labels(const std::filesystem::path& path) {
  std::vector<std::string> labels = parse_labels(CLEAVE_TRY(read_file(path, kMaxLabelBytes)));
  if (!labels.empty()) return labels;
  return fail(ErrorCode::kCorrupt, kPlace,
              "'" + path.string() + "' is empty, expected one label a line");
}

Result<std::vector<std::int64_t>> match_classes(std::span<const std::string> classes,
                                                std::span<const std::string> labels,
                                                std::int64_t class_count) {
  const std::span<const std::string> counted = labels.empty() ? classes : labels;
  if (static_cast<std::int64_t>(counted.size()) != class_count) {
    return fail(
        ErrorCode::kInvalidArgument, kPlace,
        (labels.empty() ? "the data has " : "the labels name ") + std::to_string(counted.size()) +
            " classes, the network has " + std::to_string(class_count) +
            (labels.empty() ? "; expected as many, or labels that name the network's" : ""));
  }
  std::vector<std::int64_t> indices(classes.size());
  std::iota(indices.begin(), indices.end(), 0);
  if (labels.empty()) return indices;
  for (std::size_t i = 0; i < classes.size(); ++i)
    indices[i] = CLEAVE_TRY(find_class(classes[i], labels));
  return indices;
}

Result<std::vector<ClassScore>> top_k(const Tensor& logits, std::size_t k) {
  if (logits.dtype() != DType::kF32) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "scores are " + std::string(dtype_name(logits.dtype())) + ", expected f32");
  }
  const std::span<const float> scores = logits.as<float>();
  std::vector<std::int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto before = [&](std::int64_t a, std::int64_t b) {
    if (std::isnan(scores[a]) != std::isnan(scores[b])) return std::isnan(scores[b]);
    if (scores[a] > scores[b]) return true;
    if (scores[a] < scores[b]) return false;
    return a < b;
  };
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(std::min(k, order.size()));
  std::partial_sort(order.begin(), middle, order.end(), before);
  std::vector<ClassScore> best;
  std::transform(order.begin(), middle, std::back_inserter(best),
                 [&](std::int64_t i) { return ClassScore{i, scores[i]}; });
  return best;
}

std::vector<float> softmax(std::span<const float> logits) {
  std::vector<float> probabilities(logits.begin(), logits.end());
  if (logits.empty()) return probabilities;
  const float highest = *std::ranges::max_element(logits);
  double sum = 0;
  for (float& p : probabilities) {
    p = std::exp(p - highest);
    sum += p;
  }
  for (float& p : probabilities) p = static_cast<float>(p / sum);
  return probabilities;
}

}  // namespace cleave::data
