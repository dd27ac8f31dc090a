// The table of builtins (builtins.def) as data: elaboration checks calls against it, lowering maps
// each to IR.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stapd {

enum class Builtin : uint8_t {
#define STAPD_BUILTIN(name, signature, capacity, traits) name,
#include "translator/builtin/builtins.def"
#undef STAPD_BUILTIN
};

struct BuiltinInfo {
  std::string_view name;       // without __builtin_
  std::string_view signature;  // see builtins.def
  int capacity;                // bytes, or kMax or kFirst
  std::string_view traits;

  static constexpr int kMax = -1;
  static constexpr int kFirst = -2;

  char result() const { return signature[0]; }
  std::string_view parameters() const { return signature.substr(2); }
  bool has(char trait) const { return traits.find(trait) != std::string_view::npos; }
};

const BuiltinInfo& info(Builtin builtin);

// By the name in a script, __builtin_ included.
std::optional<Builtin> find_builtin(std::string_view script_name);

}  // namespace stapd
