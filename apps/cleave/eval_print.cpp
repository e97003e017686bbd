#include "eval_print.h"

#include <fmt/format.h>

#include <cmath>

namespace cleave::app {
namespace {

Json to_json(const study::Estimate& estimate) {
  return Json{{"value", estimate.value},
              {"low", estimate.low},
              {"high", estimate.high},
              {"samples", estimate.samples}};
}

void put(Json& json, const char* key, const std::optional<study::Estimate>& estimate) {
  if (estimate) json[key] = to_json(*estimate);
}

Json to_json(const study::AccuracyReport& scores) {
  Json json{{"samples", scores.samples}};
  put(json, "top1_share", scores.top1);
  put(json, "top5_share", scores.top5);
  put(json, "agreement_share", scores.agreement);
  put(json, "kl_nats", scores.kl_nats);
  if (!scores.psnr_peak) return json;
  put(json, "psnr_db", scores.psnr_db);
  json["psnr_peak"] = scores.psnr_peak->value;
  json["psnr_peak_is"] = scores.psnr_peak->is_range ? "range" : "8-bit";
  json["equal_pictures"] = scores.equal_pictures;
  return json;
}

/// A figure, brought to the unit of its row and written as `form` says.
void print_row(std::string_view name, const std::optional<study::Estimate>& estimate, double factor,
               const char* form, std::string_view unit) {
  if (!estimate) return;
  const auto text = [&](double value) { return fmt::format(fmt::runtime(form), value * factor); };
  const std::string interval =
      std::isfinite(estimate->low)
          ? fmt::format("{:>10} to {:<10}", text(estimate->low), text(estimate->high))
          : fmt::format("{:^24}", "-");
  fmt::print("{:<18} {:>10} {:<4}  {} {:>8}\n", name, text(estimate->value), unit, interval,
             estimate->samples);
}

void print_picture_rows(const study::AccuracyReport& scores) {
  if (!scores.psnr_peak) return;
  print_row("PSNR", scores.psnr_db, 1, "{:.2f}", "dB");
  fmt::print("PSNR is of a peak of {:.4g}, {}; {} picture(s) equal to the bit\n",
             scores.psnr_peak->value,
             scores.psnr_peak->is_range ? "the range of the uncut network's outputs"
                                        : "that of 8-bit pictures",
             scores.equal_pictures);
}

void print_header(const EvalReport& report) {
  const std::string cut =
      report.cut.empty() ? "" : fmt::format(", cut {} after {}", report.cut, report.after_layer);
  const std::string split = report.split.empty() ? "" : fmt::format(" ({})", report.split);
  fmt::print("{}{}\n", report.network, cut);
  fmt::print("on {}{}: {} of {} pictures, {}\n", report.data, split, report.pictures,
             report.pictures_in_all,
             report.classes > 0 ? fmt::format("{} classes", report.classes) : "without labels");
  fmt::print("prepared by {}\n", report.preprocess);
  for (const bundle::CrossingValue& c : report.crossing)
    fmt::print("{} crosses, coded by {}\n", c.value.name, c.codec);
}

}  // namespace

void EvalReport::describe(const bundle::CutEntry& entry) {
  cut = entry.id;
  after_layer = entry.after_layer;
  crossing = entry.crossing;
}

void EvalReport::describe(const study::EvalData& eval_data) {
  split = eval_data.set.split();
  classes = eval_data.set.classes().size();
  pictures = eval_data.pictures.size();
  pictures_in_all = eval_data.set.size();
  preprocess = eval_data.preprocess.spec();
}

Json to_json(const EvalReport& report) {
  Json json{{"format", "cleave-eval/1"},
            {"network", report.network},
            {"data", report.data},
            {"data_split", report.split},
            {"data_classes", report.classes},
            {"pictures", report.pictures},
            {"pictures_in_all", report.pictures_in_all},
            {"seed", report.seed},
            {"preprocess", report.preprocess},
            {"network_classes", report.evaluation.classes},
            {"uncut", to_json(report.evaluation.uncut)}};
  if (!report.evaluation.cut) return json;
  Json crossing = Json::array();
  for (const bundle::CrossingValue& c : report.crossing)
    crossing.push_back({{"value", c.value.name}, {"codec", c.codec}});
  json["cut_id"] = report.cut;
  json["crossing"] = std::move(crossing);
  json["cut"] = to_json(*report.evaluation.cut);
  put(json, "bytes_per_sample", report.evaluation.bytes_per_sample);
  return json;
}

void print(const EvalReport& report) {
  const study::Evaluation& e = report.evaluation;
  print_header(report);
  fmt::print("\n{:<18} {:>10} {:<4}  {:^24} {:>8}\n", "score", "value", "", "95 % interval",
             "samples");
  print_row(e.cut ? "top-1, uncut" : "top-1", e.uncut.top1, 100, "{:.2f}", "%");
  print_row(e.cut ? "top-5, uncut" : "top-5", e.uncut.top5, 100, "{:.2f}", "%");
  if (!e.cut) return;
  print_row("top-1, cut", e.cut->top1, 100, "{:.2f}", "%");
  print_row("top-5, cut", e.cut->top5, 100, "{:.2f}", "%");
  print_row("agreement", e.cut->agreement, 100, "{:.2f}", "%");
  print_row("KL from uncut", e.cut->kl_nats, 1, "{:.3g}", "nat");
  print_row("bytes per sample", e.bytes_per_sample, 1, "{:.1f}", "B");
  print_picture_rows(*e.cut);
}

}  // namespace cleave::app
