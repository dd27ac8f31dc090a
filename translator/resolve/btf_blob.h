// One blob of BTF as it lies in memory: the kernel's, or a module's on top of it ("split BTF").
// The bytes are untrusted. parse_untrusted() checks the shape of every type once; what types refer
// to (names, other types) is checked when it is followed.
#pragma once

#include <linux/btf.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "translator/resolve/file_bytes.h"

namespace stapd::btf {

// BTF_KIND_*, for those who do not see <linux/btf.h>.
enum class Kind : uint8_t {
  void_ = 0,  // also: an id that does not exist
  integer = 1,
  pointer = 2,
  array = 3,
  structure = 4,
  union_ = 5,
  enumeration = 6,
  forward = 7,
  typedef_ = 8,
  volatile_ = 9,
  const_ = 10,
  restrict_ = 11,
  function = 12,
  prototype = 13,
  variable = 14,
  section = 15,
  floating = 16,
  decl_tag = 17,
  type_tag = 18,
  enumeration64 = 19,
};

// A set of kinds, for look-ups by name.
using Kinds = uint32_t;
constexpr Kinds kind_set(Kind kind) { return 1u << static_cast<unsigned>(kind); }
template <class... Rest>
constexpr Kinds kind_set(Kind first, Rest... rest) {
  return kind_set(first) | kind_set(rest...);
}

class Blob {
 public:
  // `base`: the kernel's blob when this is a module's; must outlive the result.
  static Result<std::unique_ptr<const Blob>> parse_untrusted(FileBytes bytes,
                                                             const Blob* base = nullptr);

  // Ids of this blob's own types: [first_id, end_id). Smaller ones are those of the base.
  uint32_t first_id() const { return first_id_; }
  uint32_t end_id() const { return first_id_ + static_cast<uint32_t>(offsets_.size()); }

  // The type as the kernel wrote it, followed by its `vlen` members; null for void and for an id
  // that does not exist.
  const btf_type* find(uint32_t id) const {
    if (id < first_id_) return base_ ? base_->find(id) : nullptr;
    uint32_t index = id - first_id_;
    return index < offsets_.size() ? at(offsets_[index]) : nullptr;
  }

  // The blob that holds the type itself, so that a type has one address: this one or the base.
  const Blob* owner_of(uint32_t id) const { return base_ && id < first_id_ ? base_ : this; }

  // The string at `offset`, "" when there is none.
  std::string_view string(uint32_t offset) const {
    const char* text = find_string(offset);
    return text ? std::string_view(text) : std::string_view();
  }

  // Whether `type` has this name; cheaper than string() == name.
  bool has_name(const btf_type& type, std::string_view name) const;

  // Encoders older than pahole 1.24 flag no enumeration as signed, and mean int.
  bool is_signed_enumeration(const btf_type& type) const {
    return type.info >> 31 || !enumerations_have_sign_;
  }

  static Kind kind_of(const btf_type& type) { return static_cast<Kind>(type.info >> 24 & 0x1f); }

 private:
  Blob() = default;
  Status read_header();
  Status index_types();
  const btf_type* at(uint32_t offset) const {
    return reinterpret_cast<const btf_type*>(types_.data() + offset);
  }
  const char* find_string(uint32_t offset) const {
    if (offset < first_string_) return base_ ? base_->find_string(offset) : nullptr;
    uint32_t index = offset - first_string_;
    return index < strings_.size() ? strings_.data() + index : nullptr;
  }

  FileBytes bytes_;
  const Blob* base_ = nullptr;
  std::string_view types_, strings_;  // strings_ ends with a 0
  uint32_t first_id_ = 1;
  uint32_t first_string_ = 0;
  bool enumerations_have_sign_ = false;
  std::vector<uint32_t> offsets_;  // in types_, of each type
};

}  // namespace stapd::btf
