#include "translator/builtin/builtin.h"

#include <array>

namespace stapd {
namespace {

constexpr int kMax = BuiltinInfo::kMax;
constexpr int kFirst = BuiltinInfo::kFirst;

constexpr BuiltinInfo kTable[] = {
#define STAPD_BUILTIN(name, signature, capacity, traits) {#name, signature, capacity, traits},
#include "translator/builtin/builtins.def"
#undef STAPD_BUILTIN
};

constexpr std::string_view kPrefix = "__builtin_";

}  // namespace

const BuiltinInfo& info(Builtin builtin) { return kTable[static_cast<size_t>(builtin)]; }

std::optional<Builtin> find_builtin(std::string_view script_name) {
  if (script_name.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  script_name.remove_prefix(kPrefix.size());
  for (size_t i = 0; i < std::size(kTable); ++i)
    if (kTable[i].name == script_name) return static_cast<Builtin>(i);
  return std::nullopt;
}

}  // namespace stapd
