#include "study/joined.h"

#include <algorithm>
#include <map>

#include "bundle/tolerance.h"
#include "codec/packet.h"

namespace cleave::study {
namespace {

constexpr std::string_view kPlace = "study.joined";

using Names = std::vector<std::string>;
using Values = std::map<std::string, Tensor>;

Names names_of(const std::vector<TensorSpec>& specs) {
  Names names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name);
  return names;
}

/// Both halves of a cut, and the values that they take and make.
struct Halves {
  std::string cut;
  std::string head;
  std::string tail;
  Names head_inputs, head_outputs;
  Names tail_inputs, tail_outputs;
};

Result<Halves> halves_of(const graph::Model& model, const graph::Cut& cut) {
  const graph::Segment head = model.segment(0, cut.index);
  const graph::Segment tail = model.segment(cut.index, static_cast<int>(model.layers().size()));
  std::string head_bytes = CLEAVE_TRY(model.head(cut));
  std::string tail_bytes = CLEAVE_TRY(model.tail(cut));
  return Halves{cut.id(),
                std::move(head_bytes),
                std::move(tail_bytes),
                names_of(head.inputs),
                names_of(head.outputs),
                names_of(tail.inputs),
                names_of(tail.outputs)};
}

Result<Halves> halves_of(const bundle::Bundle& bundle, const bundle::CutEntry& cut) {
  std::string head_bytes = CLEAVE_TRY(bundle.network(cut.head));
  std::string tail_bytes = CLEAVE_TRY(bundle.network(cut.tail));
  Halves halves{cut.id,
                std::move(head_bytes),
                std::move(tail_bytes),
                names_of(cut.head_inputs),
                names_of(cut.head_outputs),
                {},
                names_of(cut.tail_outputs)};
  for (const bundle::CrossingValue& c : cut.crossing) halves.tail_inputs.push_back(c.value.name);
  return halves;
}

Result<std::vector<Tensor>> run_named(engine::Session& session, const Names& inputs,
                                      const Values& values) {
  std::vector<Tensor> tensors;
  for (const std::string& name : inputs) {
    const auto it = values.find(name);
    if (it == values.end())
      return fail(ErrorCode::kInternal, kPlace, "value '" + name + "' was not computed");
    tensors.push_back(it->second);
  }
  return session.run(tensors);
}

Result<void> add(Values& values, const Names& names, std::vector<Tensor> tensors) {
  if (names.size() != tensors.size()) {
    return fail(ErrorCode::kInternal, kPlace,
                "a half made " + std::to_string(tensors.size()) + " outputs, expected " +
                    std::to_string(names.size()));
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    values.insert_or_assign(names[i], std::move(tensors[i]));
  return {};
}

bool is_half_precision(DType dtype) { return is_floating(dtype) && dtype_size(dtype) == 2; }

double tolerance_of(DType dtype) {
  return is_half_precision(dtype) ? bundle::tolerance(dtype, engine::Precision::kF32)
                                  : kJoinedTolerance;
}

/// Runs a network whole, and its halves against that.
class Joiner {
 public:
  Joiner(engine::Engine& engine, const engine::EngineOptions& options,
         const std::vector<TensorSpec>& inputs, const std::vector<TensorSpec>& outputs)
      : engine_(engine),
        options_(options),
        inputs_(names_of(inputs)),
        outputs_(names_of(outputs)) {}

  Result<void> run_whole(std::string onnx_bytes, const std::vector<std::vector<Tensor>>& samples) {
    if (samples.empty())
      return fail(ErrorCode::kInvalidArgument, kPlace, "no sample input, expected one or more");
    const auto whole = CLEAVE_TRY(engine_.compile(std::move(onnx_bytes), options_));
    for (const std::vector<Tensor>& sample : samples) {
      Run run;
      run.outputs = CLEAVE_TRY(whole->run(sample));
      CLEAVE_CHECK(add(run.inputs, inputs_, sample));
      runs_.push_back(std::move(run));
    }
    return {};
  }

  /// Compares one cut; whatever goes wrong becomes a fault of it.
  void compare(const Result<Halves>& halves, const std::string& cut) {
    ++report_.cuts;
    const Result<void> compared =
        halves ? compare_halves(*halves) : std::unexpected(halves.error());
    if (!compared) add_fault(cut, compared.error().to_string());
  }
  /// Takes note of a cut with a unit: its whole network is not there to compare with.
  void count_unit(const Result<Halves>& halves, const std::string& cut) {
    ++report_.cuts;
    ++report_.units;
    if (!halves) add_fault(cut, halves.error().to_string());
  }
  void add_fault(const std::string& cut, std::string message) {
    report_.faults.push_back({cut, std::move(message)});
  }

  JoinedReport take_report() { return std::move(report_); }

 private:
  struct Run {
    Values inputs;
    std::vector<Tensor> outputs;  ///< the whole network's
  };

  Result<void> compare_halves(const Halves& halves) {
    const auto head = CLEAVE_TRY(engine_.compile(halves.head, options_));
    const auto tail = CLEAVE_TRY(engine_.compile(halves.tail, options_));
    for (const Run& run : runs_) {
      Values values = run.inputs;
      std::vector<Tensor> made = CLEAVE_TRY(run_named(*head, halves.head_inputs, values));
      CLEAVE_CHECK(add(values, halves.head_outputs, std::move(made)));
      const double tolerance = CLEAVE_TRY(cross(halves.tail_inputs, values));
      made = CLEAVE_TRY(run_named(*tail, halves.tail_inputs, values));
      CLEAVE_CHECK(add(values, halves.tail_outputs, std::move(made)));
      compare_outputs(halves.cut, values, run.outputs, tolerance);
    }
    return {};
  }

  /// Sends the crossing values as packets; the tolerance that their types call for.
  Result<double> cross(const Names& names, Values& values) const {
    const codec::Codec raw = CLEAVE_TRY(codec::Codec::create("raw"));
    double tolerance = kJoinedTolerance;
    for (const std::string& name : names) {
      const auto it = values.find(name);
      if (it == values.end())
        return fail(ErrorCode::kInternal, kPlace, "crossing value '" + name + "' was not computed");
      Tensor& value = it->second;
      const Bytes packet = CLEAVE_TRY(codec::encode_bound(raw, value));
      value = CLEAVE_TRY(codec::decode_bound(raw, packet, value.dtype(), value.shape()));
      tolerance = std::max(tolerance, tolerance_of(value.dtype()));
    }
    return tolerance;
  }

  void compare_outputs(const std::string& cut, const Values& values,
                       const std::vector<Tensor>& expected, double tolerance) {
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const auto found = values.find(outputs_[i]);
      if (found == values.end()) {
        add_fault(cut, "neither half makes output '" + outputs_[i] + "'");
        continue;
      }
      const double difference = bundle::relative_difference(found->second, expected[i]);
      if (difference > report_.difference) {
        report_.difference = difference;
        report_.cut = cut;
        report_.output = outputs_[i];
      }
      const double allowed = std::max(tolerance, tolerance_of(expected[i].dtype()));
      if (difference <= allowed) continue;
      add_fault(cut, "output '" + outputs_[i] + "' differs by " + std::to_string(difference) +
                         " of its range, expected at most " + std::to_string(allowed));
    }
  }

  engine::Engine& engine_;
  const engine::EngineOptions& options_;
  Names inputs_;
  Names outputs_;
  std::vector<Run> runs_;
  JoinedReport report_;
};

Result<void> check(const JoinedOptions& options) {
  if (options.every >= 1) return {};
  return fail(ErrorCode::kInvalidArgument, kPlace,
              "every " + std::to_string(options.every) + "th cut, expected 1 or more");
}

/// The check vector's halves, as whoever loads the bundle verifies them.
Result<void> verify_check_vector(const bundle::Bundle& bundle, const bundle::CutEntry& cut,
                                 const Halves& halves, engine::Engine& engine,
                                 const engine::EngineOptions& options) {
  const bundle::CheckVector check = CLEAVE_TRY(bundle.check_vector(cut));
  const auto head = CLEAVE_TRY(engine.compile(halves.head, options));
  CLEAVE_CHECK(bundle::verify_head(*head, cut, bundle.manifest(), check, options.precision));
  const auto tail = CLEAVE_TRY(engine.compile(halves.tail, options));
  return bundle::verify_tail(*tail, cut, check, options.precision);
}

}  // namespace

