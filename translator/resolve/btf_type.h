// A type of the kernel, as a small value that is passed around. It refers to the catalog that it
// came from and must not outlive it. Nothing here fails: what hostile BTF leaves out is a type
// that is not there (false), a size of 0, a name "".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "translator/resolve/btf_blob.h"

namespace stapd::btf {

struct Member;
struct Parameter;
struct Enumerator;

struct Type {
  const Blob* blob = nullptr;
  uint32_t id = 0;  // 0: void

  explicit operator bool() const { return blob != nullptr; }
  bool operator==(const Type&) const = default;

  Kind kind() const;
  std::string_view name() const;  // "" for what has none: pointers, anonymous structures, ...
  uint64_t size() const;          // sizeof, through typedefs; 0: void, functions, forwards

  // What a pointer, typedef, qualifier, tag or variable is of, an array's element, a function's
  // prototype, a prototype's result. Not there for the others.
  Type target() const;
  // This type without the typedefs, qualifiers and tags around it.
  Type stripped() const;

  uint32_t elements() const;  // of an array
  bool is_signed() const;     // integers and enumerations, through typedefs
  bool is_bool() const;
  bool is_char() const;       // char or unsigned char: what an array of is shown as a text
  bool is_structure() const;  // structure or union, through typedefs
  bool is_pointer() const;
  bool is_array() const;
  bool is_forward_union() const;  // a forward declaration of a union, not of a structure

  // Structure and union, through typedefs: members in the order of the declaration.
  uint32_t member_count() const;
  Member member(uint32_t index) const;
  // Looks into anonymous structures and unions too; offsets are then from the start of this type.
  std::optional<Member> find_member(std::string_view name) const;

  // Function, prototype, pointer to one, through typedefs.
  Type prototype() const;
  std::vector<Parameter> parameters() const;
  Type result() const;  // not there when this is no function

  // Enumerations of both widths, through typedefs.
  uint32_t enumerator_count() const;
  Enumerator enumerator(uint32_t index) const;
  std::optional<int64_t> find_enumerator(std::string_view name) const;

  // As SystemTap writes it: "struct task_struct*", "char const*", "int[]".
  std::string text() const;

 private:
  const btf_type* raw() const { return blob ? blob->find(id) : nullptr; }
  uint32_t vlen() const;
};

struct Member {
  std::string_view name;  // "": anonymous
  Type type;
  uint64_t bit_offset = 0;
  uint32_t bit_size = 0;  // not 0: a bit-field

  uint64_t offset() const { return bit_offset / 8; }
};

struct Parameter {
  std::string_view name;
  Type type;  // void at the end of a list: "..."
};

struct Enumerator {
  std::string_view name;
  int64_t value = 0;
};

// How a bit-field is read on a little-endian machine: load `bytes` at `offset`, shift right by
// `shift`, keep `bits` (and extend the sign when the member's type is signed).
struct BitFieldLoad {
  uint64_t offset = 0;
  uint8_t bytes = 0;  // 1, 2, 4 or 8; 0: no such load exists
  uint8_t shift = 0;
  uint8_t bits = 0;
};
BitFieldLoad load_of_bit_field(const Member& member);

constexpr Kinds kStructureKinds = kind_set(Kind::structure, Kind::union_);
constexpr Kinds kEnumKinds = kind_set(Kind::enumeration, Kind::enumeration64);

}  // namespace stapd::btf
