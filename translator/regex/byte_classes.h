// Bytes that no part of an expression tells apart share a column of the tables.
#pragma once

#include "translator/regex/automaton.h"
#include "translator/regex/nfa.h"

namespace stapd::regex {

struct ByteClasses {
  std::array<uint8_t, 256> class_of{};  // of byte 0: class 0, with nothing else in it
  std::vector<uint8_t> examples;        // a byte of each class
};

ByteClasses find_byte_classes(const Nfa& nfa);

}  // namespace stapd::regex
