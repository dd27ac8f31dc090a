// What a script declares, by name: a script of a hundred thousand functions is looked through once.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "translator/ast/ast.h"

namespace stapd {

class ScriptNames {
 public:
  // In the order of the script; its private ones too.
  const std::vector<const ast::FunctionDecl*>& functions(const ast::Script& script,
                                                         std::string_view name) {
    return find(names_of(script).functions, name);
  }
  const std::vector<const ast::GlobalDecl*>& globals(const ast::Script& script,
                                                     std::string_view name) {
    return find(names_of(script).globals, name);
  }

 private:
  template <class Decl>
  using ByName = std::unordered_map<std::string_view, std::vector<const Decl*>>;
  struct Names {
    ByName<ast::FunctionDecl> functions;
    ByName<ast::GlobalDecl> globals;
  };

  const Names& names_of(const ast::Script& script) {
    const auto [it, is_new] = scripts_.try_emplace(&script);
    if (is_new) {
      for (const ast::FunctionDecl* decl : script.functions)
        it->second.functions[decl->name].push_back(decl);
      for (const ast::GlobalDecl* decl : script.globals)
        it->second.globals[decl->name].push_back(decl);
    }
    return it->second;
  }
  template <class Decl>
  static const std::vector<const Decl*>& find(const ByName<Decl>& all, std::string_view name) {
    static const std::vector<const Decl*> kNone;
    const auto it = all.find(name);
    return it == all.end() ? kNone : it->second;
  }

  std::unordered_map<const ast::Script*, Names> scripts_;
};

}  // namespace stapd
