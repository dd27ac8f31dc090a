// `global a%[N]`: a full array loses its oldest element for a new one. The kernel's hash map does
// not know which that is. An order map keeps, by insertion modulo its size, which key each
// insertion had; a cursor goes through it behind the elements that are gone. An insertion that the
// order map does not know any more, or never knew (the daemon made it), is looked for in the whole
// array.
#pragma once

#include <deque>

#include "runtime/image/map_layout.h"
#include "translator/bpf/emitter.h"

namespace stapd::bpf {

// dst = address of the order map's entry for insertion `number`.
void order_entry(Emitter& emit, const GlobalSpec& global, Reg dst, Reg number);

// Makes the subprogram that deletes the oldest element, without arguments; its index. The caller
// holds the array's lock.
uint32_t make_eviction(const GlobalSpec& global, std::deque<Function>& functions);

}  // namespace stapd::bpf
