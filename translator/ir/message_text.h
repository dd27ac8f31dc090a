// Emits the operations that put a format's text together in a string slot: sprintf, and the message
// of an error that a catch wants.
#pragma once

#include <functional>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/record/record_format.h"
#include "translator/ir/ir_builder.h"

namespace stapd {

using LiteralPool = std::function<ir::Operand(const std::string&)>;

// Appends the text of `piece` to `slot`. A Source of kind field is an index in `values`.
// Texts, numbers and strings: bytes and what is read from memory are for lower_sprint.cpp.
void append_piece(IrBuilder& build, const LiteralPool& literal, ir::Operand slot,
                  const FormatPiece& piece, const std::vector<ir::Operand>& values);

// A width or precision: -1 when there is none, 0 when the script computes a negative one.
ir::Operand amount_of_piece(IrBuilder& build, const FormatPiece::Source& source,
                            const std::vector<ir::Operand>& values);

}  // namespace stapd