Result<JoinedReport> compare_joined(const graph::Model& model, engine::Engine& engine,
                                    const std::vector<std::vector<Tensor>>& samples,
                                    const JoinedOptions& options) {
  CLEAVE_CHECK(check(options));
  Joiner joiner(engine, options.engine, model.inputs(), model.outputs());
  CLEAVE_CHECK(joiner.run_whole(CLEAVE_TRY(model.to_bytes()), samples));
  const auto every = static_cast<std::size_t>(options.every);
  const std::size_t total = (model.cuts().size() + every - 1) / every;
  for (std::size_t i = 0; i < total; ++i) {
    const graph::Cut& cut = model.cuts()[i * every];
    joiner.compare(halves_of(model, cut), cut.id());
    if (options.progress) options.progress(static_cast<int>(i) + 1, static_cast<int>(total));
  }
  return joiner.take_report();
}

Result<JoinedReport> compare_joined(const bundle::Bundle& bundle, engine::Engine& engine,
                                    const JoinedOptions& options) {
  CLEAVE_CHECK(check(options));
  const bundle::Manifest& manifest = bundle.manifest();
  const bundle::CheckVector first = CLEAVE_TRY(bundle.check_vector(bundle.default_cut()));
  Joiner joiner(engine, options.engine, manifest.inputs, manifest.outputs);
  CLEAVE_CHECK(joiner.run_whole(CLEAVE_TRY(bundle.network(manifest.model)), {first.inputs}));
  const auto every = static_cast<std::size_t>(options.every);
  const std::size_t total = (manifest.cuts.size() + every - 1) / every;
  for (std::size_t i = 0; i < total; ++i) {
    const bundle::CutEntry& cut = manifest.cuts[i * every];
    const Result<Halves> halves = halves_of(bundle, cut);
    // With a unit the answers are another network's, which the bundle has in halves alone.
    if (cut.unit.empty())
      joiner.compare(halves, cut.id);
    else
      joiner.count_unit(halves, cut.id);
    if (halves) {
      const auto verified = verify_check_vector(bundle, cut, *halves, engine, options.engine);
      if (!verified) joiner.add_fault(cut.id, verified.error().to_string());
    }
    if (options.progress) options.progress(static_cast<int>(i) + 1, static_cast<int>(total));
  }
  return joiner.take_report();
}

}  // namespace cleave::study
