#include "bundle/writer.h"

#include <algorithm>
#include <map>

#include "base/checksum.h"
#include "base/file.h"
#include "bundle/check_file.h"
#include "bundle/tolerance.h"
#include "graph/shared_weights.h"

namespace cleave::bundle {
namespace {

constexpr std::string_view kPlace = "bundle.write";
constexpr const char* kWeightsFile = "weights.bin";

using Values = std::map<std::string, Tensor>;

std::vector<TensorSpec> specs_of(const engine::Session& session,
                                 const std::vector<TensorSpec>& named) {
  // The engine knows shapes, the graph knows names; both keep the network's order.
  std::vector<TensorSpec> specs = session.outputs();
  for (std::size_t i = 0; i < specs.size() && i < named.size(); ++i) specs[i].name = named[i].name;
  return specs;
}

Result<std::vector<Tensor>> pick(const std::vector<TensorSpec>& wanted, const Values& values) {
  std::vector<Tensor> tensors;
  for (const TensorSpec& spec : wanted) {
    const auto it = values.find(spec.name);
    if (it == values.end()) {
      return fail(ErrorCode::kInternal, kPlace, "value '" + spec.name + "' was not computed");
    }
    tensors.push_back(it->second);
  }
  return tensors;
}

void add(Values& values, const std::vector<TensorSpec>& specs, const std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i < specs.size() && i < tensors.size(); ++i)
    values.insert_or_assign(specs[i].name, tensors[i]);
}

/// The files of the staged folder, and the weights of its networks.
class Files {
 public:
  explicit Files(const StagedFolder& folder) : folder_(folder) {}

  Result<FileEntry> put(const std::string& name, std::string_view content) const {
    CLEAVE_CHECK(write_file(folder_.path() / name, content));
    return FileEntry{name, sha256_hex(as_bytes(content))};
  }
  Result<FileEntry> put_network(const std::string& name, std::string_view onnx_bytes) {
    return put(name, CLEAVE_TRY(weights_.move_out(onnx_bytes)));
  }
  /// After the last network; nothing where all weights were small.
  Result<std::optional<FileEntry>> put_weights() const {
    if (weights_.bytes().empty()) return std::nullopt;
    return CLEAVE_TRY(put(kWeightsFile, weights_.bytes()));
  }

 private:
  const StagedFolder& folder_;
  graph::SharedWeights weights_{kWeightsFile};
};

/// Makes one cut's entry and files.
class CutWriter {
 public:
  CutWriter(const graph::Model& model, engine::Engine& engine, const WriteRequest& request,
            const CutRequest& cut, Files& files)
      : model_(model), engine_(engine), request_(request), cut_(cut), files_(files) {}

  /// `whole_outputs` are the uncut network's, for the first sample.
  Result<CutEntry> write(std::string id, const std::vector<Tensor>& whole_outputs) {
    const graph::Cut& cut = *cut_.cut;
    const int layers = static_cast<int>(model_.layers().size());
    const graph::Segment head_part = model_.segment(0, cut.index);
    const graph::Segment tail_part = model_.segment(cut.index, layers);
    const std::string head_bytes = CLEAVE_TRY(model_.head(cut));
    const std::string tail_bytes = CLEAVE_TRY(model_.tail(cut));
    const auto head = CLEAVE_TRY(engine_.compile(head_bytes, {}));
    const auto tail = CLEAVE_TRY(engine_.compile(tail_bytes, {}));

    CutEntry entry;
    entry.id = std::move(id);
    entry.costs = cut_.costs;
    entry.unit = cut_.unit;
    entry.accuracy = cut_.accuracy;
    entry.after_layer = model_.layers()[static_cast<std::size_t>(cut.index) - 1].name;
    entry.head_inputs = head_part.inputs;
    entry.head_outputs = specs_of(*head, head_part.outputs);
    entry.tail_outputs = specs_of(*tail, tail_part.outputs);
    std::vector<Values> samples = CLEAVE_TRY(run_heads(entry, *head));
    entry.crossing = CLEAVE_TRY(calibrate(tail_part.inputs, samples));
    const CheckVector check = CLEAVE_TRY(make_check(entry, *tail, samples.front(), whole_outputs));

    const std::string prefix = "cut" + entry.id + ".";
    entry.head = CLEAVE_TRY(files_.put_network(prefix + "head.onnx", head_bytes));
    entry.tail = CLEAVE_TRY(files_.put_network(prefix + "tail.onnx", tail_bytes));
    const std::string check_bytes = CLEAVE_TRY(make_check_file(check));
    CLEAVE_CHECK(parse_check_file(as_bytes(check_bytes)));
    entry.check = CLEAVE_TRY(files_.put(prefix + "check.bin", check_bytes));
    return entry;
  }

