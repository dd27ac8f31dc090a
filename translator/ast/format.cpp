#include "translator/ast/format.h"

#include <algorithm>
#include <optional>

namespace stapd::ast {
namespace {

using Conversion = FormatPiece::Conversion;
using Amount = FormatDirective::Amount;

constexpr int64_t kMaxAmount = 1'000'000;  // of a width or precision; more is not meant

std::optional<Conversion> conversion_of(char letter) {
  switch (letter) {
    case 'd':
    case 'i':
      return Conversion::decimal;
    case 'u':
      return Conversion::unsigned_decimal;
    case 'o':
      return Conversion::octal;
    case 'x':
      return Conversion::hex;
    case 'X':
      return Conversion::hex_upper;
    case 'p':
      return Conversion::pointer;
    case 'c':
      return Conversion::character;
    case 's':
      return Conversion::string;
    case 'b':
      return Conversion::binary;
    case 'm':
      return Conversion::memory;
    case 'M':
      return Conversion::memory_hex;
    default:
      return std::nullopt;
  }
}

uint8_t flag_of(char c) {
  switch (c) {
    case '0':
      return FormatPiece::zero_pad;
    case '+':
      return FormatPiece::plus;
    case '-':
      return FormatPiece::left;
    case ' ':
      return FormatPiece::space;
    case '#':
      return FormatPiece::alternate;
    default:
      return 0;
  }
}

class FormatParser {
 public:
  explicit FormatParser(std::string_view text) : text_(text) {}

  ParsedFormat run() {
    while (at_ < text_.size() && !result_.error) {
      if (text_[at_] != '%')
        literal();
      else if (at_ + 1 < text_.size() && text_[at_ + 1] == '%')
        percent();
      else
        directive();
    }
    return std::move(result_);
  }

 private:
  void literal() {
    const size_t end = std::min(text_.find('%', at_), text_.size());
    add_literal(text_.substr(at_, end - at_));
    at_ = end;
  }

  // %% is a literal of one byte: a view of the second.
  void percent() {
    add_literal(text_.substr(at_ + 1, 1));
    at_ += 2;
  }

  void add_literal(std::string_view text) {
    FormatDirective piece;
    piece.text = text;
    result_.directives.push_back(piece);
  }

  // One flag at most; two are an error, as SystemTap has it.
  void directive() {
    ++at_;
    FormatDirective d;
    if (at_ < text_.size() && flag_of(text_[at_])) d.flags = flag_of(text_[at_++]);
    d.width_kind = amount(d.width);
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      d.precision_kind = amount(d.precision);
      if (d.precision_kind == Amount::none) d.precision_kind = Amount::constant;
    }
    const bool started =
        d.flags || d.width_kind != Amount::none || d.precision_kind != Amount::none;
    if (at_ < text_.size() && text_[at_] == 'l') {
      d.long_ = true;
      ++at_;
    }
    if (at_ >= text_.size()) {
      result_.error = started || d.long_ ? "trailing incomplete print format conversion"
                                         : "invalid or missing conversion specifier";
      return;
    }
    d.letter = text_[at_];
    const std::optional<Conversion> conversion = conversion_of(d.letter);
    if (!conversion) {
      result_.error = "invalid or missing conversion specifier";
      return;
    }
    ++at_;
    d.conversion = *conversion;
    result_.directives.push_back(d);
  }

  Amount amount(int64_t& value) {
    if (at_ < text_.size() && text_[at_] == '*') {
      ++at_;
      return Amount::argument;
    }
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
      value = std::min(value * 10 + (text_[at_++] - '0'), kMaxAmount);
    return at_ > start ? Amount::constant : Amount::none;
  }

  std::string_view text_;
  size_t at_ = 0;
  ParsedFormat result_;
};

}  // namespace

ParsedFormat parse_format(std::string_view spelling) { return FormatParser(spelling).run(); }

}  // namespace stapd::ast
