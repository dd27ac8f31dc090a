// Paths into foreign data, `$x->y[3]->z`, to loads: what the types of the kernel say is where.
// Works on expressions that are bound; used for target variables and, when the type of what a path
// starts from is only known later, by resolve_autocasts.
#pragma once

#include <string>
#include <vector>

#include "translator/elaborate/program_builder.h"

namespace stapd {

// One component, its index bound.
struct ForeignStep {
  ast::TargetComponent::Kind kind = ast::TargetComponent::Kind::member;
  std::string name;
  sem::Expr* index = nullptr;
};

// What a path has come to: a value, or a place in memory that can be read.
struct ForeignValue {
  sem::Expr* expr = nullptr;  // the value, or the address of the place
  CType type;
  bool is_place = false;
  uint32_t bit_shift = 0,
           bits = 0;  // of a bit-field: `type` is its member's, load_bytes its word's
  uint8_t load_bytes = 0;
};

class ForeignPath {
 public:
  // Nodes get the place of `at`; `name`: how messages call the start of the path.
  ForeignPath(sem::Program& program, SideTables& side, btf::Catalog& types, ir::Space space,
              const sem::Expr& at, std::string name)
      : program_(program),
        side_(side),
        types_(types),
        space_(space),
        at_(at),
        name_(std::move(name)) {}

  // The value at the end, or an `unresolved` node that says why there is none.
  sem::Expr* follow(ForeignValue start, const std::vector<ForeignStep>& steps, bool address_of);

  // The address of element `index` of what is at `base`.
  sem::Expr* element_address(sem::Expr* base, sem::Expr* index, int64_t size) {
    return add(base, multiply(index, size));
  }

  // What a text is made of: literal bytes, or a value with its directive.
  struct TextItem {
    std::string literal;
    char letter = 0;  // 0: literal
    uint8_t flags = 0;
    sem::Expr* value = nullptr;
  };
  struct Text {
    std::vector<TextItem> items;
    size_t values = 0;
    void add(std::string literal);
    void add(char letter, uint8_t flags, sem::Expr* value);
  };
  // `dollars`: 0 a bare value, 1 one level of structures, 2 all levels.
  void append_value(Text& text, ForeignValue value, int dollars);
  sem::Expr* make_text(Text text);

 private:
  using Expr = sem::Expr;
  static constexpr uint32_t kMaxElements = 32;  // of an array in a text
  static constexpr size_t kMaxTextValues = 64;

  Expr* make(Expr::Kind kind);
  Expr* integer(int64_t value);
  Expr* unresolved(std::string message, DiagnosticKind kind = DiagnosticKind::unresolved_target);
  Expr* add(Expr* a, Expr* b);
  Expr* multiply(Expr* a, int64_t factor);
  Expr* narrow(Expr* value, uint32_t bits, bool is_signed);

  bool step(ForeignValue& value, const ForeignStep& step);
  bool step_member(ForeignValue& value, const std::string& name);
  bool step_element(ForeignValue& value, Expr* index);
  bool dereference(ForeignValue& value);
  Expr* value_of(const ForeignValue& value);
  Expr* value_of_register(Expr* value, CType type);
  void append_structure(Text& text, const ForeignValue& value, int dollars);
  void append_array(Text& text, const ForeignValue& value, int dollars);
  std::string unknown_member(CType structure, const std::string& name) const;
  bool fail(std::string message, DiagnosticKind kind = DiagnosticKind::unresolved_target);

  sem::Program& program_;
  SideTables& side_;
  btf::Catalog& types_;
  ir::Space space_;
  const sem::Expr& at_;
  std::string name_;
  Expr* failure_ = nullptr;
};

}  // namespace stapd
