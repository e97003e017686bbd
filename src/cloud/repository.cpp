#include "cloud/repository.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/file.h"
#include "graph/model.h"

namespace cleave::cloud {
namespace {

constexpr std::string_view kPlace = "cloud.repository";

std::string text_of(const TensorSpec& spec) {
  return fmt::format("{} {}", dtype_name(spec.dtype), shape_text(spec.shape));
}

/// What the session says, under the names that the graph or the manifest gives; the engine keeps
/// their order. Types and shapes are the session's: a graph may not know those of its outputs.
Result<std::vector<TensorSpec>> named(std::vector<TensorSpec> compiled,
                                      const std::vector<TensorSpec>& names, std::string_view what) {
  if (compiled.size() != names.size()) {
    return fail(
        ErrorCode::kCorrupt, kPlace,
        fmt::format("the network has {} {}s, expected {}", compiled.size(), what, names.size()));
  }
  for (std::size_t i = 0; i < compiled.size(); ++i) compiled[i].name = names[i].name;
  return compiled;
}

Result<data::Preprocess> picture_feed(const std::string& spec,
                                      const std::vector<TensorSpec>& inputs) {
  data::Preprocess preprocess = CLEAVE_TRY(data::Preprocess::parse(spec));
  const TensorSpec made{"", DType::kF32, preprocess.shape()};
  if (inputs.size() == 1 && inputs[0].dtype == made.dtype &&
      engine::shape_fits(inputs[0].shape, made.shape)) {
    return preprocess;
  }
  return fail(ErrorCode::kInvalidArgument, kPlace,
              fmt::format("'{}' makes one input of {}, the network takes {}", spec, text_of(made),
                          inputs.size() == 1 ? text_of(inputs[0])
                                             : fmt::format("{} inputs", inputs.size())));
}

class Loader {
 public:
  Loader(engine::Engine& engine, const RepositoryOptions& options)
      : engine_(engine), options_(options) {}

  Result<void> load(const std::filesystem::path& path) {
    source_ = path.string();
    auto loaded = bundle::is_bundle(path) ? load_bundle(path) : load_model(path);
    if (loaded) return {};
    Error error = std::move(loaded).error();
    if (!error.message.contains(source_)) error.message = source_ + ": " + error.message;
    return std::unexpected(std::move(error));
  }

  std::vector<Network> take() && { return std::move(networks_); }

 private:
  Result<void> load_model(const std::filesystem::path& path) {
    // The engine finds the shapes within the network as it compiles: no inference is needed here.
    std::optional<graph::Model> model =
        CLEAVE_TRY(graph::Model::load(path, {.shapes = options_.shapes, .infer = {}}));
    const std::vector<TensorSpec> inputs = model->inputs();
    const std::vector<TensorSpec> outputs = model->outputs();
    std::string bytes = CLEAVE_TRY(model->to_bytes());
    model.reset();
    return add_whole(path.stem().string(), std::move(bytes), inputs, outputs, options_.preprocess);
  }

  Result<void> load_bundle(const std::filesystem::path& path) {
    const bundle::Bundle bundle = CLEAVE_TRY(bundle::Bundle::load(path));
    const bundle::Manifest& manifest = bundle.manifest();
    for (const bundle::CutEntry& cut : manifest.cuts) CLEAVE_CHECK(add_tail(bundle, cut));
    std::string bytes = CLEAVE_TRY(bundle.network(manifest.model));
    return add_whole(bundle::whole_model_name(manifest), std::move(bytes), manifest.inputs,
                     manifest.outputs, manifest.preprocess);
  }

  Result<void> add_tail(const bundle::Bundle& bundle, const bundle::CutEntry& cut) {
    const std::string& bundle_name = bundle.manifest().name;
    Network tail;
    tail.name = bundle_name + "@" + cut.id;
    std::string bytes = CLEAVE_TRY(bundle.network(cut.tail));
    tail.session = CLEAVE_TRY(engine_.compile(std::move(bytes), options_.engine));
    PacketFeed packets{CLEAVE_TRY(bundle::CutCodec::create(cut)), "", nullptr};
    if (auto sequences = Sequences::create(packets.codec))
      packets.sequences = *std::move(sequences);
    std::vector<TensorSpec> crossing;
    for (const bundle::CrossingValue& c : cut.crossing) {
      crossing.push_back(c.value);
      packets.announcement +=
          fmt::format("{}{}:{}:{}:{}", packets.announcement.empty() ? "" : ";", c.value.name,
                      dtype_name(c.value.dtype), shape_text(c.value.shape), c.codec);
    }
    tail.inputs = CLEAVE_TRY(named(tail.session->inputs(), crossing, "input"));
    tail.outputs = CLEAVE_TRY(named(tail.session->outputs(), cut.tail_outputs, "output"));
    tail.packets = std::move(packets);
    const bundle::CheckVector check = CLEAVE_TRY(bundle.check_vector(cut));
    CLEAVE_CHECK(bundle::verify_tail(*tail.session, cut, check, options_.engine.precision));
    if (&cut == &bundle.default_cut()) {
      Network as_default = CLEAVE_TRY(under(bundle_name, tail));
      CLEAVE_CHECK(add(std::move(as_default)));
    }
    return add(std::move(tail));
  }

  Result<void> add_whole(std::string name, std::string bytes, const std::vector<TensorSpec>& inputs,
                         const std::vector<TensorSpec>& outputs, const std::string& preprocess) {
    Network whole;
    whole.name = std::move(name);
    whole.identity = sha256_hex(as_bytes(bytes)) + preprocess;
    if (find(whole.name) && find(whole.name)->identity == whole.identity) return {};
    whole.session = CLEAVE_TRY(engine_.compile(std::move(bytes), options_.engine));
    whole.inputs = CLEAVE_TRY(named(whole.session->inputs(), inputs, "input"));
    whole.outputs = CLEAVE_TRY(named(whole.session->outputs(), outputs, "output"));
    if (!preprocess.empty()) whole.image = CLEAVE_TRY(picture_feed(preprocess, whole.inputs));
    return add(std::move(whole));
  }

  /// The same compiled network under another name.
  static Result<Network> under(std::string name, const Network& network) {
    return Network{.name = std::move(name),
                   .source = {},
                   .identity = network.identity,
                   .session = CLEAVE_TRY(network.session->fork()),
                   .inputs = network.inputs,
                   .outputs = network.outputs,
                   .packets = network.packets,
                   .image = network.image};
  }

  Result<void> add(Network network) {
    if (const Network* other = find(network.name)) {
      return fail(ErrorCode::kInvalidArgument, kPlace,
                  fmt::format("'{}' and '{}' both serve the name '{}', expected one of them",
                              other->source, source_, network.name));
    }
    network.source = source_;
    networks_.push_back(std::move(network));
    return {};
  }

  const Network* find(std::string_view name) const {
    const auto it = std::ranges::find(networks_, name, &Network::name);
    return it == networks_.end() ? nullptr : &*it;
  }

  engine::Engine& engine_;
  const RepositoryOptions& options_;
  std::string source_;
  std::vector<Network> networks_;
};

}  // namespace

Result<std::vector<Network>> load_repository(engine::Engine& engine,
                                             std::span<const std::filesystem::path> paths,
                                             const RepositoryOptions& options) {
  Loader loader(engine, options);
  for (const std::filesystem::path& path : paths) CLEAVE_CHECK(loader.load(path));
  return std::move(loader).take();
}

}  // namespace cleave::cloud
