// What --where asks of a record, as a tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace stapd::ctl {

enum class Comparison : uint8_t {
  equal,
  unequal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  matches,        // =~ a regular expression
  does_not_match  // !~
};

struct WhereTest {
  std::string name;
  Comparison comparison = Comparison::equal;
  std::variant<int64_t, std::string> value;
  size_t name_at = 0, value_at = 0;  // bytes from the start of the text

  bool is_regex() const { return comparison >= Comparison::matches; }
};

struct WhereExpr {
  enum class Kind : uint8_t { test, negation, conjunction, disjunction };
  Kind kind = Kind::test;
  WhereTest test;
  std::vector<WhereExpr> operands;  // one of a negation
};

struct WhereError {
  size_t position = 0;  // bytes from the start of the text
  std::string message;
};

}  // namespace stapd::ctl
