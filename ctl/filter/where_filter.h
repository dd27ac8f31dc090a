// Which records --where lets through.
//
// A test names what every record has (cpu, probe, text, channel, session) or a value that the
// script printed, by its name in the script: `pid` of printf("%d", pid()), `filename` of
// printf("%s", filename). `comm` is execname() too. A record without such a value fails the test,
// whatever the comparison.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ctl/filter/where_expr.h"
#include "runtime/store/recording_reader.h"

namespace stapd::ctl {

// A regular expression as a table: one look a byte, whatever the expression.
class TextMatcher {
 public:
  static tl::expected<TextMatcher, WhereError> compile(const std::string& regex);
  bool matches(std::string_view text) const;

 private:
  std::array<uint8_t, 256> class_of_{};
  uint32_t classes_ = 1, start_ = 0;
  std::vector<uint32_t> table_;  // state * classes + class: the next state
};

class WhereFilter {
 public:
  static tl::expected<WhereFilter, WhereError> compile(const WhereExpr& expr);

  // An error when no record of these can pass a test: nothing that is printed has that name, or it
  // is of another kind.
  tl::expected<void, WhereError> check(std::span<const ReadSchema* const> schemas) const;

  bool matches(const RecordedRecord& record, const RecordView& view);
  // It is about to go: another one may have its address.
  void forget(const ReadSchema& schema);

 private:
  // What every record has.
  enum class Given : uint8_t { nothing, cpu, probe, text, channel, session };
  struct Test {
    WhereTest test;
    Given given = Given::nothing;
    std::optional<TextMatcher> regex;
  };
  struct Node {
    WhereExpr::Kind kind;
    size_t test = 0;
    std::vector<Node> operands;
  };
  // For each test and format the field that has the value, or none.
  struct Bindings {
    const ReadSchema* schema = nullptr;
    std::vector<std::vector<std::optional<uint32_t>>> fields;
  };

  static Given given_of(const std::string& name);
  static std::optional<uint32_t> find_field(const Test& test, const RecordFormat& format);
  tl::expected<Node, WhereError> add(const WhereExpr& expr);
  tl::expected<void, WhereError> check(const Test& test,
                                       std::span<const ReadSchema* const> schemas) const;
  const Bindings& bindings_of(const ReadSchema& schema);
  bool holds(const Node& node, const RecordedRecord& record, const RecordView& view,
             const Bindings& bindings);
  bool holds(size_t test, const RecordedRecord& record, const RecordView& view,
             const Bindings& bindings);

  std::vector<Test> tests_;
  Node root_{};
  std::vector<Bindings> bindings_;
  size_t last_ = 0;  // of bindings_
  std::string text_;
};

}  // namespace stapd::ctl
