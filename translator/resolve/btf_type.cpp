#include "translator/resolve/btf_type.h"

#include <limits>

namespace stapd::btf {
namespace {

// Real chains are at most 6 long. Hostile ones may be circles.
constexpr int kMostHops = 32;
// Members looked at in one search: anonymous nesting in hostile BTF may branch without end.
constexpr int kMostMembers = 100'000;
constexpr int kMostNesting = 32;

constexpr Kinds kWrappers =
    kind_set(Kind::typedef_, Kind::volatile_, Kind::const_, Kind::restrict_, Kind::type_tag);
constexpr Kinds kWithTarget =
    kWrappers | kind_set(Kind::pointer, Kind::function, Kind::prototype, Kind::variable);
constexpr Kinds kWithSize =
    kStructureKinds | kEnumKinds | kind_set(Kind::integer, Kind::floating, Kind::section);

Type at(const Blob* blob, uint32_t id) { return {blob->owner_of(id), id}; }

template <class T>
const T& trailing(const btf_type& type, uint32_t index = 0) {
  return reinterpret_cast<const T*>(&type + 1)[index];
}

// The top byte of the word that follows an integer is its encoding, then its offset and width in
// bits, which only compilers of old used for bit-fields.
uint32_t integer_word(const btf_type& type) { return trailing<uint32_t>(type); }

uint64_t saturating_multiply(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<uint64_t>::max() : product;
}

std::optional<Member> search_members(Type type, std::string_view name, uint64_t base, int depth,
                                     int& budget) {
  uint32_t count = type.member_count();
  for (uint32_t i = 0; i < count && --budget > 0; ++i) {
    Member m = type.member(i);
    m.bit_offset += base;
    if (m.name == name) return m;
    if (!m.name.empty() || depth == kMostNesting || !m.type.is_structure()) continue;
    if (auto found = search_members(m.type, name, m.bit_offset, depth + 1, budget)) return found;
  }
  return std::nullopt;
}

}  // namespace

Kind Type::kind() const {
  const btf_type* t = raw();
  return t ? Blob::kind_of(*t) : Kind::void_;
}

std::string_view Type::name() const {
  const btf_type* t = raw();
  return t ? blob->string(t->name_off) : std::string_view();
}

uint32_t Type::vlen() const {
  const btf_type* t = raw();
  return t ? t->info & 0xffff : 0;
}

Type Type::target() const {
  const btf_type* t = raw();
  if (!t) return {};
  Kind k = Blob::kind_of(*t);
  if (k == Kind::array) return at(blob, trailing<btf_array>(*t).type);
  if (kWithTarget & kind_set(k)) return at(blob, t->type);
  return {};
}

Type Type::stripped() const {
  Type type = *this;
  for (int hops = 0; hops < kMostHops; ++hops) {
    const btf_type* t = type.raw();
    if (!t || !(kWrappers & kind_set(Blob::kind_of(*t)))) return type;
    type = at(type.blob, t->type);
  }
  return {blob, 0};
}

uint64_t Type::size() const {
  uint64_t count = 1;
  Type type = stripped();
  for (int hops = 0; hops < kMostHops; ++hops) {
    const btf_type* t = type.raw();
    if (!t) return 0;
    Kind k = Blob::kind_of(*t);
    if (k == Kind::pointer) return saturating_multiply(count, sizeof(uint64_t));
    if (kWithSize & kind_set(k)) return saturating_multiply(count, t->size);
    if (k == Kind::variable) {
      type = type.target().stripped();
      continue;
    }
    if (k != Kind::array) return 0;
    count = saturating_multiply(count, trailing<btf_array>(*t).nelems);
    type = type.target().stripped();
  }
  return 0;
}

uint32_t Type::elements() const {
  Type type = stripped();
  return type.kind() == Kind::array ? trailing<btf_array>(*type.raw()).nelems : 0;
}

bool Type::is_signed() const {
  Type type = stripped();
  const btf_type* t = type.raw();
  if (!t) return false;
  Kind k = Blob::kind_of(*t);
  if (k == Kind::integer) return integer_word(*t) >> 24 & BTF_INT_SIGNED;
  return (kEnumKinds & kind_set(k)) && type.blob->is_signed_enumeration(*t);
}

bool Type::is_bool() const {
  Type type = stripped();
  return type.kind() == Kind::integer && (integer_word(*type.raw()) >> 24 & BTF_INT_BOOL);
}

bool Type::is_char() const {
  Type type = stripped();
  if (type.kind() != Kind::integer || type.raw()->size != 1) return false;
  std::string_view n = type.name();
  return n == "char" || n == "unsigned char";
}

bool Type::is_structure() const { return kStructureKinds & kind_set(stripped().kind()); }
bool Type::is_pointer() const { return stripped().kind() == Kind::pointer; }
bool Type::is_forward_union() const { return kind() == Kind::forward && raw()->info >> 31; }
bool Type::is_array() const { return stripped().kind() == Kind::array; }

uint32_t Type::member_count() const {
  Type type = stripped();
  return kStructureKinds & kind_set(type.kind()) ? type.vlen() : 0;
}

Member Type::member(uint32_t index) const {
  if (index >= member_count()) return {};
  Type type = stripped();
  const btf_type& t = *type.raw();
  const btf_member& m = trailing<btf_member>(t, index);
  Member result = {type.blob->string(m.name_off), at(type.blob, m.type), m.offset, 0};
  if (t.info >> 31) {  // kind_flag: the top byte of the offset is the width of a bit-field
    result.bit_offset = m.offset & 0xffffff;
    result.bit_size = m.offset >> 24;
    return result;
  }
  Type integer = result.type.stripped();
  if (integer.kind() != Kind::integer) return result;
  uint32_t word = integer_word(*integer.raw());
  uint32_t bits = word & 0xff;
  if (bits != 0 && bits != integer.raw()->size * uint64_t{8}) {
    result.bit_offset += word >> 16 & 0xff;
    result.bit_size = bits;
  }
  return result;
}

std::optional<Member> Type::find_member(std::string_view name) const {
  if (name.empty()) return std::nullopt;
  int budget = kMostMembers;
  return search_members(*this, name, 0, 0, budget);
}

Type Type::prototype() const {
  Type type = stripped();
  if (type.kind() == Kind::pointer) type = type.target().stripped();
  if (type.kind() == Kind::function) type = type.target().stripped();
  return type.kind() == Kind::prototype ? type : Type{};
}

std::vector<Parameter> Type::parameters() const {
  std::vector<Parameter> result;
  Type type = prototype();
  uint32_t count = type.vlen();
  for (uint32_t i = 0; i < count; ++i) {
    const btf_param& p = trailing<btf_param>(*type.raw(), i);
    result.push_back({type.blob->string(p.name_off), at(type.blob, p.type)});
  }
  return result;
}

Type Type::result() const {
  Type type = prototype();
  return type ? type.target() : Type{};
}

uint32_t Type::enumerator_count() const {
  Type type = stripped();
  return kEnumKinds & kind_set(type.kind()) ? type.vlen() : 0;
}

Enumerator Type::enumerator(uint32_t index) const {
  if (index >= enumerator_count()) return {};
  Type type = stripped();
  const btf_type& t = *type.raw();
  if (Blob::kind_of(t) == Kind::enumeration64) {
    const btf_enum64& e = trailing<btf_enum64>(t, index);
    uint64_t value = uint64_t{e.val_hi32} << 32 | e.val_lo32;
    return {type.blob->string(e.name_off), static_cast<int64_t>(value)};
  }
  const btf_enum& e = trailing<btf_enum>(t, index);
  int64_t value =
      type.blob->is_signed_enumeration(t) ? int64_t{e.val} : int64_t{static_cast<uint32_t>(e.val)};
  return {type.blob->string(e.name_off), value};
}

std::optional<int64_t> Type::find_enumerator(std::string_view name) const {
  uint32_t count = enumerator_count();
  for (uint32_t i = 0; i < count; ++i) {
    Enumerator e = enumerator(i);
    if (e.name == name) return e.value;
  }
  return std::nullopt;
}

BitFieldLoad load_of_bit_field(const Member& member) {
  uint64_t first = member.bit_offset, bits = member.bit_size;
  if (bits == 0 || bits > 64) return {};
  for (unsigned bytes = 1; bytes <= 8; bytes *= 2) {
    uint64_t offset = first / 8 / bytes * bytes;
    uint64_t shift = first - offset * 8;
    if (shift + bits > bytes * 8) continue;
    return {offset, static_cast<uint8_t>(bytes), static_cast<uint8_t>(shift),
            static_cast<uint8_t>(bits)};
  }
  uint64_t shift = first % 8;  // a packed field across an 8-byte boundary: an unaligned load
  if (shift + bits > 64) return {};
  return {first / 8, 8, static_cast<uint8_t>(shift), static_cast<uint8_t>(bits)};
}

}  // namespace stapd::btf
