#include "translator/resolve/kernel_functions.h"

#include <algorithm>
#include <map>

#include "translator/resolve/file_bytes.h"
#include "translator/resolve/glob.h"

namespace stapd {
namespace {

constexpr btf::Kinds kFunctions = btf::kind_set(btf::Kind::function);

std::string_view next_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

// "ffffffff81000000 T name" and, of a module, "... t name\t[module]"
std::unordered_set<std::string> parse_symbols(std::string_view text) {
  std::unordered_set<std::string> names;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    size_t type = line.find(' ');
    if (type == std::string_view::npos || line.size() < type + 4) continue;
    char letter = line[type + 1];
    bool is_code = letter == 't' || letter == 'T' || letter == 'w' || letter == 'W';
    std::string_view name = line.substr(type + 3);
    if (is_code) names.emplace(name.substr(0, name.find_first_of("\t ")));
  }
  return names;
}

// "name" and, of a module, "name [module]"
std::unordered_set<std::string> parse_traceable(std::string_view text) {
  std::unordered_set<std::string> names;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    names.emplace(line.substr(0, line.find(' ')));
  }
  return names;
}

}  // namespace

const std::unordered_set<std::string>& KernelFunctions::symbols() {
  if (!symbols_) {
    auto text = read_kernel_file(lists_.symbols, 256u << 20);
    symbols_ = text ? parse_symbols(*text) : std::unordered_set<std::string>();
  }
  return *symbols_;
}

std::optional<KernelFunction> KernelFunctions::find(const std::string& name) {
  if (btf::Type type = catalog_.find_function(name)) return KernelFunction{name, type};
  if (symbols().contains(name)) return KernelFunction{name, {}};
  return std::nullopt;
}

std::vector<KernelFunction> KernelFunctions::find_matching(const std::string& pattern) {
  std::map<std::string, btf::Type> found;
  catalog_.for_each(kFunctions, pattern.substr(0, pattern.find_first_of("*?[\\")),
                    [&](btf::Type t) {
                      std::string name(t.name());
                      if (glob_matches(pattern, name)) found.emplace(std::move(name), t);
                    });
  if (found.empty()) {
    for (const std::string& name : symbols()) {
      if (glob_matches(pattern, name)) found.emplace(name, btf::Type{});
    }
  }
  auto text = read_kernel_file(lists_.traceable, 256u << 20);
  std::unordered_set<std::string> traceable;
  if (text) traceable = parse_traceable(*text);
  std::vector<KernelFunction> result;
  for (auto& [name, type] : found) {
    if (traceable.empty() || traceable.contains(name)) result.push_back({name, type});
  }
  return result;
}

}  // namespace stapd
