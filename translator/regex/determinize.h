// From an automaton in several states at once to one in one state (the subset construction).
#pragma once

#include <optional>

#include "translator/regex/automaton.h"
#include "translator/regex/byte_classes.h"
#include "translator/regex/nfa.h"

namespace stapd::regex {

// States of the result, and what its table may hold: row numbers have 16 bits.
constexpr size_t kMostAutomatonStates = 4000;
constexpr size_t kMostTableEntries = 65535;
// Steps without a byte on the way to it. A step takes about 25 ns.
constexpr uint64_t kMostEffort = 10'000'000;

// Nothing when the result would be too large.
std::optional<Automaton> determinize_test(const Nfa& nfa, const ByteClasses& classes);
std::optional<Automaton> determinize_groups(const Nfa& nfa, const ByteClasses& classes);

// The same with states merged that cannot be told apart.
Automaton minimize(const Automaton& automaton);

}  // namespace stapd::regex
