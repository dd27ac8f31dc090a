// All probe points that there are, as a tree of components: the families' patterns and the
// aliases of the script and of the tapset library. Matches what a script writes against it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "translator/ast/ast.h"
#include "translator/probes/probe_builder.h"
#include "translator/tapset/tapset_library.h"

namespace stapd {

// An alias, and the file that it stands in.
struct AliasSource {
  const ast::AliasDecl* alias = nullptr;
  const ast::Script* script = nullptr;
};

struct PointMatch {
  // With wildcards in names replaced by what they matched. Those behind the alias's own name are
  // a suffix for the points that it stands for.
  std::vector<ast::ProbePointComponent> components;
  size_t suffix_start = 0;
  const probes::ProbeFamily* family = nullptr;
  std::vector<AliasSource> aliases;
};

// Why nothing matched, and at which component.
struct PointMismatch {
  DiagnosticKind kind = DiagnosticKind::no_such_probe_point;
  std::string message;
  Token token;
};

using PointMatches = tl::expected<std::vector<PointMatch>, PointMismatch>;

class ProbePointTree {
 public:
  explicit ProbePointTree(TapsetLibrary& library);
  ~ProbePointTree();

  // An alias of the user's scripts.
  void add(const AliasSource& alias);

  PointMatches match(std::span<const ast::ProbePointComponent> components);

 private:
  using Component = ast::ProbePointComponent;
  struct Key {
    std::string name;
    Component::Argument argument;
    auto operator<=>(const Key&) const = default;
  };
  struct Node {
    std::map<Key, std::unique_ptr<Node>> children;
    const probes::ProbeFamily* family = nullptr;
    std::vector<AliasSource> aliases;   // of the user
    std::vector<size_t> library_files;  // that may have an alias of this name
  };
  struct Search {
    std::vector<Component> path;
    std::vector<PointMatch>& found;
    std::optional<PointMismatch> mismatch;
  };

  void add_pattern(const probes::ProbeFamily& family);
  void add_library_aliases(std::string_view first);
  Node& child(Node& node, const Key& key);
  void search(Node& node, std::span<const Component> rest, Search& state);
  void search_wildcard(Node& node, std::span<const Component> rest, Search& state);
  void finish(Node& node, Search& state, std::span<const Component> suffix, const Token& at);
  std::vector<AliasSource> aliases_of(const Node& node, std::span<const Component> path);
  static std::string similar(const Node& node, const Component& component);
  static std::string follow(const Node& node);

  TapsetLibrary& library_;
  std::vector<probes::ProbeFamily> families_;
  Node root_;
  std::multimap<std::string_view, const TapsetLibrary::Alias*> unplaced_;  // by first component
};

}  // namespace stapd
