// Foreign data as text: $x$, $x$$, $$vars.
#include "translator/elaborate/foreign_path.h"

namespace stapd {

using sem::Expr;
using Kind = sem::Expr::Kind;

void ForeignPath::Text::add(std::string literal) {
  if (items.empty() || items.back().letter)
    items.push_back({std::move(literal)});
  else
    items.back().literal += literal;
}

void ForeignPath::Text::add(char letter, uint8_t flags, Expr* value) {
  items.push_back({"", letter, flags, value});
  ++values;
}

namespace {

FormatPiece::Conversion conversion_of(char letter) {
  using Conversion = FormatPiece::Conversion;
  switch (letter) {
    case 0:
      return Conversion::literal;
    case 's':
      return Conversion::string;
    case 'u':
      return Conversion::unsigned_decimal;
    case 'x':
      return Conversion::hex;
    case 'p':
      return Conversion::pointer;
    default:
      return Conversion::decimal;
  }
}

}  // namespace

Expr* ForeignPath::make_text(Text text) {
  Expr* print = make(Kind::print);
  print->type = sem::Type::string;
  print->index = static_cast<uint32_t>(program_.prints.size());
  PrintForm form;
  form.with_format = true;
  for (TextItem& item : text.items) {
    ast::FormatDirective directive;
    directive.letter = item.letter;
    directive.flags = item.flags;
    directive.conversion = conversion_of(item.letter);
    if (!item.letter) directive.text = side_.texts.emplace_back(std::move(item.literal));
    if (item.value) print->args.push_back(item.value);
    form.directives.push_back(directive);
  }
  sem::Print own;
  own.to_string = true;
  program_.prints.push_back(std::move(own));
  side_.prints.push_back(std::move(form));
  return print;
}

void ForeignPath::append_value(Text& text, ForeignValue value, int dollars) {
  if (failure_) return;
  if (text.values >= kMaxTextValues) {
    text.add("...");
    return;
  }
  // The first pointer on the way is followed: `$task$` shows the task.
  const CType pointed = value.type.is_pointer() ? value.type.stripped().target() : CType();
  const bool top = text.items.empty();
  if (dollars > 0 && top && types_.completed(pointed).is_structure() && !dereference(value)) return;
  const CType type = types_.completed(value.type).stripped();
  if (value.is_place && type.is_structure()) return append_structure(text, value, dollars);
  if (value.is_place && type.is_array()) return append_array(text, value, dollars);
  Expr* number = value_of(value);
  if (failure_) return;
  if (dollars == 0 || !value.type)
    text.add('x', FormatPiece::alternate, number);
  else if (type.is_pointer())
    text.add('p', 0, number);
  else
    text.add(type.is_signed() ? 'i' : 'u', 0, number);
}

void ForeignPath::append_structure(Text& text, const ForeignValue& value, int dollars) {
  if (dollars == 0) return text.add("{...}");
  text.add("{");
  const CType structure = types_.completed(value.type).stripped();
  bool first = true;
  for (uint32_t i = 0; i < structure.member_count(); ++i) {
    const btf::Member member = structure.member(i);
    if (text.values >= kMaxTextValues) {
      text.add(", ...");
      break;
    }
    if (!first) text.add(", ");
    first = false;
    if (!member.name.empty()) text.add(fmt::format(".{}=", member.name));
    ForeignValue inner{add(value.expr, integer(static_cast<int64_t>(member.offset()))),
                       types_.completed(member.type), true};
    if (member.bit_size) {
      const btf::BitFieldLoad load = btf::load_of_bit_field(member);
      if (load.bytes == 0) {
        text.add("?");
        continue;
      }
      inner.expr = add(value.expr, integer(static_cast<int64_t>(load.offset)));
      inner.bit_shift = load.shift;
      inner.bits = load.bits;
      inner.load_bytes = load.bytes;
    }
    const CType type = inner.type.stripped();
    const bool characters = type.is_array() && type.target().stripped().is_char();
    if (type.is_structure() && dollars < 2 && !member.name.empty())
      text.add("{...}");
    else if (type.is_array() && dollars < 2 && !characters)
      text.add("[...]");
    else if (type.kind() == btf::Kind::floating || type.size() > 8 * kMaxElements * 16)
      text.add("?");
    else
      append_value(text, inner, dollars);
  }
  text.add("}");
}

void ForeignPath::append_array(Text& text, const ForeignValue& value, int dollars) {
  const CType array = value.type.stripped();
  const CType element = types_.completed(array.target());
  if (element.stripped().is_char()) {
    Expr* load = make(Kind::load_string);
    load->type = sem::Type::string;
    load->space = space_;
    load->text = name_;
    load->value = array.elements();
    load->args = {value.expr};
    text.add("\"");
    text.add('s', 0, load);
    return text.add("\"");
  }
  if (dollars == 0) return text.add("[...]");
  text.add("[");
  for (uint32_t i = 0; i < array.elements(); ++i) {
    if (i > 0) text.add(", ");
    if (i >= kMaxElements || text.values >= kMaxTextValues) {
      text.add("...");
      break;
    }
    const auto offset = static_cast<int64_t>(i * element.size());
    append_value(text, {add(value.expr, integer(offset)), element, true}, dollars);
  }
  text.add("]");
}

}  // namespace stapd
