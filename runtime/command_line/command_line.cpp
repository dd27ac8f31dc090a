#include "runtime/command_line/command_line.h"

#include <string_view>

namespace stapd {
namespace {

using Argument = OptionSpec::Argument;

class Parser {
 public:
  Parser(std::span<const OptionSpec> specs, std::span<const std::string> words)
      : specs_(specs), words_(words) {}

  Result<CommandLine> run(AfterOperand rule) {
    for (; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      bool is_option = word.size() > 1 && word[0] == '-';
      if (word == "--" || (!is_option && rule == AfterOperand::operands_only)) {
        at_ += word == "--";
        break;
      }
      if (!is_option)
        line_.operands.push_back(word);
      else
        STAPD_TRY(word[1] == '-' ? long_option(word.substr(2)) : letters(word));
    }
    for (; at_ < words_.size(); ++at_) line_.operands.push_back(words_[at_]);
    return std::move(line_);
  }

 private:
  Result<const OptionSpec*> find_long(const std::string& name) const {
    const OptionSpec* found = nullptr;
    for (const OptionSpec& spec : specs_) {
      if (!spec.name) continue;
      if (name == spec.name) return &spec;
      if (!std::string_view(spec.name).starts_with(name)) continue;
      if (found) return failf(ErrorCode::invalid_argument, "option '--{}' is ambiguous", name);
      found = &spec;
    }
    if (!found) return failf(ErrorCode::invalid_argument, "unrecognized option '--{}'", name);
    return found;
  }

  Result<const OptionSpec*> find_letter(char letter) const {
    for (const OptionSpec& spec : specs_)
      if (spec.letter == letter) return &spec;
    return failf(ErrorCode::invalid_argument, "invalid option -- '{}'", letter);
  }

  Status long_option(const std::string& text) {
    size_t equals = text.find('=');
    STAPD_ASSIGN(const OptionSpec* spec, find_long(text.substr(0, equals)));
    std::string value;
    if (equals != std::string::npos) {
      if (spec->argument == Argument::none)
        return failf(ErrorCode::invalid_argument, "option '--{}' takes no argument", spec->name);
      value = text.substr(equals + 1);
    } else if (spec->argument == Argument::required) {
      STAPD_ASSIGN(value, next_word(*spec));
    }
    line_.options.push_back({spec, std::move(value)});
    return {};
  }

  Status letters(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      STAPD_ASSIGN(const OptionSpec* spec, find_letter(word[i]));
      std::string value;
      if (spec->argument != Argument::none) {
        value = word.substr(i + 1);
        i = word.size();
      }
      if (value.empty() && spec->argument == Argument::required) {
        STAPD_ASSIGN(value, next_word(*spec));
      }
      line_.options.push_back({spec, std::move(value)});
    }
    return {};
  }

  Result<std::string> next_word(const OptionSpec& spec) {
    if (at_ + 1 >= words_.size())
      return failf(ErrorCode::invalid_argument, "option '{}' requires an argument", spec.shown());
    return words_[++at_];
  }

  std::span<const OptionSpec> specs_;
  std::span<const std::string> words_;
  size_t at_ = 0;
  CommandLine line_;
};

}  // namespace

std::string OptionSpec::shown() const {
  return letter ? std::string("-") + letter : std::string("--") + name;
}

Result<CommandLine> parse_command_line(std::span<const OptionSpec> specs,
                                       std::span<const std::string> words, AfterOperand rule) {
  return Parser(specs, words).run(rule);
}

std::string help_line(const OptionSpec& spec) {
  std::string name = spec.shown();
  if (spec.letter && spec.name) name += std::string(", --") + spec.name;
  if (spec.argument == Argument::required) name += spec.name ? "=VALUE" : " VALUE";
  if (spec.argument == Argument::optional) name += "[=VALUE]";
  return fmt::format("  {:<28} {}\n", name, spec.text);
}

}  // namespace stapd
