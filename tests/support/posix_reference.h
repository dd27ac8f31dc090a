// What a regular expression matches, by POSIX's words and nothing cleverer: the reference that the
// automata are tested against. For short texts only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "translator/regex/regex_tree.h"

namespace stapd::regex {

using Span = std::pair<int, int>;  // -1, -1: took no part

class PosixReference {
 public:
  PosixReference(const Tree& tree, const std::string& text) : tree_(tree), text_(text) {}

  // The leftmost, of those the longest, and its groups.
  std::optional<std::vector<Span>> run() {
    for (int start = 0; start <= size(); ++start) {
      const std::set<int>& ends = ends_of(tree_.root, start);
      if (ends.empty()) continue;
      groups_.assign(tree_.groups, {-1, -1});
      choose(tree_.root, start, *ends.rbegin());
      return groups_;
    }
    return std::nullopt;
  }

 private:
  using Kind = Node::Kind;
  int size() const { return static_cast<int>(text_.size()); }

  const std::set<int>& ends_of(const Node& node, int start) {
    const auto key = std::pair(&node, start);
    if (const auto it = ends_.find(key); it != ends_.end()) return it->second;
    std::set<int> out = find_ends(node, start);
    return ends_[key] = std::move(out);
  }

  std::set<int> find_ends(const Node& node, int start) {
    switch (node.kind) {
      case Kind::empty:
        return {start};
      case Kind::set:
        if (start < size() && node.set[static_cast<unsigned char>(text_[start])])
          return {start + 1};
        return {};
      case Kind::at_start:
        return start == 0 ? std::set{start} : std::set<int>{};
      case Kind::at_end:
        return start == size() ? std::set{start} : std::set<int>{};
      case Kind::group:
        return ends_of(node.children[0], start);
      case Kind::choice: {
        std::set<int> out;
        for (const Node& child : node.children) out.merge(std::set(ends_of(child, start)));
        return out;
      }
      case Kind::sequence: {
        std::set<int> at = {start};
        for (const Node& child : node.children) {
          std::set<int> next;
          for (int from : at) next.merge(std::set(ends_of(child, from)));
          at = std::move(next);
        }
        return at;
      }
      case Kind::repeat: {
        std::set<int> out;
        for (int end = start; end <= size(); ++end)
          if (can_repeat(node, 0, start, end)) out.insert(end);
        return out;
      }
    }
    return {};
  }

  // Whether rounds from `round` on get from `at` to `end`.
  bool can_repeat(const Node& node, uint32_t round, int at, int end) {
    if (at == end && round >= node.least) return true;
    if (round == node.most) return false;
    for (int next : ends_of(node.children[0], at)) {
      if (next > end) break;
      if (next == at && round >= node.least && round > 0) continue;
      if (next == at && round > 2 * node.least) continue;
      if (can_repeat(node, round + 1, next, end)) return true;
    }
    return false;
  }

  bool rest_fits(const Node& node, size_t child, int at, int end) {
    if (child == node.children.size()) return at == end;
    for (int next : ends_of(node.children[child], at))
      if (rest_fits(node, child + 1, next, end)) return true;
    return false;
  }

  void choose(const Node& node, int start, int end) {
    switch (node.kind) {
      case Kind::group:
        groups_[node.group] = {start, end};
        return choose(node.children[0], start, end);
      case Kind::choice:
        for (const Node& child : node.children)
          if (ends_of(child, start).contains(end)) return choose(child, start, end);
        return;
      case Kind::sequence: {
        int at = start;
        for (size_t i = 0; i < node.children.size(); ++i) {
          const std::set<int> ends = ends_of(node.children[i], at);
          for (auto it = ends.rbegin(); it != ends.rend(); ++it) {
            if (!rest_fits(node, i + 1, *it, end)) continue;
            choose(node.children[i], at, *it);
            at = *it;
            break;
          }
        }
        return;
      }
      case Kind::repeat:
        return choose_rounds(node, start, end);
      default:
        return;
    }
  }

  void choose_rounds(const Node& node, int start, int end) {
    int at = start;
    for (uint32_t round = 0; round < node.most; ++round) {
      if (at == end && round >= node.least && round > 0) return;
      const std::set<int> ends = ends_of(node.children[0], at);
      bool chosen = false;
      for (auto it = ends.rbegin(); it != ends.rend() && !chosen; ++it) {
        if (*it > end || !can_repeat(node, round + 1, *it, end)) continue;
        choose(node.children[0], at, *it);
        at = *it;
        chosen = true;
      }
      if (!chosen) return;
    }
  }

  const Tree& tree_;
  const std::string& text_;
  std::map<std::pair<const Node*, int>, std::set<int>> ends_;
  std::vector<Span> groups_;
};

}  // namespace stapd::regex
