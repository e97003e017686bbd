#include "wire/http_front.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "base/spec.h"
#include "wire/http_connection.h"
#include "wire/http_head.h"
#include "wire/http_infer.h"
#include "wire/http_info.h"
#include "wire/http_stream.h"
#include "wire/http_tensor.h"
#include "wire/status.h"

namespace cleave::wire {
namespace {

using httplib::Request;
using httplib::Response;

constexpr Nanos kIoTimeout = std::chrono::seconds(30);  // a peer that neither sends nor reads
constexpr Nanos kGonePeriod = std::chrono::milliseconds(100);
constexpr int kBacklog = 512;
constexpr int kPayloadTooLarge = 413;
constexpr int kUnsupportedMediaType = 415;
constexpr char kJsonType[] = "application/json";

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

// "/v2/models/NAME[/versions/VERSION][/ACTION]"
struct ModelPath {
  std::string name;
  std::string version;
  std::string action;
};

std::optional<ModelPath> model_path_of(std::string_view path) {
  const std::vector<std::string> segments = segments_of(path);
  if (segments.size() < 3 || segments[0] != "v2" || segments[1] != "models") return std::nullopt;
  ModelPath parsed{segments[2], "", ""};
  std::size_t next = 3;
  if (segments.size() >= next + 2 && segments[next] == "versions") {
    parsed.version = segments[next + 1];
    next += 2;
  }
  if (next < segments.size()) parsed.action = segments[next++];
  if (next < segments.size()) return std::nullopt;
  return parsed;
}

// "/v2/repository/models/NAME/load" or ".../unload"
bool is_load_or_unload(std::string_view path) {
  const std::vector<std::string> segments = segments_of(path);
  return segments.size() == 5 && segments[0] == "v2" && segments[1] == "repository" &&
         segments[2] == "models" && (segments[4] == "load" || segments[4] == "unload");
}

void answer(Response& response, std::string body, const char* type) {
  response.status = 200;
  response.body = std::move(body);
  response.set_header("Content-Type", type);
}

void answer(Response& response, const Json& json) { answer(response, dump_json(json), kJsonType); }

void refuse(Response& response, int status, std::string_view message) {
  answer(response, error_json(message));
  response.status = status;
}

void refuse(Response& response, const Error& error) {
  refuse(response, http_status_of(error.code), error.to_string());
}

// The answer to what is no request to httplib. The connection closes after it.
void refuse_unread(HttpStream& stream, std::string_view status, const Error& error) {
  const std::string body = dump_json(error_json(error.to_string()));
  const std::string text = fmt::format(
      "HTTP/1.1 {}\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
      status, kJsonType, body.size(), body);
  stream.write(text.data(), text.size());
}

void answer_ready(Response& response, const Result<bool>& ready) {
  if (!ready) return refuse(response, ready.error());
  if (!*ready) {
    return refuse(response, {ErrorCode::kUnavailable, "wire.http", "not ready"});
  }
  answer(response, "", kJsonType);
}

Result<std::optional<std::size_t>> json_length_of(const Request& request) {
  if (!request.has_header(kJsonLengthHeader)) return std::nullopt;
  const std::string text = request.get_header_value(kJsonLengthHeader);
  if (const auto length = parse_number<std::size_t>(text)) return length;
  return fail(ErrorCode::kInvalidArgument, "wire.http",
              fmt::format("{} is '{}', expected a number of bytes", kJsonLengthHeader, text));
}

}  // namespace

class HttpFront::Impl final : public httplib::Server {
 public:
  Impl(Service& service, const ServerOptions& options) : service_(service), options_(options) {
    set_tcp_nodelay(true);
    // Unlike httplib's default: two servers on one port would share its requests unknowingly.
    set_socket_options([this](socket_t fd) {
      const int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
      listener_ = fd;
    });
    new_task_queue = [this] {
      threads_ = new HttpThreads(static_cast<std::size_t>(options_.max_http_connections),
                                 [this] { connections_.make_room(); });
      return threads_;
    };
    // httplib reads the body of these methods whole, however large it is.
    set_pre_routing_handler([](const Request& request, Response& response) {
      if (request.method == "GET" || request.method == "HEAD" || request.method == "POST") {
        return HandlerResponse::Unhandled;
      }
      refuse(response, {ErrorCode::kNotFound, "wire.http", "expected GET or POST"});
      return HandlerResponse::Handled;
    });
    Get(".*", [this](const Request& request, Response& response) { get(request, response); });
    Post(".*", [this](const Request& request, Response& response,
                      const httplib::ContentReader& reader) { post(request, response, reader); });
    set_error_handler([](const Request&, Response& response) {
      if (response.body.empty()) refuse(response, response.status, "[wire.http] request refused");
    });
    set_exception_handler([](const Request&, Response& response, const std::exception_ptr&) {
      refuse(response, {ErrorCode::kInternal, "wire.http", "the request could not be handled"});
    });
  }