 private:
  /// All values known on the device after the head, per sample.
  Result<std::vector<Values>> run_heads(const CutEntry& entry, engine::Session& head) {
    std::vector<Values> samples;
    for (const std::vector<Tensor>& inputs : request_.samples) {
      Values values;
      add(values, model_.inputs(), inputs);
      const std::vector<Tensor> head_inputs = CLEAVE_TRY(pick(entry.head_inputs, values));
      const std::vector<Tensor> outputs = CLEAVE_TRY(head.run(head_inputs));
      add(values, entry.head_outputs, outputs);
      samples.push_back(std::move(values));
    }
    return samples;
  }

  Result<std::vector<CrossingValue>> calibrate(const std::vector<TensorSpec>& crossing,
                                               const std::vector<Values>& samples) {
    std::vector<CrossingValue> result;
    for (const TensorSpec& spec : crossing) {
      std::vector<Tensor> seen;
      for (const Values& values : samples) {
        seen.push_back(CLEAVE_TRY(pick({spec}, values)).front());
        CLEAVE_CHECK(check_same_shape(spec.name, seen));
      }
      CrossingValue value{spec, "", Json::object()};
      // The graph may not know a shape or type that the run has now shown.
      value.value.shape = seen.front().shape();
      value.value.dtype = seen.front().dtype();
      const auto known = std::ranges::find(
          cut_.calibrated, spec.name,
          [](const codec::CalibratedValue& calibrated) { return calibrated.value.name; });
      const bool is_known = known != cut_.calibrated.end();
      value.calibration = is_known ? known->calibration
                                   : CLEAVE_TRY(about("value '" + spec.name + "'",
                                                      codec::Codec::calibrate(cut_.codec, seen)));
      const auto codec =
          CLEAVE_TRY(codec::Codec::create(is_known ? known->codec : cut_.codec, value.calibration));
      value.codec = codec.spec();
      result.push_back(std::move(value));
    }
    return result;
  }

  /// Packets carry no shape: a value that has another one from input to input cannot cross.
  static Result<void> check_same_shape(const std::string& name, const std::vector<Tensor>& seen) {
    if (seen.back().shape() == seen.front().shape()) return {};
    return fail(ErrorCode::kUnsupported, kPlace,
                "value '" + name + "' has shape " + shape_text(seen.front().shape()) +
                    " for one sample and " + shape_text(seen.back().shape()) +
                    " for another, expected the same for all; cut elsewhere");
  }

  Result<CheckVector> make_check(const CutEntry& entry, engine::Session& tail, const Values& values,
                                 const std::vector<Tensor>& whole_outputs) {
    std::vector<TensorSpec> crossing;
    for (const CrossingValue& c : entry.crossing) crossing.push_back(c.value);
    const std::vector<Tensor> exact = CLEAVE_TRY(pick(crossing, values));
    CLEAVE_CHECK(compare_with_whole(entry, tail, values, exact, whole_outputs));
    CheckVector check;
    check.inputs = request_.samples.front();
    check.head_outputs = CLEAVE_TRY(pick(entry.head_outputs, values));
    const CutCodec codec = CLEAVE_TRY(CutCodec::create(entry));
    std::vector<const Tensor*> pointers;
    for (const Tensor& t : exact) pointers.push_back(&t);
    const std::vector<std::string> packets = CLEAVE_TRY(codec.encode(pointers));
    check.crossing = CLEAVE_TRY(codec.decode(packets));
    check.tail_outputs = CLEAVE_TRY(tail.run(check.crossing));
    return check;
  }

