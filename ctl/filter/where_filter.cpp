#include "ctl/filter/where_filter.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "runtime/image/program_image.h"
#include "translator/regex/automaton.h"

namespace stapd::ctl {
namespace {

bool is_integer(const RecordField& field) {
  return field.kind == RecordField::Kind::signed_integer ||
         field.kind == RecordField::Kind::unsigned_integer;
}

bool is_string(const RecordField& field) {
  return field.kind == RecordField::Kind::chars || field.kind == RecordField::Kind::text;
}

template <class T>
bool compare(const T& left, Comparison comparison, const T& right) {
  switch (comparison) {
    case Comparison::equal:
      return left == right;
    case Comparison::unequal:
      return left != right;
    case Comparison::less:
      return left < right;
    case Comparison::less_or_equal:
      return left <= right;
    case Comparison::greater:
      return left > right;
    case Comparison::greater_or_equal:
      return left >= right;
    case Comparison::matches:
    case Comparison::does_not_match:
      return false;
  }
  return false;
}

bool is_named(const RecordField& field, const std::string& name) {
  return field.name == name || (name == "comm" && field.name == "execname") ||
         (name == "execname" && field.name == "comm");
}

// All that the scripts print under a name, for whoever misspelt one.
std::string names_in(std::span<const ReadSchema* const> schemas) {
  std::set<std::string> names = {"cpu", "probe", "text", "channel", "session"};
  for (const ReadSchema* schema : schemas)
    for (const RecordFormat& format : schema->info.formats)
      for (const RecordField& field : format.fields)
        if (!field.name.empty() && (is_integer(field) || is_string(field)))
          names.insert(field.name);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

tl::expected<TextMatcher, WhereError> TextMatcher::compile(const std::string& regex) {
  auto compiled = regex::compile_regex(regex, regex::Wanted::test);
  if (auto* error = std::get_if<regex::RegexError>(&compiled))
    return tl::unexpected(WhereError{error->position, error->message});
  const auto& automaton = std::get<regex::Automaton>(compiled);
  TextMatcher matcher;
  matcher.class_of_ = automaton.class_of;
  matcher.classes_ = automaton.classes;
  matcher.start_ = automaton.start;
  for (const auto& state : automaton.states)
    for (const regex::Transition& transition : state) matcher.table_.push_back(transition.to);
  return matcher;
}

bool TextMatcher::matches(std::string_view text) const {
  uint32_t state = start_;
  for (char c : text) {
    if (state == regex::kMatched) return true;
    if (state == regex::kStopped || c == 0) break;
    state = table_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
  }
  // Class 0 is the end of the text.
  if (state > regex::kMatched) state = table_[state * classes_];
  return state == regex::kMatched;
}

WhereFilter::Given WhereFilter::given_of(const std::string& name) {
  if (name == "cpu") return Given::cpu;
  if (name == "probe") return Given::probe;
  if (name == "text") return Given::text;
  if (name == "channel") return Given::channel;
  if (name == "session") return Given::session;
  return Given::nothing;
}

tl::expected<WhereFilter, WhereError> WhereFilter::compile(const WhereExpr& expr) {
  WhereFilter filter;
  STAPD_ASSIGN(filter.root_, filter.add(expr));
  return filter;
}

tl::expected<WhereFilter::Node, WhereError> WhereFilter::add(const WhereExpr& expr) {
  Node node{expr.kind, 0, {}};
  if (expr.kind == WhereExpr::Kind::test) {
    Test test{expr.test, given_of(expr.test.name), std::nullopt};
    const auto* value = std::get_if<std::string>(&test.test.value);
    bool wants_number = test.given == Given::cpu;
    if (test.given != Given::nothing && wants_number == (value != nullptr))
      return tl::unexpected(WhereError{
          test.test.value_at, fmt::format("{} is a {}", test.test.name,
                                          wants_number ? "number: =~ and strings do not go with it"
                                                       : "text: write the value in \"\"")});
    if (test.test.is_regex()) {
      auto regex = TextMatcher::compile(*value);
      if (!regex)
        return tl::unexpected(
            WhereError{test.test.value_at + regex.error().position, regex.error().message});
      test.regex = std::move(*regex);
    }
    node.test = tests_.size();
    tests_.push_back(std::move(test));
  }
  for (const WhereExpr& operand : expr.operands) {
    STAPD_ASSIGN(Node added, add(operand));
    node.operands.push_back(std::move(added));
  }
  return node;
}

std::optional<uint32_t> WhereFilter::find_field(const Test& test, const RecordFormat& format) {
  bool wants_string = std::holds_alternative<std::string>(test.test.value);
  for (uint32_t i = 0; i < format.fields.size(); ++i) {
    const RecordField& field = format.fields[i];
    if (is_named(field, test.test.name) && (wants_string ? is_string(field) : is_integer(field)))
      return i;
  }
  return std::nullopt;
}

tl::expected<void, WhereError> WhereFilter::check(
    std::span<const ReadSchema* const> schemas) const {
  for (const Test& test : tests_) STAPD_TRY(check(test, schemas));
  return {};
}

tl::expected<void, WhereError> WhereFilter::check(
    const Test& test, std::span<const ReadSchema* const> schemas) const {
  if (test.given != Given::nothing || schemas.empty()) return {};
  const RecordField* other = nullptr;
  for (const ReadSchema* schema : schemas)
    for (const RecordFormat& format : schema->info.formats) {
      if (find_field(test, format)) return {};
      for (const RecordField& field : format.fields)
        if (is_named(field, test.test.name)) other = &field;
    }
  const std::string& name = test.test.name;
  if (other && is_string(*other))
    return tl::unexpected(
        WhereError{test.test.value_at, fmt::format("{} is text: write the value in \"\"", name)});
  if (other && is_integer(*other))
    return tl::unexpected(WhereError{test.test.value_at, fmt::format("{} is a number", name)});
  return tl::unexpected(
      WhereError{test.test.name_at,
                 fmt::format("no record carries {}: the script does not print it; there are {}",
                             name, names_in(schemas))});
}

const WhereFilter::Bindings& WhereFilter::bindings_of(const ReadSchema& schema) {
  if (last_ < bindings_.size() && bindings_[last_].schema == &schema) return bindings_[last_];
  for (last_ = 0; last_ < bindings_.size(); ++last_)
    if (bindings_[last_].schema == &schema) return bindings_[last_];
  Bindings bindings;
  bindings.schema = &schema;
  for (const Test& test : tests_) {
    auto& fields = bindings.fields.emplace_back();
    for (const RecordFormat& format : schema.info.formats)
      fields.push_back(find_field(test, format));
  }
  bindings_.push_back(std::move(bindings));
  return bindings_.back();
}

void WhereFilter::forget(const ReadSchema& schema) {
  std::erase_if(bindings_, [&](const Bindings& one) { return one.schema == &schema; });
  last_ = 0;
}

bool WhereFilter::matches(const RecordedRecord& record, const RecordView& view) {
  return holds(root_, record, view, bindings_of(*record.schema));
}

bool WhereFilter::holds(const Node& node, const RecordedRecord& record, const RecordView& view,
                        const Bindings& bindings) {
  auto one = [&](const Node& operand) { return holds(operand, record, view, bindings); };
  switch (node.kind) {
    case WhereExpr::Kind::test:
      return holds(node.test, record, view, bindings);
    case WhereExpr::Kind::negation:
      return !one(node.operands[0]);
    case WhereExpr::Kind::conjunction:
      return std::all_of(node.operands.begin(), node.operands.end(), one);
    case WhereExpr::Kind::disjunction:
      return std::any_of(node.operands.begin(), node.operands.end(), one);
  }
  return false;
}

bool WhereFilter::holds(size_t index, const RecordedRecord& record, const RecordView& view,
                        const Bindings& bindings) {
  const Test& test = tests_[index];
  auto holds_text = [&](std::string_view text) {
    if (test.regex)
      return test.regex->matches(text) == (test.test.comparison == Comparison::matches);
    return compare(text, test.test.comparison,
                   std::string_view(std::get<std::string>(test.test.value)));
  };
  auto holds_number = [&](int64_t number) {
    return compare(number, test.test.comparison, std::get<int64_t>(test.test.value));
  };
  const RecordingInfo& info = record.schema->info;
  switch (test.given) {
    case Given::cpu:
      return holds_number(info.cpu_of(record.record.segment));
    case Given::session:
      return holds_text(info.session);
    case Given::channel:
      return holds_text(channel_name(view.format().channel));
    case Given::probe: {
      const ProbeName* probe = info.probe_of(view.header().format);
      if (!probe) return false;
      bool negated = test.test.comparison == Comparison::unequal ||
                     test.test.comparison == Comparison::does_not_match;
      // Either of its names.
      return negated ? holds_text(probe->point) && holds_text(probe->alias)
                     : holds_text(probe->point) || holds_text(probe->alias);
    }
    case Given::text:
      text_.clear();
      record.schema->formatter.append_plain_text(text_, view);
      return holds_text(std::string_view(text_).substr(
          0, text_.size() - (!text_.empty() && text_.back() == '\n')));
    case Given::nothing:
      break;
  }
  std::optional<uint32_t> field = bindings.fields[index][view.header().format];
  if (!field) return false;
  if (is_integer(view.format().fields[*field])) return holds_number(view.integer(*field));
  return holds_text(view.string(*field));
}

}  // namespace stapd::ctl
