// Builds small BTF blobs for tests, so that what is under test does not depend on the host's
// kernel. Type ids are handed out in the order of the calls, as in real BTF.
#pragma once

#include <linux/btf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace stapd::test {

class BtfBuilder {
 public:
  using Id = uint32_t;
  static constexpr Id kVoid = 0;

  struct Field {
    std::string name;  // "": an anonymous member
    Id type = kVoid;
    uint32_t bit_offset = 0;
    uint32_t bit_size = 0;  // not 0: a bit-field
  };
  struct Parameter {
    std::string name;
    Id type = kVoid;
  };
  struct Enumerator {
    std::string name;
    int64_t value = 0;
  };
  struct SectionVariable {
    Id variable = kVoid;
    uint32_t offset = 0;
    uint32_t size = 0;
  };

  BtfBuilder() = default;

  // Split BTF, as modules have it: ids and string offsets go on where those of `base` end.
  explicit BtfBuilder(const BtfBuilder& base, bool split)
      : next_id_(split ? base.next_id_ : 1),
        string_base_(split ? base.string_base_ + static_cast<uint32_t>(base.strings_.size()) : 0) {
    if (split) strings_.clear();
  }

  Id integer(std::string_view name, uint32_t bytes, uint32_t encoding = 0) {
    Id id = type(BTF_KIND_INT, name, 0, bytes);
    word(encoding << 24 | bytes * 8);
    return id;
  }
  Id signed_integer(std::string_view name, uint32_t bytes) {
    return integer(name, bytes, BTF_INT_SIGNED);
  }
  Id floating(std::string_view name, uint32_t bytes) {
    return type(BTF_KIND_FLOAT, name, 0, bytes);
  }
  Id pointer(Id target) { return type(BTF_KIND_PTR, "", 0, target); }
  Id const_(Id target) { return type(BTF_KIND_CONST, "", 0, target); }
  Id volatile_(Id target) { return type(BTF_KIND_VOLATILE, "", 0, target); }
  Id restrict_(Id target) { return type(BTF_KIND_RESTRICT, "", 0, target); }
  Id type_tag(std::string_view tag, Id target) { return type(BTF_KIND_TYPE_TAG, tag, 0, target); }
  Id typedef_(std::string_view name, Id target) { return type(BTF_KIND_TYPEDEF, name, 0, target); }
  Id forward(std::string_view name, bool is_union = false) {
    return type(BTF_KIND_FWD, name, 0, 0, is_union);
  }
  Id array(Id element, uint32_t elements, Id index = kVoid) {
    Id id = type(BTF_KIND_ARRAY, "", 0, 0);
    word(element);
    word(index);
    word(elements);
    return id;
  }
  Id structure(std::string_view name, uint32_t bytes, const std::vector<Field>& fields) {
    return composite(BTF_KIND_STRUCT, name, bytes, fields);
  }
  Id union_(std::string_view name, uint32_t bytes, const std::vector<Field>& fields) {
    return composite(BTF_KIND_UNION, name, bytes, fields);
  }
  Id enumeration(std::string_view name, const std::vector<Enumerator>& values, uint32_t bytes = 4,
                 bool is_signed = false) {
    Id id = type(BTF_KIND_ENUM, name, values.size(), bytes, is_signed);
    for (const Enumerator& e : values) {
      word(string(e.name));
      word(static_cast<uint32_t>(e.value));
    }
    return id;
  }
  Id enumeration64(std::string_view name, const std::vector<Enumerator>& values,
                   bool is_signed = false) {
    Id id = type(BTF_KIND_ENUM64, name, values.size(), 8, is_signed);
    for (const Enumerator& e : values) {
      word(string(e.name));
      word(static_cast<uint32_t>(e.value));
      word(static_cast<uint32_t>(static_cast<uint64_t>(e.value) >> 32));
    }
    return id;
  }
  Id prototype(Id result, const std::vector<Parameter>& parameters) {
    Id id = type(BTF_KIND_FUNC_PROTO, "", parameters.size(), result);
    for (const Parameter& p : parameters) {
      word(string(p.name));
      word(p.type);
    }
    return id;
  }
  Id function(std::string_view name, Id prototype_id) {
    return type(BTF_KIND_FUNC, name, BTF_FUNC_STATIC, prototype_id);
  }
  Id function(std::string_view name, Id result, const std::vector<Parameter>& parameters) {
    return function(name, prototype(result, parameters));
  }
  Id variable(std::string_view name, Id of_type) {
    Id id = type(BTF_KIND_VAR, name, 0, of_type);
    word(BTF_VAR_GLOBAL_ALLOCATED);
    return id;
  }
  Id section(std::string_view name, uint32_t bytes, const std::vector<SectionVariable>& variables) {
    Id id = type(BTF_KIND_DATASEC, name, variables.size(), bytes);
    for (const SectionVariable& v : variables) {
      word(v.variable);
      word(v.offset);
      word(v.size);
    }
    return id;
  }
  Id decl_tag(std::string_view tag, Id target, int32_t component = -1) {
    Id id = type(BTF_KIND_DECL_TAG, tag, 0, target);
    word(static_cast<uint32_t>(component));
    return id;
  }

  // What the kernel's BTF holds of a tracepoint: __traceiter_NAME with names and types of the
  // arguments after `__data`, and the typedef btf_trace_NAME, whose prototype has no names.
  void tracepoint(const std::string& name, const std::vector<Parameter>& arguments) {
    std::vector<Parameter> named = {{"__data", pointer(kVoid)}};
    std::vector<Parameter> unnamed = {{"", named[0].type}};
    for (const Parameter& a : arguments) {
      named.push_back(a);
      unnamed.push_back({"", a.type});
    }
    typedef_("btf_trace_" + name, pointer(prototype(kVoid, unnamed)));
    function("__traceiter_" + name, kVoid, named);
  }

  // The blob: header, types, strings.
  std::string bytes() const {
    btf_header header = {};
    header.magic = BTF_MAGIC;
    header.version = BTF_VERSION;
    header.hdr_len = sizeof header;
    header.type_len = static_cast<uint32_t>(types_.size());
    header.str_off = header.type_len;
    header.str_len = static_cast<uint32_t>(strings_.size());
    std::string result(reinterpret_cast<const char*>(&header), sizeof header);
    return result + types_ + strings_;
  }

 private:
  Id type(uint32_t kind, std::string_view name, size_t vlen, uint32_t size_or_type,
          bool flag = false) {
    word(string(name));
    word((flag ? 1u << 31 : 0) | kind << 24 | static_cast<uint32_t>(vlen));
    word(size_or_type);
    return next_id_++;
  }
  Id composite(uint32_t kind, std::string_view name, uint32_t bytes,
               const std::vector<Field>& fields) {
    bool has_bit_fields = false;
    for (const Field& f : fields) has_bit_fields |= f.bit_size != 0;
    Id id = type(kind, name, fields.size(), bytes, has_bit_fields);
    for (const Field& f : fields) {
      word(string(f.name));
      word(f.type);
      word(has_bit_fields ? f.bit_size << 24 | f.bit_offset : f.bit_offset);
    }
    return id;
  }
  void word(uint32_t value) { types_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  uint32_t string(std::string_view s) {
    if (s.empty()) return 0;
    uint32_t offset = string_base_ + static_cast<uint32_t>(strings_.size());
    strings_.append(s);
    strings_.push_back('\0');
    return offset;
  }

  Id next_id_ = 1;
  uint32_t string_base_ = 0;
  std::string types_;
  std::string strings_ = std::string(1, '\0');
};

}  // namespace stapd::test
