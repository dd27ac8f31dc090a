#include "translator/elaborate/probe_point_tree.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/base/spelling.h"
#include "translator/resolve/glob.h"

namespace stapd {
namespace {

using Component = ast::ProbePointComponent;
using Argument = Component::Argument;

constexpr size_t kMaxMatches = 100'000;

bool is_wildcard(const Component& component) {
  return component.name.find('*') != std::string_view::npos;
}

bool has_name(const ast::AliasDecl& alias, std::span<const Component> path) {
  return std::ranges::any_of(alias.names, [&](const ast::ProbePoint* name) {
    return std::ranges::equal(name->components, path, [](const Component& a, const Component& b) {
      return a.name == b.name;
    });
  });
}

}  // namespace

ProbePointTree::ProbePointTree(TapsetLibrary& library)
    : library_(library), families_(probes::all_families()) {
  for (const probes::ProbeFamily& family : families_) add_pattern(family);
  for (const TapsetLibrary::Alias& alias : library_.aliases())
    if (!alias.name->components.empty()) unplaced_.emplace(alias.name->components.front(), &alias);
}

ProbePointTree::~ProbePointTree() = default;

ProbePointTree::Node& ProbePointTree::child(Node& node, const Key& key) {
  std::unique_ptr<Node>& place = node.children[key];
  if (!place) place = std::make_unique<Node>();
  return *place;
}

// "a.b(string).c"
void ProbePointTree::add_pattern(const probes::ProbeFamily& family) {
  Node* node = &root_;
  for (std::string_view rest = family.pattern; !rest.empty();) {
    std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    Key key{std::string(part.substr(0, part.find('('))), Argument::none};
    if (part.ends_with("(string)")) key.argument = Argument::string;
    if (part.ends_with("(number)")) key.argument = Argument::number;
    node = &child(*node, key);
  }
  if (!node->family) node->family = &family;
}

void ProbePointTree::add(const AliasSource& source) {
  for (const ast::ProbePoint* name : source.alias->names) {
    Node* node = &root_;
    for (const Component& component : name->components)
      node = &child(*node, {std::string(component.name), Argument::none});
    if (node->aliases.empty() || node->aliases.back().alias != source.alias)
      node->aliases.push_back(source);
  }
}

// "": all of them.
void ProbePointTree::add_library_aliases(std::string_view first) {
  auto begin = unplaced_.begin(), end = unplaced_.end();
  if (!first.empty()) std::tie(begin, end) = unplaced_.equal_range(first);
  for (auto it = begin; it != end; ++it) {
    Node* node = &root_;
    for (std::string_view name : it->second->name->components)
      node = &child(*node, {std::string(name), Argument::none});
    if (std::ranges::find(node->library_files, it->second->file) == node->library_files.end())
      node->library_files.push_back(it->second->file);
  }
  unplaced_.erase(begin, end);
}

PointMatches ProbePointTree::match(std::span<const Component> components) {
  add_library_aliases(is_wildcard(components[0]) ? std::string_view() : components[0].name);
  std::vector<PointMatch> found;
  Search state{{}, found, {}};
  search(root_, components, state);
  if (!found.empty()) return found;
  if (state.mismatch && components.size() > 0 && root_.children.size() > 0 && !unplaced_.empty() &&
      state.mismatch->token.where == components[0].token.where) {
    // Only now are the library's other names of interest: for the spelling suggestions.
    add_library_aliases("");
    state.mismatch->message = fmt::format("probe point mismatch{}", similar(root_, components[0]));
  }
  return tl::unexpected(*state.mismatch);
}

void ProbePointTree::search(Node& node, std::span<const Component> rest, Search& state) {
  if (state.found.size() >= kMaxMatches) return;
  if (rest.empty()) return finish(node, state, {}, state.path.back().token);
  if (is_wildcard(rest[0])) return search_wildcard(node, rest, state);
  const Component& component = rest[0];
  const auto it = node.children.find({std::string(component.name), component.argument});
  if (it != node.children.end()) {
    state.path.push_back(component);
    search(*it->second, rest.subspan(1), state);
    state.path.pop_back();
    return;
  }
  // What follows an alias's name goes on to the points that it stands for.
  if (!node.aliases.empty() || !node.library_files.empty()) {
    finish(node, state, rest, component.token);
    return;
  }
  const bool ends_here = node.children.empty() && node.family;
  state.mismatch = {DiagnosticKind::no_such_probe_point,
                    ends_here ? "invalid suffix for probe"
                              : fmt::format("probe point mismatch{}", similar(node, component)),
                    component.token};
}

// `*` matches within one component; `a**b` is `a*.*b`, `a*.*.*b` and so on.
void ProbePointTree::search_wildcard(Node& node, std::span<const Component> rest, Search& state) {
  const Component& component = rest[0];
  const size_t before = state.found.size();
  const size_t stars = component.name.find("**");
  const bool deep = stars != component.name.npos;
  const std::string_view pattern = component.name.substr(0, deep ? stars + 1 : stars);
  const Argument argument = deep ? Argument::none : component.argument;
  Search inner{state.path, state.found, {}};
  for (const auto& [key, next] : node.children) {
    if (key.argument != argument || !glob_matches(std::string(pattern), key.name)) continue;
    if (state.found.size() >= kMaxMatches) return;
    inner.path.push_back(component);
    inner.path.back().name = key.name;
    if (deep) {
      inner.path.back().argument = Argument::none;
      std::vector<Component> below(rest.begin(), rest.end());
      for (const size_t first : {stars + 1, stars}) {
        below[0].name = component.name.substr(first);
        search(*next, below, inner);
      }
    } else {
      search(*next, rest.subspan(1), inner);
    }
    inner.path.pop_back();
  }
  if (state.found.size() == before)
    state.mismatch = {DiagnosticKind::no_such_probe_point,
                      fmt::format("probe point mismatch: didn't find any wildcard matches{}",
                                  similar(node, component)),
                      component.token};
}

void ProbePointTree::finish(Node& node, Search& state, std::span<const Component> suffix,
                            const Token& at) {
  PointMatch match;
  match.components = state.path;
  match.suffix_start = state.path.size();
  match.components.insert(match.components.end(), suffix.begin(), suffix.end());
  match.family = suffix.empty() ? node.family : nullptr;
  match.aliases = aliases_of(node, state.path);
  if (match.family || !match.aliases.empty()) {
    state.found.push_back(std::move(match));
    return;
  }
  state.mismatch = {DiagnosticKind::no_such_probe_point,
                    node.children.empty()
                        ? "probe point mismatch"
                        : fmt::format("probe point truncated (follow: {})", follow(node)),
                    at};
}

std::vector<AliasSource> ProbePointTree::aliases_of(const Node& node,
                                                    std::span<const Component> path) {
  std::vector<AliasSource> all = node.aliases;
  for (size_t file : node.library_files) {
    const ast::Script* script = library_.parsed(file);
    if (!script) continue;
    for (const ast::AliasDecl* alias : script->aliases)
      if (has_name(*alias, path)) all.push_back({alias, script});
  }
  return all;
}

std::string ProbePointTree::similar(const Node& node, const Component& component) {
  std::vector<std::string> names;
  for (const auto& [key, next] : node.children)
    if (names.empty() || names.back() != key.name)
      if (!key.name.starts_with("_")) names.push_back(key.name);
  const std::vector<std::string> best = similar_names(component.name, names);
  if (best.empty()) return "";
  return fmt::format(" (similar: {})", fmt::join(best, ", "));
}

std::string ProbePointTree::follow(const Node& node) {
  std::string list;
  for (const auto& [key, next] : node.children) {
    list += " " + key.name;
    if (key.argument == Argument::string) list += "(string)";
    if (key.argument == Argument::number) list += "(number)";
  }
  return list;
}

}  // namespace stapd
