// The text of a type, as SystemTap lists it with -L: qualifiers stand behind what they qualify.
#include <fmt/format.h>

#include "translator/resolve/btf_type.h"

namespace stapd::btf {
namespace {

constexpr int kMostDepth = 24;           // hostile types refer to each other in circles
constexpr size_t kMostText = 64 * 1024;  // and function pointers that take each other multiply

void append_text(Type type, int depth, std::string& out);

void append_tagged(std::string_view keyword, Type type, std::string& out) {
  out += keyword;
  out += type.name().empty() ? std::string_view("{...}") : type.name();
}

void append_parameters(Type function, int depth, std::string& out) {
  std::vector<Parameter> parameters = function.parameters();
  out += '(';
  for (size_t i = 0; i < parameters.size() && out.size() < kMostText; ++i) {
    if (i > 0) out += ", ";
    bool is_rest = i + 1 == parameters.size() && parameters[i].type.kind() == Kind::void_;
    if (is_rest)
      out += "...";
    else
      append_text(parameters[i].type, depth + 1, out);
  }
  if (parameters.empty()) out += "void";
  out += ')';
}

void append_function(Type function, int depth, std::string_view declarator, std::string& out) {
  append_text(function.target(), depth + 1, out);
  out += declarator;
  append_parameters(function, depth, out);
}

void append_pointer(Type type, int depth, std::string& out) {
  Type target = type.target();
  if (target.kind() == Kind::prototype) return append_function(target, depth, " (*) ", out);
  append_text(target, depth + 1, out);
  out += '*';
}

void append_text(Type type, int depth, std::string& out) {
  if (depth > kMostDepth || out.size() > kMostText) {
    out += "...";
    return;
  }
  auto qualified = [&](std::string_view qualifier) {
    append_text(type.target(), depth + 1, out);
    out += qualifier;
  };
  switch (type.kind()) {
    case Kind::void_:
      out += "void";
      return;
    case Kind::pointer:
      return append_pointer(type, depth, out);
    case Kind::array:
      return qualified("[]");
    case Kind::structure:
      return append_tagged("struct ", type, out);
    case Kind::union_:
      return append_tagged("union ", type, out);
    case Kind::enumeration:
    case Kind::enumeration64:
      return append_tagged("enum ", type, out);
    case Kind::forward:
      return append_tagged(type.is_forward_union() ? "union " : "struct ", type, out);
    case Kind::const_:
      return qualified(" const");
    case Kind::volatile_:
      return qualified(" volatile");
    case Kind::restrict_:
      return qualified(" restrict");
    case Kind::type_tag:
    case Kind::decl_tag:
      return qualified("");
    case Kind::prototype:
      return append_function(type, depth, " ", out);
    case Kind::integer:
    case Kind::typedef_:
    case Kind::function:
    case Kind::variable:
    case Kind::section:
    case Kind::floating:
      out += type.name();
      return;
  }
}

}  // namespace

std::string Type::text() const {
  std::string out;
  if (*this) append_text(*this, 0, out);
  return out;
}

}  // namespace stapd::btf
