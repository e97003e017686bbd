#include "plan/max_flow.h"

#include <algorithm>

namespace cleave::plan {

void FlowNetwork::add_arc(std::size_t from, std::size_t to, Capacity capacity, Capacity back) {
  arcs_of_[from].push_back(static_cast<std::uint32_t>(arcs_.size()));
  arcs_.push_back({to, capacity});
  arcs_of_[to].push_back(static_cast<std::uint32_t>(arcs_.size()));
  arcs_.push_back({from, back});
}

void FlowNetwork::solve(std::size_t source, std::size_t sink) {
  while (find_levels(source, sink)) block(source, sink);
}

/// Distances from the source over arcs with capacity left; true when the sink is reached.
bool FlowNetwork::find_levels(std::size_t source, std::size_t sink) {
  level_.assign(arcs_of_.size(), -1);
  level_[source] = 0;
  std::vector<std::size_t> queue{source};
  for (std::size_t head = 0; head < queue.size(); ++head) {
    const std::size_t vertex = queue[head];
    for (const std::uint32_t a : arcs_of_[vertex]) {
      const Arc& arc = arcs_[a];
      if (arc.left == 0 || level_[arc.to] >= 0) continue;
      level_[arc.to] = level_[vertex] + 1;
      queue.push_back(arc.to);
    }
  }
  return level_[sink] >= 0;
}

/// Sends flow along paths that go up one level an arc, until every such path is blocked. The path
/// is a stack of arcs: networks are deep, and recursion would follow them down.
void FlowNetwork::block(std::size_t source, std::size_t sink) {
  next_.assign(arcs_of_.size(), 0);
  std::vector<std::uint32_t> path;
  std::size_t vertex = source;
  for (;;) {
    if (vertex == sink) {
      Capacity sent = kInfinite;
      for (const std::uint32_t a : path) sent = std::min(sent, arcs_[a].left);
      std::size_t keep = path.size();
      for (std::size_t i = path.size(); i-- > 0;) {
        arcs_[path[i]].left -= sent;
        arcs_[path[i] ^ 1].left += sent;
        if (arcs_[path[i]].left == 0) keep = i;
      }
      path.resize(keep);
      vertex = path.empty() ? source : arcs_[path.back()].to;
      continue;
    }
    auto& next = next_[vertex];
    const auto& arcs = arcs_of_[vertex];
    while (next < arcs.size() &&
           (arcs_[arcs[next]].left == 0 || level_[arcs_[arcs[next]].to] != level_[vertex] + 1)) {
      ++next;
    }
    if (next < arcs.size()) {
      path.push_back(arcs[next]);
      vertex = arcs_[arcs[next]].to;
    } else if (path.empty()) {
      return;
    } else {
      vertex = arcs_[path.back() ^ 1].to;
      path.pop_back();
      ++next_[vertex];
    }
  }
}

}  // namespace cleave::plan
