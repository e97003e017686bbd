#include "wire/link_relay.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace cleave::wire {
namespace {

constexpr int kClient = 0;
constexpr int kTarget = 1;

/// A lane holds two bandwidth-delay products and what the link takes in kSlack, in which the thread
/// may be late without the link running dry.
constexpr Nanos kSlack = std::chrono::milliseconds(20);
constexpr std::size_t kMinLaneBytes = std::size_t{64} * 1024;
/// Frames are a millisecond of the link, so that a message arrives bit by bit as it would on a
/// wire; at least a segment of Ethernet, at most a read that is worth its system call.
constexpr Nanos kFrameTime = std::chrono::milliseconds(1);
constexpr std::size_t kMinFrameBytes = 1448;
constexpr std::size_t kMaxFrameBytes = std::size_t{64} * 1024;

int other(int side) { return 1 - side; }

bool is_transient(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

LinkRelay::LinkRelay(int epoll, std::vector<SocketAddress> target, LinkTimeline timeline)
    : epoll_(epoll),
      target_(std::move(target)),
      timeline_(std::move(timeline)),
      lanes_{Lane(timeline_, Direction::kUp), Lane(timeline_, Direction::kDown)},
      scratch_(kMaxFrameBytes, '\0') {
  for (int side : {kClient, kTarget}) size_lane(side, Nanos(0));
}

LinkRelay::~LinkRelay() {
  for (auto& [id, connection] : connections_) reset(connection);
}

void LinkRelay::accept(UniqueFd client, Nanos now) {
  prepare_socket(client.get());
  const std::uint64_t id = kFirstKey + accepted_++;
  Connection& connection = connections_[id];
  connection.id = id;
  connection.ends[kClient].fd = std::move(client);
  push(kClient, Frame::Kind::kOpen, connection, now);
}

void LinkRelay::ready(std::uint64_t key, std::uint32_t events, Nanos now) {
  Connection* connection = find(key / 2);
  if (!connection) return;
  const int side = static_cast<int>(key % 2);
  End& end = connection->ends[side];
  // An event may be left over from before the sockets of this batch changed hands.
  if (end.watched == 0) return;
  if (end.connecting) return connected(*connection, now);
  const bool broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
  if ((end.watched & EPOLLOUT) && (broken || (events & EPOLLOUT))) flush(*connection, side, now);
  if ((end.watched & EPOLLIN) && (broken || (events & EPOLLIN))) receive(*connection, side, now);
}

std::optional<Nanos> LinkRelay::settle(Nanos now) {
  for (int side : {kClient, kTarget}) {
    Lane& lane = lanes_[side];
    size_lane(side, now);
    while (lane.shaper.pop(now)) {
      Frame frame = std::move(lane.frames.front());
      lane.frames.pop_front();
      lane.arrived_bytes += frame.bytes.size();
      arrive(side, std::move(frame), now);
    }
  }
  std::optional<Nanos> next;
  for (int side : {kClient, kTarget}) {
    refill(side, now);
    const std::optional<Nanos> event = lanes_[side].shaper.next_event(now);
    if (event && (!next || *event < *next)) next = event;
  }
  for (std::uint64_t id : doomed_) connections_.erase(id);
  doomed_.clear();
  return next;
}

void LinkRelay::set_link(const Link& link, Nanos now) {
  for (Lane& lane : lanes_) lane.shaper.settle(now);
  timeline_.set_link(link);
}

void LinkRelay::set_outage(bool out, Nanos now) {
  for (Lane& lane : lanes_) lane.shaper.settle(now);
  timeline_.set_outage(out);
}

LinkStats LinkRelay::stats() const {
  return {lanes_[kClient].arrived_bytes, lanes_[kTarget].arrived_bytes, accepted_,
          connections_.size() - doomed_.size()};
}

LinkRelay::Connection* LinkRelay::find(std::uint64_t id) {
  const auto found = connections_.find(id);
  return found == connections_.end() || found->second.doomed ? nullptr : &found->second;
}

void LinkRelay::push(int side, Frame::Kind kind, Connection& connection, Nanos now,
                     std::string bytes) {
  Lane& lane = lanes_[side];
  lane.shaper.push(now, bytes.size());
  lane.frames.push_back({kind, connection.id, std::move(bytes)});
}

void LinkRelay::size_lane(int side, Nanos now) {
  const LinkState state = timeline_.at(now, static_cast<Direction>(side));
  const Nanos held = 4 * state.one_way + kSlack;
  const auto bytes_in = [&](Nanos time) {
    return static_cast<std::size_t>(state.bytes_per_nano * static_cast<double>(time.count()));
  };
  lanes_[side].limit_bytes = std::max(kMinLaneBytes, bytes_in(held));
  lanes_[side].chunk_bytes = std::clamp(bytes_in(kFrameTime), kMinFrameBytes, kMaxFrameBytes);
}

void LinkRelay::park(Connection& connection, int side) {
  connection.ends[side].parked = true;
  lanes_[side].turns.push_back(connection.id);
}

void LinkRelay::refill(int side, Nanos now) {
  Lane& lane = lanes_[side];
  while (!lane.turns.empty() && lane.shaper.held_bytes() < lane.limit_bytes) {
    Connection* connection = find(lane.turns.front());
    lane.turns.pop_front();
    if (!connection) continue;
    connection->ends[side].parked = false;
    receive(*connection, side, now);
  }
}

void LinkRelay::receive(Connection& connection, int side, Nanos now) {
  Lane& lane = lanes_[side];
  End& end = connection.ends[side];
  if (!end.fd) return;
  if (end.outstanding_bytes >= 2 * lane.limit_bytes) {
    end.stalled = true;
  } else if (lane.shaper.held_bytes() >= lane.limit_bytes) {
    park(connection, side);
  } else {
    const ssize_t count = ::recv(end.fd.get(), scratch_.data(), lane.chunk_bytes, 0);
    if (count > 0) {
      end.outstanding_bytes += static_cast<std::size_t>(count);
      push(side, Frame::Kind::kData, connection, now,
           scratch_.substr(0, static_cast<std::size_t>(count)));
      if (lane.shaper.held_bytes() >= lane.limit_bytes) park(connection, side);
    } else if (count == 0) {
      end.read_done = true;
      push(side, Frame::Kind::kClose, connection, now);
    } else if (!is_transient(errno)) {
      return fail_end(connection, side, now);
    }
  }
  watch(connection, side);
}

void LinkRelay::arrive(int side, Frame frame, Nanos now) {
  Connection* connection = find(frame.connection);
  if (!connection) return;
  End& end = connection->ends[other(side)];
  switch (frame.kind) {
    case Frame::Kind::kOpen:
      if (side == kClient) return connect_next(*connection, now);
      end.open = true;
      return watch(*connection, other(side));
    case Frame::Kind::kData:
      end.unsent.push_back(std::move(frame.bytes));
      return flush(*connection, other(side), now);
    case Frame::Kind::kClose:
      end.close_due = true;
      return flush(*connection, other(side), now);
    case Frame::Kind::kReset:
      return reset(*connection);
  }
}

void LinkRelay::flush(Connection& connection, int side, Nanos now) {
  End& end = connection.ends[side];
  // An end that failed takes nothing any more; its reset is on its way to the other one.
  if (!end.fd) return end.unsent.clear();
  while (!end.unsent.empty()) {
    const std::string& front = end.unsent.front();
    const ssize_t count = ::send(end.fd.get(), front.data() + end.sent_of_front,
                                 front.size() - end.sent_of_front, MSG_NOSIGNAL);
    if (count < 0 && is_transient(errno)) break;
    if (count < 0) return fail_end(connection, side, now);
    taken(connection, other(side), static_cast<std::size_t>(count));
    end.sent_of_front += static_cast<std::size_t>(count);
    if (end.sent_of_front < front.size()) continue;
    end.unsent.pop_front();
    end.sent_of_front = 0;
  }
  if (end.unsent.empty() && end.close_due && !end.write_done) {
    ::shutdown(end.fd.get(), SHUT_WR);
    end.write_done = true;
    if (connection.ends[other(side)].write_done) return doom(connection);
  }
  watch(connection, side);
}

void LinkRelay::taken(Connection& connection, int side, std::size_t bytes) {
  End& end = connection.ends[side];
  end.outstanding_bytes -= bytes;
  if (!end.stalled || end.outstanding_bytes >= 2 * lanes_[side].limit_bytes) return;
  end.stalled = false;
  watch(connection, side);
}

void LinkRelay::connect_next(Connection& connection, Nanos now) {
  End& end = connection.ends[kTarget];
  end.connecting = false;
  while (connection.next_address < target_.size()) {
    end.watched = 0;
    end.fd = connect_tcp(target_[connection.next_address++]);
    if (!end.fd) continue;
    end.connecting = true;
    return watch(connection, kTarget);
  }
  fail_end(connection, kTarget, now);
}

void LinkRelay::connected(Connection& connection, Nanos now) {
  End& end = connection.ends[kTarget];
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(end.fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return connect_next(connection, now);
  end.connecting = false;
  end.open = true;
  push(kTarget, Frame::Kind::kOpen, connection, now);
  watch(connection, kTarget);
}

void LinkRelay::fail_end(Connection& connection, int side, Nanos now) {
  End& end = connection.ends[side];
  end.fd.reset();
  end.watched = 0;
  end.read_done = true;
  end.unsent.clear();
  push(side, Frame::Kind::kReset, connection, now);
}

void LinkRelay::reset(Connection& connection) {
  // Closing with a zero linger time sends a reset.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  for (End& end : connection.ends) {
    if (end.fd) ::setsockopt(end.fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  doom(connection);
}

void LinkRelay::doom(Connection& connection) {
  for (End& end : connection.ends) {
    end.fd.reset();
    end.watched = 0;
  }
  connection.doomed = true;
  doomed_.push_back(connection.id);
}

void LinkRelay::watch(Connection& connection, int side) {
  End& end = connection.ends[side];
  if (!end.fd) return;
  const bool reads = end.open && !end.read_done && !end.parked && !end.stalled;
  const bool writes = end.connecting || !end.unsent.empty();
  const std::uint32_t wanted = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u);
  if (wanted == end.watched) return;
  // A socket of which nothing is wanted leaves the epoll: its hang-up would be reported without
  // end.
  const int operation = wanted == 0        ? EPOLL_CTL_DEL
                        : end.watched == 0 ? EPOLL_CTL_ADD
                                           : EPOLL_CTL_MOD;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = connection.id * 2 + static_cast<std::uint64_t>(side);
  ::epoll_ctl(epoll_, operation, end.fd.get(), &event);
  end.watched = wanted;
}

}  // namespace cleave::wire
