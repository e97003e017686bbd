#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/types.h"

namespace cleave::wire {

/// Tells a service that whoever asked has gone: the connection broke, the call was cancelled or its
/// deadline passed. Work not yet begun may be dropped; `done` must be called all the same.
using IsAbandoned = std::function<bool()>;
/// Takes the answer, once. May be called from any thread, also before infer() returns.
using InferDone = std::function<void(Result<InferResponse>)>;

/// What a Server serves. The server translates, checks requests for form (validate()), and derives
/// the rest: a model is ready when its index entry says READY, the server when every model is.
/// Thread safety: every method is called from several threads at once. None may throw.
class Service {
 public:
  virtual ~Service() = default;
  virtual ServerMetadata server_metadata() const = 0;
  /// An empty version asks for the newest. kNotFound for an unknown name or version.
  virtual Result<ModelMetadata> model_metadata(std::string_view name,
                                               std::string_view version) const = 0;
  virtual std::vector<ModelEntry> repository_index() const = 0;
  /// Must not block for long: it runs on a thread of the transport.
  virtual void infer(InferRequest request, IsAbandoned is_abandoned, InferDone done) = 0;
  /// The page for a metrics scraper, in the Prometheus text format.
  virtual std::string metrics_text() const = 0;
};

/// Readiness as the index tells it; an empty version means any. kNotFound for an unknown model.
bool is_ready(const Service& service);
Result<bool> is_model_ready(const Service& service, std::string_view name,
                            std::string_view version);
/// The index entries of one model, or all for an empty name; kNotFound where there is none.
Result<std::vector<ModelEntry>> entries_of(const Service& service, std::string_view name,
                                           std::string_view version);

}  // namespace cleave::wire
