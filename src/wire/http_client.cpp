#include <fmt/format.h>
#include <httplib.h>

#include <charconv>
#include <mutex>

#include "wire/client_impl.h"
#include "wire/http_channel.h"
#include "wire/http_infer.h"
#include "wire/http_info.h"
#include "wire/status.h"

namespace cleave::wire {
namespace {

// A model's name as one segment of a path.
std::string escaped(std::string_view segment) {
  std::string text;
  for (const char c : segment) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                          std::string_view("-._~").find(c) != std::string_view::npos;
    if (is_plain)
      text += c;
    else
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::optional<std::size_t> json_length;
};

class HttpClient final : public Client {
 public:
  HttpClient(const Endpoint& endpoint, const ClientOptions& options)
      : endpoint_(endpoint), options_(options) {}

  Result<InferReply> infer(InferRequest request, Nanos timeout) override {
    CLEAVE_CHECK(validate(request));
    const std::string path = model_path(request.model_name, request.model_version) + "/infer";
    HttpBody body = CLEAVE_TRY(write_http_infer(std::move(request)));
    InferReply reply;
    reply.sent_bytes = body.bytes.size();
    const HttpAnswer answer = CLEAVE_TRY(expect_ok(post(path, std::move(body), timeout)));
    reply.received_bytes = answer.body.size();
    auto response = parse_http_answer(answer.body, answer.json_length);
    if (!response) return nonsense(response.error());
    reply.response = *std::move(response);
    return reply;
  }

  Result<ServerMetadata> server_metadata(Nanos timeout) override {
    return read_json(get("/v2", timeout), server_metadata_from_json);
  }

  Result<ModelMetadata> model_metadata(std::string_view name, std::string_view version,
                                       Nanos timeout) override {
    return read_json(get(model_path(name, version), timeout), model_metadata_from_json);
  }

  Result<std::vector<ModelEntry>> repository_index(Nanos timeout) override {
    return read_json(post("/v2/repository/index", {"{}", 2}, timeout), index_from_json);
  }

  Result<bool> probe(Probe what, std::string_view model, Nanos timeout) override {
    std::string path = "/v2/health/live";
    if (what == Probe::kReady) path = "/v2/health/ready";
    if (what == Probe::kModelReady) path = model_path(model, "") + "/ready";
    auto answer = get(path, timeout);
    if (answer && code_of_http(answer->status) == ErrorCode::kUnavailable) return false;
    CLEAVE_CHECK(expect_ok(std::move(answer)));
    return true;
  }

 private:
  // The connections that wait for work; each call takes one or opens one.
  class Connections {
   public:
    std::unique_ptr<HttpChannel> take() {
      const std::lock_guard lock(mutex_);
      if (idle_.empty()) return nullptr;
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    void give_back(std::unique_ptr<HttpChannel> connection) {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(connection));
    }

   private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<HttpChannel>> idle_;
  };

  static std::string model_path(std::string_view name, std::string_view version) {
    const std::string path = "/v2/models/" + escaped(name);
    return version.empty() ? path : path + "/versions/" + escaped(version);
  }

  Result<HttpAnswer> get(const std::string& path, Nanos timeout) {
    httplib::Request request;
    request.method = "GET";
    request.path = path;
    return call(request, timeout);
  }

  Result<HttpAnswer> post(const std::string& path, HttpBody body, Nanos timeout) {
    httplib::Request request;
    request.method = "POST";
    request.path = path;
    request.set_header("Content-Type", "application/octet-stream");
    request.set_header(kJsonLengthHeader, std::to_string(body.json_length));
    request.body = std::move(body.bytes);
    return call(request, timeout);
  }

  Result<HttpAnswer> call(httplib::Request& request, Nanos timeout) {
    auto connection = connections_.take();
    if (!connection) connection = std::make_unique<HttpChannel>(endpoint_);
    HttpAnswer answer;
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
      if (size > options_.max_message_bytes - answer.body.size()) return false;
      answer.body.append(data, size);
      return true;
    };
    httplib::Response response;
    const auto outcome = connection->call(request, response, timeout);
    if (outcome != HttpChannel::Outcome::kDone) return transport_error(outcome, timeout);
    connections_.give_back(std::move(connection));
    answer.status = response.status;
    if (response.has_header(kJsonLengthHeader)) {
      answer.json_length = response.get_header_value<std::uint64_t>(kJsonLengthHeader);
    }
    return answer;
  }

  std::unexpected<Error> transport_error(HttpChannel::Outcome outcome, Nanos timeout) const {
    switch (outcome) {
      case HttpChannel::Outcome::kLate:
        return too_late(endpoint_, timeout);
      case HttpChannel::Outcome::kNotConnected:
        return unreachable(endpoint_, "cannot connect: nobody listens there, or there is no way");
      case HttpChannel::Outcome::kNotSent:
        return unreachable(endpoint_, "the connection was closed while the request was sent");
      case HttpChannel::Outcome::kClosed:
        return unreachable(endpoint_, "the connection was closed while the answer was read");
      case HttpChannel::Outcome::kTooLarge:
        return unreachable(endpoint_, "the answer's headers are too long");
      case HttpChannel::Outcome::kCancelled:
        return fail(ErrorCode::kResourceExhausted, "wire.client",
                    fmt::format("{}: the answer has over {} bytes", endpoint_.to_string(),
                                options_.max_message_bytes));
      case HttpChannel::Outcome::kNotHttp:
      case HttpChannel::Outcome::kDone:
        break;
    }
    return unreachable(endpoint_, "the answer is not HTTP");
  }

  static Result<HttpAnswer> expect_ok(Result<HttpAnswer> answer) {
    if (!answer || answer->status == 200) return answer;
    std::string message = fmt::format("HTTP status {}", answer->status);
    if (const auto json = parse_json(answer->body, "wire.client")) {
      if (auto text = json_get<std::string>(*json, "error", "wire.client")) message = *text;
    }
    return fail(code_of_http(answer->status), kServerPlace, std::move(message));
  }

  template <class T>
  static Result<T> read_json(Result<HttpAnswer> answer, Result<T> (*read)(const Json&)) {
    const HttpAnswer ok = CLEAVE_TRY(expect_ok(std::move(answer)));
    auto json = parse_json(ok.body, "wire.response");
    if (!json) return nonsense(json.error());
    auto value = read(*json);
    if (!value) return nonsense(value.error());
    return value;
  }

  const Endpoint endpoint_;
  const ClientOptions options_;
  Connections connections_;
};

}  // namespace

std::unique_ptr<Client> make_http_client(const Endpoint& endpoint, const ClientOptions& options) {
  return std::make_unique<HttpClient>(endpoint, options);
}

}  // namespace cleave::wire