  // Returns the port that is listened on.
  Result<int> listen_on_port() {
    const int wanted = options_.http_port;
    const bool is_bound = wanted == 0 ? (port_ = bind_to_any_port(options_.host)) > 0
                                      : bind_to_port(options_.host, port_ = wanted);
    if (!is_bound) {
      return fail(
          ErrorCode::kIo, "wire.http",
          fmt::format("cannot listen on {}:{}: the port is taken or the host is not this one",
                      options_.host, wanted));
    }
    // httplib asks for a backlog of 5, too short for clients that all connect at once.
    ::listen(listener_, kBacklog);
    listening_ = std::thread([this] { listen_after_bind(); });
    while (!is_running()) std::this_thread::yield();  // before, stop() would be lost
    return port_;
  }

  void shutdown(Nanos grace) {
    const std::lock_guard lock(shutdown_mutex_);
    if (!listening_.joinable()) return;
    stop();
    connections_.end_all();
    if (!connections_.wait_until_none(grace)) connections_.cut_all();
    listening_.join();
  }

 private:
  bool process_and_close_socket(socket_t fd) override {
    const auto [number, connection] = connections_.open(fd);
    HttpStream stream(*connection, number, kIoTimeout);
    bool is_closed = false;
    while (!is_closed && receive_head(stream)) {
      const auto has_body = promises_body(stream.head());
      if (!has_body) {
        refuse_unread(stream, "400 Bad Request", has_body.error());
        break;
      }
      // Decided before the answer, which says so: a client that does not know sends its next
      // request into a connection that closes.
      const bool is_left_unread = *has_body && !stream.head().starts_with("POST ");
      const bool is_last = is_left_unread || connection->is_ending() || threads_->is_short();
      const auto without_ranges = [](Request& request) { request.ranges.clear(); };
      if (!process_request(stream, is_last, is_closed, without_ranges)) break;
      if (is_last || connection->is_ending() || !stream.is_past_head()) break;
    }
    connection->linger();
    connections_.close(number);
    return true;
  }

  // Is there a request to process? One that httplib must not see is answered here.
  bool receive_head(HttpStream& stream) {
    switch (stream.receive_head(options_.http_idle_timeout, options_.http_head_timeout)) {
      case HttpStream::Head::kNone:
        return false;
      case HttpStream::Head::kTooLarge:
        refuse_unread(stream, "431 Request Header Fields Too Large",
                      {ErrorCode::kResourceExhausted, "wire.http",
                       fmt::format("the request's head has over {} bytes", kMaxHeadBytes)});
        return false;
      case HttpStream::Head::kTooSlow:
        refuse_unread(
            stream, "408 Request Timeout",
            {ErrorCode::kDeadlineExceeded, "wire.http", "the request's head did not come in time"});
        return false;
      case HttpStream::Head::kWhole:
        break;
    }
    return true;
  }

  void get(const Request& request, Response& response) {
    const std::string& path = request.path;
    if (path == "/v2" || path == "/v2/")
      return answer(response, to_json(service_.server_metadata()));
    if (path == "/v2/health/live") return answer(response, "", kJsonType);
    if (path == "/v2/health/ready") return answer_ready(response, is_ready(service_));
    if (path == "/metrics") {
      return answer(response, service_.metrics_text(), "text/plain; version=0.0.4");
    }
    if (path == "/v2/models/stats") return get_statistics({}, response);
    if (const auto model = model_path_of(path)) return get_model(*model, response);
    refuse(response, {ErrorCode::kNotFound, "wire.http", "there is nothing at this path"});
  }

  void get_model(const ModelPath& model, Response& response) {
    if (model.action == "ready") {
      return answer_ready(response, is_model_ready(service_, model.name, model.version));
    }
    if (model.action == "stats") return get_statistics(model, response);
    if (!model.action.empty() && model.action != "config") {
      return refuse(response, {ErrorCode::kNotFound, "wire.http", "there is nothing at this path"});
    }
    const auto metadata = service_.model_metadata(model.name, model.version);
    if (!metadata) return refuse(response, metadata.error());
    answer(response, model.action.empty() ? to_json(*metadata) : config_json(*metadata));
  }

  void get_statistics(const ModelPath& model, Response& response) {
    const auto entries = entries_of(service_, model.name, model.version);
    if (!entries) return refuse(response, entries.error());
    answer(response, statistics_json(*entries));
  }

