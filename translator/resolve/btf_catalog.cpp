#include "translator/resolve/btf_catalog.h"

#include <dirent.h>

#include <algorithm>
#include <array>

namespace stapd::btf {
namespace {

constexpr size_t kMostBytes = 256u << 20;  // a kernel has 5 to 20 MB

constexpr Kinds kNameable =
    kStructureKinds | kEnumKinds | kind_set(Kind::typedef_, Kind::integer, Kind::floating);

struct Keyword {
  std::string_view prefix;
  Kinds kinds;
};
constexpr std::array<Keyword, 3> kKeywords = {{{"struct ", kind_set(Kind::structure)},
                                               {"union ", kind_set(Kind::union_)},
                                               {"enum ", kEnumKinds}}};

struct Spelling {
  std::string_view in_scripts, in_btf;
};
// C knows many spellings of a basic type; compilers put one of them into debug information.
constexpr std::array<Spelling, 22> kSpellings = {{
    {"bool", "_Bool"},
    {"unsigned", "unsigned int"},
    {"signed", "int"},
    {"signed int", "int"},
    {"long", "long int"},
    {"signed long", "long int"},
    {"unsigned long", "long unsigned int"},
    {"unsigned long int", "long unsigned int"},
    {"long long", "long long int"},
    {"signed long long", "long long int"},
    {"unsigned long long", "long long unsigned int"},
    {"unsigned long long int", "long long unsigned int"},
    {"short", "short int"},
    {"signed short", "short int"},
    {"unsigned short", "short unsigned int"},
    {"unsigned short int", "short unsigned int"},
    // clang's own, for a kernel that it built, and back
    {"long int", "long"},
    {"long unsigned int", "unsigned long"},
    {"long long int", "long long"},
    {"long long unsigned int", "unsigned long long"},
    {"short int", "short"},
    {"short unsigned int", "unsigned short"},
}};

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

}  // namespace

Catalog Catalog::from_bytes(std::string bytes) {
  Catalog catalog("");
  catalog.opened_ = catalog.adopt(FileBytes(std::move(bytes)), "");
  return catalog;
}

Status Catalog::adopt(FileBytes bytes, const std::string& module) {
  const Blob* base = parts_.empty() ? nullptr : parts_.front()->blob.get();
  STAPD_ASSIGN(auto blob, Blob::parse_untrusted(std::move(bytes), base));
  parts_.push_back(std::make_unique<Part>(std::move(blob), module));
  return {};
}

Status Catalog::open() {
  if (opened_) return *opened_;
  auto bytes = FileBytes::read(path_, kMostBytes);
  if (!bytes) {
    opened_ = failf(ErrorCode::unsupported,
                    "the kernel's types are missing ({}); "
                    "it must be built with CONFIG_DEBUG_INFO_BTF",
                    bytes.error().message);
  } else if (Status adopted = adopt(std::move(*bytes), ""); !adopted) {
    opened_ = in_context(path_, adopted.error());
  } else {
    opened_ = Status();
  }
  return *opened_;
}

std::string Catalog::module_folder() const {
  size_t slash = path_.rfind('/');
  return slash == std::string::npos ? "" : path_.substr(0, slash + 1);
}

Status Catalog::open_module(const std::string& name) {
  STAPD_TRY(open());
  for (const auto& part : parts_) {
    if (part->module == name) return {};
  }
  if (name.empty() || name.find('/') != std::string::npos) {
    return failf(ErrorCode::invalid_argument, "\"{}\" is no module's name", name);
  }
  if (path_.empty()) return failf(ErrorCode::not_found, "no types of module {}", name);
  std::string path = module_folder() + name;
  auto bytes = FileBytes::read(path, kMostBytes);
  if (!bytes) return in_context("types of module " + name, bytes.error());
  Status adopted = adopt(std::move(*bytes), name);
  return adopted ? adopted : in_context(path, adopted.error());
}

Status Catalog::add_module_bytes(const std::string& name, std::string bytes) {
  STAPD_TRY(open());
  return adopt(FileBytes(std::move(bytes)), name);
}

std::vector<std::string> Catalog::available_modules() const {
  std::vector<std::string> names;
  DIR* folder = path_.empty() ? nullptr : ::opendir(module_folder().c_str());
  if (!folder) return names;
  while (const dirent* entry = ::readdir(folder)) {
    std::string_view name = entry->d_name;
    if (name != "." && name != ".." && name != "vmlinux") names.emplace_back(name);
  }
  ::closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

Type Catalog::find(std::string_view name, Kinds kinds) {
  if (name.empty() || !open()) return {};
  for (const auto& part : parts_) {
    if (Type type = part->names.find(name, kinds)) return type;
  }
  return {};
}

Type Catalog::find_type(std::string_view name) {
  name = trimmed(name);
  for (const Keyword& keyword : kKeywords) {
    if (name.starts_with(keyword.prefix)) {
      return find(trimmed(name.substr(keyword.prefix.size())), keyword.kinds);
    }
  }
  if (Type type = find(name, kNameable)) return type;
  for (const Spelling& spelling : kSpellings) {
    if (spelling.in_scripts != name) continue;
    if (Type type = find(spelling.in_btf, kind_set(Kind::integer))) return type;
  }
  return {};
}

Type Catalog::completed(Type type) {
  Type inner = type.stripped();
  if (inner.kind() != Kind::forward) return type;
  Type whole =
      find(inner.name(), kind_set(inner.is_forward_union() ? Kind::union_ : Kind::structure));
  return whole ? whole : type;
}

std::optional<Enumerator> Catalog::find_enumerator(std::string_view name) {
  std::optional<Enumerator> found;
  for_each(kEnumKinds, "", [&](Type type) {
    if (found) return;
    if (auto value = type.find_enumerator(name)) found = Enumerator{name, *value};
  });
  return found;
}

void Catalog::for_each(Kinds kinds, std::string_view prefix,
                       const std::function<void(Type)>& visit) {
  if (!open()) return;
  for (const auto& part : parts_) {
    const Blob& blob = *part->blob;
    for (uint32_t id = blob.first_id(); id < blob.end_id(); ++id) {
      const btf_type& t = *blob.find(id);
      if (!(kinds & kind_set(Blob::kind_of(t)))) continue;
      if (prefix.empty() || blob.string(t.name_off).starts_with(prefix)) visit({&blob, id});
    }
  }
}

}  // namespace stapd::btf
