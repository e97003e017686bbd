#include "plan/energy_model.h"

#include <algorithm>
#include <array>
#include <vector>

namespace cleave::plan {
namespace {

constexpr std::string_view kPlace = "plan.power";

Result<EnergyModel> read_const(const Spec& spec, const PowerMeter&) {
  CLEAVE_CHECK(spec.expect_keys({"mw"}));
  EnergyModel model;
  if (!spec.has("mw")) return model;
  model.compute_mw = CLEAVE_TRY(spec.number("mw", model.compute_mw));
  model.source = "as given";
  if (model.compute_mw >= 0) return model;
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "mw is " + spec.text("mw") + ", expected 0 or more");
}

/// The Jetson TX2 of the thesis. Left out, because the thesis has no number: what it draws when
/// idle, and how much faster the Tesla K40c of chapter 2 is ("more than one order of magnitude",
/// 2.3.2).
Result<EnergyModel> read_tx2(const Spec& spec, const PowerMeter&) {
  CLEAVE_CHECK(spec.expect_keys({}));
  EnergyModel model;
  // Table 3.5, mobile-only, ResNet-50. By 3.3.1 it is the GPU's power; of the whole board's there
  // is no number.
  model.compute_mw = EnergyModel::kThesisComputeMw;
  model.source = "Jetson TX2 by " + model.source;
  // 3.3.1: a GTX 1080 Ti "has almost 30x more computing power compared to our mobile platform".
  model.server_speedup = 30;
  return model;
}

Result<EnergyModel> read_rapl(const Spec& spec, const PowerMeter& meter) {
  CLEAVE_CHECK(spec.expect_keys({}));
  EnergyModel model;
  model.compute_mw = CLEAVE_TRY(meter());
  model.source = "measured by this machine's RAPL counters, above idle";
  return model;
}

constexpr std::array<PowerSource, 3> kSources{{
    {"const", "const[:mw=N]", "N mW; without N what the thesis' device draws, 1306 mW", read_const},
    {"tx2", "tx2", "the thesis' Jetson TX2", read_tx2},
    {"rapl", "rapl", "measured here by the processor's energy counters", read_rapl},
}};

}  // namespace

std::span<const PowerSource> power_sources() { return kSources; }

Result<EnergyModel> read_power(std::string_view text, const PowerMeter& meter) {
  const Spec spec = CLEAVE_TRY(parse_spec(text));
  const auto* source = std::ranges::find(kSources, spec.name, &PowerSource::name);
  if (source == kSources.end()) {
    std::vector<std::string> forms;
    for (const PowerSource& known : kSources) forms.emplace_back(known.form);
    return std::unexpected(unknown_name(kPlace, "power", spec.name, forms));
  }
  EnergyModel model = CLEAVE_TRY(source->read(spec, meter));
  model.power = spec.to_string();
  return model;
}

double compute_energy_mj(const EnergyModel& model, double compute_ms) {
  return model.compute_mw * compute_ms / 1000;
}

double radio_energy_mj(const Link& link, double bytes_up, double bytes_down) {
  double energy_uj = 0;
  if (bytes_up > 0) energy_uj += link.radio.up_mw(link.up_mbps) * link.up_ms(bytes_up);
  if (bytes_down > 0) energy_uj += link.radio.down_mw(link.down_mbps) * link.down_ms(bytes_down);
  return energy_uj / 1000;
}

double device_energy_mj(const EnergyModel& model, const Link& link, double compute_ms,
                        double bytes_up, double bytes_down) {
  const bool used = bytes_up > 0 || bytes_down > 0;
  return compute_energy_mj(model, compute_ms) + radio_energy_mj(link, bytes_up, bytes_down) +
         (used ? link.radio.tail_mj() : 0);
}

Json to_json(const EnergyModel& model, const Link& link) {
  Json json{{"power", model.power},
            {"compute_mw", model.compute_mw},
            {"source", model.source},
            {"radio_up_mw", link.radio.up_mw(link.up_mbps)},
            {"radio_down_mw", link.radio.down_mw(link.down_mbps)},
            {"radio_tail_ms", link.radio.tail_ms},
            {"radio_tail_mw", link.radio.tail_mw}};
  if (model.server_speedup) json["server_speedup"] = *model.server_speedup;
  return json;
}

}  // namespace cleave::plan
