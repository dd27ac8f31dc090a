#include "stapd/profile/words.h"

namespace stapd {

Result<std::vector<std::string>> split_words(std::string_view value) {
  std::vector<std::string> words;
  char quote = 0;
  bool in_word = false;
  for (char c : value) {
    if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? 0 : c;
      if (!in_word) words.emplace_back();
      in_word = true;
    } else if (!quote && (c == ' ' || c == '\t')) {
      in_word = false;
    } else {
      if (!in_word) words.emplace_back();
      in_word = true;
      words.back() += c;
    }
  }
  if (quote) return failf(ErrorCode::invalid_argument, "a {} is not closed", quote);
  return words;
}

}  // namespace stapd
