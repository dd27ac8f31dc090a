// Look-up by name in one blob. BTF has no index of its own: the first few look-ups scan its types
// (0.3 ms for a kernel's), then it is worth building one (2.5 ms).
#pragma once

#include <cstdint>
#include <vector>

#include "translator/resolve/btf_type.h"

namespace stapd::btf {

class Names {
 public:
  // `blob` must outlive this. Only the blob's own types are looked at, not its base's.
  explicit Names(const Blob& blob) : blob_(blob) {}

  // The first type of this name and one of these kinds.
  Type find(std::string_view name, Kinds kinds);

 private:
  Type scan(std::string_view name, Kinds kinds) const;
  void build();

  const Blob& blob_;
  int scans_ = 0;
  // Heads of chains of ids by hash of the name; an empty chain is 0.
  std::vector<uint32_t> heads_;
  std::vector<uint32_t> next_;  // by id - first_id
};

}  // namespace stapd::btf
