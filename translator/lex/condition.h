// The condition of %( condition %? ... %).
#pragma once

#include <optional>
#include <span>

#include "translator/lex/script_facts.h"
#include "translator/lex/token.h"

namespace stapd {

// `tokens` stand between %( and %?, macros expanded. Nothing after a fault, which is reported;
// `open` is the %( itself.
std::optional<bool> evaluate_condition(std::span<const Token> tokens, const Token& open,
                                       const ScriptFacts& facts, Diagnostics& diagnostics);

}  // namespace stapd