  void post(const Request& request, Response& response, const httplib::ContentReader& reader) {
    const auto connection = connections_.find(request.remote_port);
    auto body = read_body(request, response, reader);
    if (!body) {
      // What was not read would be taken for the next request.
      response.set_header("Connection", "close");
      connection->end_when_idle();
      return;
    }
    if (request.path == "/v2/repository/index") {
      return answer(response, to_json(service_.repository_index()));
    }
    if (is_load_or_unload(request.path)) {
      return refuse(response, {ErrorCode::kUnsupported, "wire.http",
                               "models are neither loaded nor unloaded while the server runs"});
    }
    const auto model = model_path_of(request.path);
    if (!model || model->action != "infer") {
      return refuse(response, {ErrorCode::kNotFound, "wire.http", "there is nothing at this path"});
    }
    infer(*model, request, *std::move(body), connection, response);
  }

  // The whole body, unpacked; without one, `response` says why.
  std::optional<std::string> read_body(const Request& request, Response& response,
                                       const httplib::ContentReader& reader) {
    if (request.is_multipart_form_data()) {
      refuse(response, kUnsupportedMediaType, "[wire.http] a multipart body is not supported");
      return std::nullopt;
    }
    // Without either header there is no body; httplib would wait for one until the peer closes.
    const bool has_body =
        request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
    if (!has_body) return "";
    const auto too_large = [&] {
      refuse(response, kPayloadTooLarge,
             fmt::format("[wire.http] the body has over {} bytes", options_.max_message_bytes));
      return std::nullopt;
    };
    const auto promised = request.get_header_value<std::uint64_t>("Content-Length");
    if (promised > options_.max_message_bytes) return too_large();
    std::string body;
    body.reserve(std::min<std::size_t>(promised, kMaxReserveBytes));
    bool is_too_large = false;
    const bool is_whole = reader([&](const char* data, std::size_t size) {
      is_too_large = size > options_.max_message_bytes - body.size();
      if (!is_too_large) body.append(data, size);
      return !is_too_large;
    });
    if (is_too_large) return too_large();
    if (is_whole) return body;
    refuse(response, response.status >= 400 ? response.status : 400,
           "[wire.http] the body could not be read or unpacked");
    return std::nullopt;
  }

  void infer(const ModelPath& model, const Request& request, std::string body,
             const std::shared_ptr<HttpConnection>& connection, Response& response) {
    const auto json_length = json_length_of(request);
    if (!json_length) return refuse(response, json_length.error());
    auto parsed = parse_http_infer(body, *json_length);
    if (!parsed) return refuse(response, parsed.error());
    body = {};
    parsed->request.model_name = model.name;
    parsed->request.model_version = model.version;
    auto result = wait_for_answer(std::move(parsed->request), connection);
    if (!result) return refuse(response, result.error());
    if (auto form = validate(*result); !form) return refuse(response, form.error());
    auto written = write_http_answer(*std::move(result), parsed->binary);
    if (!written) return refuse(response, written.error());
    if (written->json_length == written->bytes.size()) {
      return answer(response, std::move(written->bytes), kJsonType);
    }
    response.set_header(kJsonLengthHeader, std::to_string(written->json_length));
    answer(response, std::move(written->bytes), "application/octet-stream");
  }

  Result<InferResponse> wait_for_answer(InferRequest request,
                                        const std::shared_ptr<HttpConnection>& connection) {
    // Shared: the answer may come after this thread has given up on it.
    auto promise = std::make_shared<std::promise<Result<InferResponse>>>();
    auto future = promise->get_future();
    service_.infer(
        std::move(request),
        [watched = std::weak_ptr(connection)] {
          const auto alive = watched.lock();
          return !alive || alive->is_gone();
        },
        [promise](Result<InferResponse> result) { promise->set_value(std::move(result)); });
    while (future.wait_for(kGonePeriod) != std::future_status::ready) {
      if (!connection->is_gone()) continue;
      return fail(ErrorCode::kUnavailable, "wire.http", "the connection has gone");
    }
    return future.get();
  }

  static constexpr std::size_t kMaxReserveBytes = 4 << 20;

  Service& service_;
  const ServerOptions options_;
  HttpConnections connections_{[this] { return threads_->is_short(); }};
  HttpThreads* threads_ = nullptr;  // httplib's; outlives every task, which alone use it
  socket_t listener_ = INVALID_SOCKET;
  int port_ = 0;
  std::thread listening_;
  std::mutex shutdown_mutex_;
};

HttpFront::HttpFront(std::unique_ptr<Impl> impl, int port) : impl_(std::move(impl)), port_(port) {}
HttpFront::~HttpFront() { shutdown(Nanos(0)); }

Result<std::unique_ptr<HttpFront>> HttpFront::start(Service& service,
                                                    const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(service, options);
  const int port = CLEAVE_TRY(impl->listen_on_port());
  return std::unique_ptr<HttpFront>(new HttpFront(std::move(impl), port));
}

void HttpFront::shutdown(Nanos grace) { impl_->shutdown(grace); }

}  // namespace cleave::wire
