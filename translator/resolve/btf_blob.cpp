#include "translator/resolve/btf_blob.h"

#include <cstring>

namespace stapd::btf {
namespace {

constexpr uint32_t kUnknownKind = UINT32_MAX;

// Bytes that follow struct btf_type.
uint32_t trailing_bytes(const btf_type& type) {
  uint32_t vlen = type.info & 0xffff;
  switch (Blob::kind_of(type)) {
    case Kind::integer:
    case Kind::variable:
    case Kind::decl_tag:
      return 4;
    case Kind::array:
      return sizeof(btf_array);
    case Kind::structure:
    case Kind::union_:
      return vlen * sizeof(btf_member);
    case Kind::enumeration:
      return vlen * sizeof(btf_enum);
    case Kind::enumeration64:
      return vlen * sizeof(btf_enum64);
    case Kind::prototype:
      return vlen * sizeof(btf_param);
    case Kind::section:
      return vlen * sizeof(btf_var_secinfo);
    case Kind::pointer:
    case Kind::forward:
    case Kind::typedef_:
    case Kind::volatile_:
    case Kind::const_:
    case Kind::restrict_:
    case Kind::function:
    case Kind::floating:
    case Kind::type_tag:
      return 0;
    case Kind::void_:
      break;
  }
  return kUnknownKind;
}

tl::unexpected<Error> corrupt(std::string what) {
  return fail(ErrorCode::corrupt, "BTF: " + std::move(what));
}

}  // namespace

Result<std::unique_ptr<const Blob>> Blob::parse_untrusted(FileBytes bytes, const Blob* base) {
  std::unique_ptr<Blob> blob(new Blob);
  blob->bytes_ = std::move(bytes);
  blob->base_ = base;
  if (base) {
    blob->first_id_ = base->end_id();
    blob->enumerations_have_sign_ = base->enumerations_have_sign_;
    blob->first_string_ = base->first_string_ + static_cast<uint32_t>(base->strings_.size());
  }
  STAPD_TRY(blob->read_header());
  STAPD_TRY(blob->index_types());
  return std::unique_ptr<const Blob>(std::move(blob));
}

Status Blob::read_header() {
  std::string_view all = bytes_.view();
  btf_header header;
  if (all.size() < sizeof header) return corrupt("shorter than its header");
  if (all.size() > UINT32_MAX / 2) return corrupt("too large");
  std::memcpy(&header, all.data(), sizeof header);
  if (header.magic == __builtin_bswap16(BTF_MAGIC)) {
    return fail(ErrorCode::unsupported, "BTF: of the other byte order");
  }
  if (header.magic != BTF_MAGIC) return corrupt("no BTF magic at its start");
  if (header.version != BTF_VERSION) {
    return failf(ErrorCode::unsupported, "BTF: version {} is not known", header.version);
  }
  uint64_t types = uint64_t{header.hdr_len} + header.type_off;
  uint64_t strings = uint64_t{header.hdr_len} + header.str_off;
  if (header.hdr_len < sizeof header || types % 4 != 0 || types + header.type_len > all.size() ||
      strings + header.str_len > all.size()) {
    return corrupt("a section reaches over the end");
  }
  types_ = all.substr(types, header.type_len);
  strings_ = all.substr(strings, header.str_len);
  if (!strings_.empty() && strings_.back() != '\0') return corrupt("the last string has no end");
  return {};
}

Status Blob::index_types() {
  offsets_.reserve(types_.size() / 24);  // the kernel's own: 25 bytes a type
  size_t offset = 0;
  while (offset < types_.size()) {
    size_t left = types_.size() - offset;
    if (left < sizeof(btf_type)) return corrupt("the last type is cut off");
    const btf_type& type = *at(static_cast<uint32_t>(offset));
    uint32_t trailing = trailing_bytes(type);
    if (trailing == kUnknownKind) {
      return failf(ErrorCode::unsupported, "BTF: type {} is of an unknown kind", end_id());
    }
    if (left - sizeof(btf_type) < trailing) return corrupt("the last type is cut off");
    enumerations_have_sign_ |= kind_of(type) == Kind::enumeration && type.info >> 31;
    offsets_.push_back(static_cast<uint32_t>(offset));
    offset += sizeof(btf_type) + trailing;
  }
  return {};
}

bool Blob::has_name(const btf_type& type, std::string_view name) const {
  const char* text = find_string(type.name_off);
  // Nearly all names differ in their first letter already.
  return text && !name.empty() && text[0] == name[0] && std::string_view(text) == name;
}

}  // namespace stapd::btf
