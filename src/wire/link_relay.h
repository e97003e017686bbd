#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "wire/link_proxy.h"
#include "wire/link_shaper.h"
#include "wire/link_socket.h"
#include "wire/link_timeline.h"

namespace cleave::wire {

/// The connections of a LinkProxy and the bytes between them: everything but the thread.
///
/// A connection has two ends, the client's and the target's. What is read at one end is pushed as a
/// frame onto the lane of its direction, and acted on at the other end when the lane's shaper lets
/// it arrive. Opening, closing and resetting are frames too, so that they take their turn in the
/// queue.
///
/// Driven from outside: accept() and ready() when epoll reports, settle() after each batch.
/// Not thread-safe. Sockets are watched in an epoll that is not owned, under the keys that ready()
/// takes.
class LinkRelay {
 public:
  /// Keys below this are the owner's own.
  static constexpr std::uint64_t kFirstKey = 16;

  LinkRelay(int epoll, std::vector<SocketAddress> target, LinkTimeline timeline);
  /// Resets what is open.
  ~LinkRelay();
  LinkRelay(const LinkRelay&) = delete;
  LinkRelay& operator=(const LinkRelay&) = delete;

  /// Takes over a client that has just connected.
  void accept(UniqueFd client, Nanos now);
  /// Epoll reported `events` for `key`.
  void ready(std::uint64_t key, std::uint32_t events, Nanos now);
  /// Lets arrive what is due and fills the room it leaves; returns when to call again at the
  /// latest.
  std::optional<Nanos> settle(Nanos now);

  void set_link(const Link& link, Nanos now);
  void set_outage(bool out, Nanos now);
  LinkStats stats() const;

 private:
  /// One socket of a connection: index 0 the client's, 1 the target's, so that an end's index is
  /// also that of the direction in which it sends.
  struct End {
    UniqueFd fd;
    std::uint32_t watched = 0;  // the epoll events asked for
    bool connecting = false;
    bool open = false;        // the handshake has come through; reading may begin
    bool parked = false;      // not read: its lane is full, and it has a place in the lane's turns
    bool stalled = false;     // not read: the other end does not take what it has sent
    bool read_done = false;   // its close or reset has been sent on
    bool close_due = false;   // the other end has closed: close once all is sent
    bool write_done = false;  // closed towards it
    std::deque<std::string> unsent;
    std::size_t sent_of_front = 0;
    std::size_t outstanding_bytes = 0;  // read here, not yet taken by the other end
  };
  struct Connection {
    std::uint64_t id = 0;
    std::array<End, 2> ends;
    std::size_t next_address = 0;
    bool doomed = false;
  };
  struct Frame {
    enum class Kind { kOpen, kData, kClose, kReset } kind;
    std::uint64_t connection;
    std::string bytes;
  };
  struct Lane {
    Lane(const LinkTimeline& timeline, Direction direction) : shaper(timeline, direction) {}

    LinkShaper shaper;
    std::deque<Frame> frames;         // in step with the shaper's chunks
    std::deque<std::uint64_t> turns;  // connections whose sending end is parked
    std::uint64_t arrived_bytes = 0;
    std::size_t limit_bytes = 0;  // no more is read beyond this; follows the link
    std::size_t chunk_bytes = 0;  // the largest frame
  };

  Connection* find(std::uint64_t id);
  void push(int side, Frame::Kind kind, Connection& connection, Nanos now, std::string bytes = {});
  void size_lane(int side, Nanos now);
  void park(Connection& connection, int side);
  void refill(int side, Nanos now);

  void receive(Connection& connection, int side, Nanos now);
  void arrive(int side, Frame frame, Nanos now);
  void flush(Connection& connection, int side, Nanos now);
  void taken(Connection& connection, int side, std::size_t bytes);

  void connect_next(Connection& connection, Nanos now);
  void connected(Connection& connection, Nanos now);
  void fail_end(Connection& connection, int side, Nanos now);
  void reset(Connection& connection);
  void doom(Connection& connection);
  void watch(Connection& connection, int side);

  int epoll_;
  std::vector<SocketAddress> target_;
  LinkTimeline timeline_;
  std::array<Lane, 2> lanes_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::vector<std::uint64_t> doomed_;
  std::uint64_t accepted_ = 0;
  std::string scratch_;
};

}  // namespace cleave::wire
