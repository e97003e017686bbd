#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "bundle/bundle.h"
#include "engine/engine.h"

namespace cleave::study {

/// A cut of a bundle, both halves in this process, joined by the cut's packets.
/// Thread safety: one thread at a time; copies made by fork() run in parallel. The bundle is
/// borrowed.
class CutSessions {
 public:
  /// Compiles the halves and holds them to the cut's recorded run.
  static Result<CutSessions> create(const bundle::Bundle& bundle, const bundle::CutEntry& cut,
                                    engine::Engine& engine, const engine::EngineOptions& options);
  Result<CutSessions> fork() const;

  struct Outcome {
    std::vector<Tensor> outputs;  ///< the network's, in its own order
    std::size_t packet_bytes = 0;
  };
  /// Inputs of the network in its own order.
  Result<Outcome> run(std::span<const Tensor> inputs);

 private:
  CutSessions(const bundle::Manifest& manifest, const bundle::CutEntry& cut,
              std::unique_ptr<engine::Session> head, std::unique_ptr<engine::Session> tail,
              bundle::CutCodec codec)
      : manifest_(&manifest),
        cut_(&cut),
        head_(std::move(head)),
        tail_(std::move(tail)),
        codec_(std::move(codec)) {}

  const bundle::Manifest* manifest_;
  const bundle::CutEntry* cut_;
  std::unique_ptr<engine::Session> head_;
  std::unique_ptr<engine::Session> tail_;
  bundle::CutCodec codec_;
};

}  // namespace cleave::study
