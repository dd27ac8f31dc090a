#include "translator/resolve/btf_names.h"

#include <bit>

namespace stapd::btf {
namespace {

constexpr int kScansBeforeIndex = 6;

uint32_t hash_of(std::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a: names are short
  for (unsigned char c : name) hash = (hash ^ c) * 16777619u;
  return hash ^ hash >> 15;
}

}  // namespace

Type Names::find(std::string_view name, Kinds kinds) {
  if (heads_.empty()) {
    if (scans_ < kScansBeforeIndex) {
      ++scans_;
      return scan(name, kinds);
    }
    build();
  }
  uint32_t id = heads_[hash_of(name) & (heads_.size() - 1)];
  for (; id != 0; id = next_[id - blob_.first_id()]) {
    const btf_type& t = *blob_.find(id);
    if ((kinds & kind_set(Blob::kind_of(t))) && blob_.has_name(t, name)) return {&blob_, id};
  }
  return {};
}

Type Names::scan(std::string_view name, Kinds kinds) const {
  for (uint32_t id = blob_.first_id(); id < blob_.end_id(); ++id) {
    const btf_type& t = *blob_.find(id);
    if ((kinds & kind_set(Blob::kind_of(t))) && blob_.has_name(t, name)) return {&blob_, id};
  }
  return {};
}

void Names::build() {
  uint32_t count = blob_.end_id() - blob_.first_id();
  heads_.assign(std::bit_ceil(count + 16), 0);
  next_.assign(count, 0);
  for (uint32_t id = blob_.end_id();
       id-- > blob_.first_id();) {  // so that the first id comes first
    const btf_type& t = *blob_.find(id);
    if (t.name_off == 0) continue;
    uint32_t& head = heads_[hash_of(blob_.string(t.name_off)) & (heads_.size() - 1)];
    next_[id - blob_.first_id()] = head;
    head = id;
  }
}

}  // namespace stapd::btf
