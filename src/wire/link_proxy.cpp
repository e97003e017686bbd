#include "wire/link_proxy.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "wire/link_relay.h"

namespace cleave::wire {
namespace {

constexpr std::string_view kPlace = "link.proxy";
constexpr std::uint64_t kListenerKey = 0;
constexpr std::uint64_t kTimerKey = 1;
constexpr std::uint64_t kWakeKey = 2;
static_assert(kWakeKey < LinkRelay::kFirstKey);

constexpr bool is_usable(double number) { return number >= 0 && number < 1e9; }

Result<void> check(const LinkProxyOptions& options) {
  const Link& link = options.link;
  if (!is_usable(link.rtt_ms)) {
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "round trip is " + std::to_string(link.rtt_ms) + " ms, expected 0 or more");
  }
  if (options.trace) return {};
  for (double mbps : {link.up_mbps, link.down_mbps}) {
    if (is_usable(mbps) && mbps > 0) continue;
    return fail(ErrorCode::kInvalidArgument, kPlace,
                "rate is " + std::to_string(mbps) + " Mbit/s, expected more than 0");
  }
  return {};
}

/// What the system gives the loop to wait on.
struct Handles {
  UniqueFd epoll;
  UniqueFd listener;
  UniqueFd timer;
  UniqueFd wake;
};

bool watch(const UniqueFd& epoll, const UniqueFd& fd, std::uint32_t events, std::uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0;
}

Result<Handles> open_handles(const LinkProxyOptions& options) {
  const HostPort where = CLEAVE_TRY(parse_host_port(options.listen, "127.0.0.1"));
  Handles handles;
  handles.listener = CLEAVE_TRY(listen_tcp(where));
  handles.epoll = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  // Unlike a time-out of epoll_wait, a timer of the kernel is exact to some microseconds.
  handles.timer = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  handles.wake = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  // Edge-triggered, a timer and a wake-up need no read to be quiet again.
  if (!watch(handles.epoll, handles.listener, EPOLLIN, kListenerKey) ||
      !watch(handles.epoll, handles.timer, EPOLLIN | EPOLLET, kTimerKey) ||
      !watch(handles.epoll, handles.wake, EPOLLIN | EPOLLET, kWakeKey)) {
    return fail(ErrorCode::kIo, kPlace, std::string("cannot start: ") + std::strerror(errno));
  }
  return handles;
}

/// Puts the calling thread ahead of ordinary ones where the system allows it: beside busy threads
/// the scheduler would wake it milliseconds late. It never spins, so that it takes little from
/// them.
void come_first() {
  const sched_param lowest_realtime{.sched_priority = ::sched_get_priority_min(SCHED_FIFO)};
  ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &lowest_realtime);
}

}  // namespace

class LinkProxy::Impl {
 public:
  Impl(Handles handles, std::vector<SocketAddress> target, LinkTimeline timeline)
      : handles_(std::move(handles)),
        address_(local_address(handles_.listener.get()).host_port()),
        start_(clock_.now()),
        relay_(handles_.epoll.get(), std::move(target), std::move(timeline)),
        thread_([this] { run(); }) {}

  ~Impl() {
    change([this](Nanos) { stopping_ = true; });
    thread_.join();
  }

  const HostPort& address() const { return address_; }

  /// Runs `action(now)` between two rounds of the loop, and has the loop look at what it did.
  template <class F>
  void change(F action) {
    const std::lock_guard lock(mutex_);
    action(now());
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(handles_.wake.get(), &one, sizeof one);
  }

  LinkRelay& relay() { return relay_; }
  LinkStats stats() const {
    const std::lock_guard lock(mutex_);
    return relay_.stats();
  }

 private:
  Nanos now() const { return clock_.now() - start_; }

  void run() {
    // Signals are for the program's own threads.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    come_first();
    std::array<epoll_event, 64> events;
    while (true) {
      const int count =
          ::epoll_wait(handles_.epoll.get(), events.data(), static_cast<int>(events.size()), -1);
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      const Nanos present = now();
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)], present);
      set_timer(relay_.settle(present));
      resume_accepting();
    }
  }

  void handle(const epoll_event& event, Nanos present) {
    if (event.data.u64 >= LinkRelay::kFirstKey) {
      relay_.ready(event.data.u64, event.events, present);
    } else if (event.data.u64 == kListenerKey) {
      accept_all(present);
    }
  }

  void accept_all(Nanos present) {
    while (true) {
      UniqueFd client(
          ::accept4(handles_.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (client) {
        relay_.accept(std::move(client), present);
        continue;
      }
      // Out of descriptors: clients wait in the system's queue until a connection ends, instead of
      // waking the loop without end.
      if (errno == EMFILE || errno == ENFILE) set_accepting(false);
      if (errno != ECONNABORTED && errno != EINTR) return;
    }
  }

  void resume_accepting() {
    const std::uint64_t open = relay_.stats().open_connections;
    if (!accepting_ && open < open_when_full_) set_accepting(true);
  }

  void set_accepting(bool accepting) {
    accepting_ = accepting;
    open_when_full_ = relay_.stats().open_connections;
    epoll_event event{};
    event.events = accepting ? EPOLLIN : 0u;
    event.data.u64 = kListenerKey;
    ::epoll_ctl(handles_.epoll.get(), EPOLL_CTL_MOD, handles_.listener.get(), &event);
  }

  void set_timer(std::optional<Nanos> when) {
    itimerspec timer{};
    if (when) {
      const Nanos absolute = start_ + *when;
      timer.it_value.tv_sec = absolute.count() / 1'000'000'000;
      timer.it_value.tv_nsec = absolute.count() % 1'000'000'000;
    }
    ::timerfd_settime(handles_.timer.get(), TFD_TIMER_ABSTIME, &timer, nullptr);
  }

  Handles handles_;
  HostPort address_;
  SteadyClock clock_;
  Nanos start_;
  mutable std::mutex mutex_;  // guards what follows; held by the loop except while it waits
  LinkRelay relay_;
  bool stopping_ = false;
  bool accepting_ = true;
  std::uint64_t open_when_full_ = 0;
  std::thread thread_;  // last: runs when all else is there
};

Result<std::unique_ptr<LinkProxy>> LinkProxy::start(const LinkProxyOptions& options) {
  CLEAVE_CHECK(check(options));
  const HostPort where = CLEAVE_TRY(parse_host_port(options.target));
  auto target = CLEAVE_TRY(resolve(where));
  auto handles = CLEAVE_TRY(open_handles(options));
  return std::unique_ptr<LinkProxy>(new LinkProxy(
      std::make_unique<Impl>(std::move(handles), std::move(target),
                             LinkTimeline(options.link, options.trace, options.outages))));
}

LinkProxy::LinkProxy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LinkProxy::~LinkProxy() = default;

std::string LinkProxy::address() const { return impl_->address().to_string(); }
std::uint16_t LinkProxy::port() const { return impl_->address().port; }

void LinkProxy::set_link(const Link& link) {
  impl_->change([&](Nanos now) { impl_->relay().set_link(link, now); });
}

void LinkProxy::set_outage(bool out) {
  impl_->change([&](Nanos now) { impl_->relay().set_outage(out, now); });
}

LinkStats LinkProxy::stats() const { return impl_->stats(); }

}  // namespace cleave::wire
