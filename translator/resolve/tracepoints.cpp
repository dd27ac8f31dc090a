#include "translator/resolve/tracepoints.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "translator/resolve/file_bytes.h"
#include "translator/resolve/glob.h"

namespace stapd {
namespace {

// The kernel declares both of every tracepoint. Only the function's prototype names arguments; the
// typedef is there even when a compiler dropped or renamed the function.
constexpr std::string_view kIterator = "__traceiter_";
constexpr std::string_view kTypedef = "btf_trace_";

constexpr btf::Kinds kFunctions = btf::kind_set(btf::Kind::function);
constexpr btf::Kinds kTypedefs = btf::kind_set(btf::Kind::typedef_);

// Names for arguments that have none; static, because Parameter only refers to names.
std::string_view positional_name(size_t index) {
  static const std::string_view names[] = {"arg1", "arg2", "arg3", "arg4",  "arg5",  "arg6",
                                           "arg7", "arg8", "arg9", "arg10", "arg11", "arg12"};
  return index < std::size(names) ? names[index] : std::string_view();
}

std::vector<btf::Parameter> arguments_of(btf::Type function) {
  std::vector<btf::Parameter> arguments = function.parameters();
  if (!arguments.empty()) arguments.erase(arguments.begin());  // __data, which programs do not get
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].name.empty()) arguments[i].name = positional_name(i);
  }
  return arguments;
}

}  // namespace

Result<std::vector<Tracepoint>> Tracepoints::find(std::string_view pattern) {
  STAPD_TRY(catalog_.open());
  size_t colon = pattern.find(':');
  std::string name(colon == std::string_view::npos ? pattern : pattern.substr(colon + 1));
  std::string system(colon == std::string_view::npos ? "*" : pattern.substr(0, colon));
  std::vector<Tracepoint> found;
  if (has_wildcard(name)) {
    found = find_matching(name);
  } else if (auto exact = find_exact(name)) {
    found.push_back(std::move(*exact));
  }
  if (system == "*" || found.empty()) return found;
  if (::access((tracefs_ + "/events").c_str(), F_OK) != 0) {
    if (has_wildcard(pattern)) {
      return failf(ErrorCode::unsupported, "\"{}\" needs tracefs, which is not mounted at {}",
                   pattern, tracefs_);
    }
    found[0].system = system;  // names are unique, so that nothing else can be meant
  }
  std::erase_if(found, [&](const Tracepoint& t) { return !glob_matches(system, t.system); });
  return found;
}

std::optional<Tracepoint> Tracepoints::find_exact(const std::string& name) {
  auto look = [&]() -> std::optional<Tracepoint> {
    btf::Type type = catalog_.find(std::string(kIterator) + name, kFunctions);
    if (!type) type = catalog_.find(std::string(kTypedef) + name, kTypedefs);
    if (!type) return std::nullopt;
    return Tracepoint{name, system_of(name), arguments_of(type)};
  };
  std::optional<Tracepoint> found = look();
  if (found || modules_opened_) return found;
  open_all_modules();
  return look();
}

std::vector<Tracepoint> Tracepoints::find_matching(const std::string& pattern) {
  open_all_modules();
  read_systems();
  std::vector<Tracepoint> found;
  auto collect = [&](std::string_view prefix, btf::Type type) {
    std::string name(type.name().substr(prefix.size()));
    if (glob_matches(pattern, name)) {
      found.push_back({name, system_of(name), arguments_of(type)});
    }
  };
  catalog_.for_each(kFunctions, kIterator, [&](btf::Type t) { collect(kIterator, t); });
  catalog_.for_each(kTypedefs, kTypedef, [&](btf::Type t) { collect(kTypedef, t); });
  auto by_name = [](const Tracepoint& a, const Tracepoint& b) { return a.name < b.name; };
  auto same = [](const Tracepoint& a, const Tracepoint& b) { return a.name == b.name; };
  std::stable_sort(found.begin(), found.end(), by_name);  // the function first: it has the names
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

void Tracepoints::open_all_modules() {
  if (modules_opened_) return;
  modules_opened_ = true;
  // A module whose BTF cannot be read (it is being unloaded, say) only lacks its tracepoints.
  for (const std::string& module : catalog_.available_modules()) (void)catalog_.open_module(module);
}

// One name: asks every system for it, which is far cheaper than the list of all events.
std::string Tracepoints::system_of(const std::string& name) {
  if (systems_) {
    auto found = systems_->find(name);
    return found == systems_->end() ? "" : found->second;
  }
  std::string events = tracefs_ + "/events";
  DIR* folder = ::opendir(events.c_str());
  if (!folder) return "";
  std::string system;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] == '.' || entry->d_type == DT_REG) continue;
    std::string event = std::string(entry->d_name) + "/" + name;
    if (::faccessat(::dirfd(folder), event.c_str(), F_OK, 0) != 0) continue;
    system = entry->d_name;
    break;
  }
  ::closedir(folder);
  return system;
}

void Tracepoints::read_systems() {
  if (systems_) return;
  systems_.emplace();
  auto text = read_kernel_file(tracefs_ + "/available_events");
  if (!text) return;
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    systems_->emplace(line.substr(colon + 1), line.substr(0, colon));
  }
}

}  // namespace stapd