  /// The halves joined must be the whole: a fault in the cutting stops here, not at a user's.
  Result<void> compare_with_whole(const CutEntry& entry, engine::Session& tail,
                                  const Values& values, const std::vector<Tensor>& exact,
                                  const std::vector<Tensor>& whole_outputs) {
    Values joined = values;
    const std::vector<Tensor> tail_outputs = CLEAVE_TRY(tail.run(exact));
    add(joined, entry.tail_outputs, tail_outputs);
    const std::vector<Tensor> found = CLEAVE_TRY(pick(model_.outputs(), joined));
    for (std::size_t i = 0; i < found.size(); ++i) {
      const double difference = relative_difference(found[i], whole_outputs[i]);
      const double allowed = tolerance(found[i].dtype(), engine::Precision::kF32);
      if (difference <= allowed) continue;
      return fail(ErrorCode::kInternal, kPlace,
                  "cut " + entry.id + ": output '" + model_.outputs()[i].name +
                      "' of the joined halves differs by " + std::to_string(difference) +
                      " of its range, expected at most " + std::to_string(allowed));
    }
    return {};
  }

  const graph::Model& model_;
  engine::Engine& engine_;
  const WriteRequest& request_;
  const CutRequest& cut_;
  Files& files_;
};

Result<void> check_request(const WriteRequest& request) {
  if (request.cuts.empty())
    return fail(ErrorCode::kInvalidArgument, kPlace, "no cut was given, expected one or more");
  if (request.samples.empty()) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "no sample input was given, expected one or more");
  }
  for (auto cut = request.cuts.begin(); cut != request.cuts.end(); ++cut) {
    CLEAVE_CHECK(codec::Codec::create(cut->codec));
    const auto is_same = [&](const CutRequest& other) {
      return other.network == cut->network && other.cut == cut->cut && other.codec == cut->codec;
    };
    if (std::any_of(request.cuts.begin(), cut, is_same))
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  "cut " + cut->cut->id() + " stands twice with the same unit and codec");
  }
  return {};
}

/// Of the first sample.
Result<std::vector<Tensor>> outputs_of(engine::Engine& engine, const graph::Model& network,
                                       const WriteRequest& request) {
  const auto session = CLEAVE_TRY(engine.compile(CLEAVE_TRY(network.to_bytes()), {}));
  return session->run(request.samples.front());
}

/// The cut's number of layers, and what tells it from the cuts before that have as many.
std::string next_id(const graph::Cut& cut, const std::vector<CutEntry>& before) {
  std::string id = cut.id();
  for (int n = 2; std::ranges::find(before, id, &CutEntry::id) != before.end(); ++n)
    id = cut.id() + "." + std::to_string(n);
  return id;
}

}  // namespace

Result<void> write_bundle(const graph::Model& model, engine::Engine& engine,
                          const WriteRequest& request, const std::filesystem::path& folder) {
  CLEAVE_CHECK(check_request(request));
  StagedFolder staged = CLEAVE_TRY(StagedFolder::create(folder));
  Files files(staged);
  Manifest manifest;
  manifest.name = request.name;
  manifest.model_name = request.model_name;
  manifest.preprocess = request.preprocess;
  manifest.labels = request.labels;
  manifest.costs = request.costs;
  manifest.accuracy = request.accuracy;
  manifest.inputs = model.inputs();

  const std::string whole_bytes = CLEAVE_TRY(model.to_bytes());
  manifest.model = CLEAVE_TRY(files.put_network("model.onnx", whole_bytes));
  manifest.model_sha256 = sha256_hex(as_bytes(whole_bytes));
  const auto whole = CLEAVE_TRY(engine.compile(whole_bytes, {}));
  manifest.outputs = specs_of(*whole, model.outputs());
  const std::vector<Tensor> whole_outputs = CLEAVE_TRY(whole->run(request.samples.front()));

  for (const CutRequest& cut : request.cuts) {
    const graph::Model& network = cut.network != nullptr ? *cut.network : model;
    const std::vector<Tensor> outputs =
        cut.network == nullptr ? whole_outputs : CLEAVE_TRY(outputs_of(engine, network, request));
    CutWriter writer(network, engine, request, cut, files);
    manifest.cuts.push_back(CLEAVE_TRY(writer.write(next_id(*cut.cut, manifest.cuts), outputs)));
  }
  manifest.weights = CLEAVE_TRY(files.put_weights());
  const Json json = to_json(manifest);
  // What is written must be readable: the reader's checks are the strictest there are.
  CLEAVE_CHECK(manifest_from_json(json));
  CLEAVE_CHECK(write_file(staged.path() / "bundle.json", dump_json(json, 2) + "\n"));
  return staged.commit();
}

}  // namespace cleave::bundle
