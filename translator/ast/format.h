// The format string of the printf family, taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/record_format.h"

namespace stapd::ast {

// One directive, or literal bytes between two.
struct FormatDirective {
  enum class Amount : uint8_t { none, constant, argument };  // argument: '*'

  FormatPiece::Conversion conversion = FormatPiece::Conversion::literal;
  char letter = 0;     // as written: 'd' or 'i'
  bool long_ = false;  // an 'l' before the letter; it means nothing
  uint8_t flags = 0;   // FormatPiece::Flag
  Amount width_kind = Amount::none, precision_kind = Amount::none;
  int64_t width = 0, precision = 0;
  std::string_view text;  // of a literal: as spelled, C escapes kept, %% already %
};

struct ParsedFormat {
  std::vector<FormatDirective> directives;
  const char* error = nullptr;  // what is wrong, or null
};

// `spelling`: as in a string token. Texts point into it.
ParsedFormat parse_format(std::string_view spelling);

}  // namespace stapd::ast
