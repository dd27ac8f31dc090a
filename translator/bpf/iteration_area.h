// The area of one foreach in a program: a map of one element in which the handler gathers what it
// walks through. Entries are not moved; an order over them is kept as a heap, so that a loop that
// ends early sorts no more than it shows.
//
//   +0   u64 lock: 0, or the CPU that uses the area plus one
//   +8   u64 count of what the heap still holds
//   +16  u64 place that is being sifted
//   +64  u32 order[slots]
//        entries[slots]: u64 sort, u64 insertion, key, value
//
// `sort` is compared as unsigned: the sign bit of an integer is turned over, all bits for a
// descending order. Of a string it is the first eight bytes. Ties go by the whole string, then by
// insertion.
#pragma once

#include <deque>

#include "runtime/image/map_layout.h"
#include "translator/bpf/emitter.h"
#include "translator/bpf/library.h"

namespace stapd::bpf {

constexpr int32_t kAreaLock = 0;
constexpr int32_t kAreaCount = 8;
constexpr int32_t kAreaPlace = 16;
constexpr uint32_t kAreaOrder = 64;
constexpr int32_t kEntrySort = 0;
constexpr int32_t kEntryInsertion = 8;
constexpr int32_t kEntryKey = 16;

struct IterationArea {
  const GlobalSpec* global = nullptr;
  ir::Iteration iteration;
  uint32_t map = 0;      // of the area
  uint32_t slots = 0;    // a power of two, at least the array's size
  uint32_t stride = 0;   // of an entry
  int32_t value = 0;     // offset of the value in an entry
  uint32_t entries = 0;  // offset of the first entry in the area
  // Subprograms.
  uint32_t collect = 0, sift = 0, heapify = 0;
};

// What iter_open asks for: of each key part whether it must equal what is in the frame's temp.
struct Slice {
  std::vector<bool> fixed;
};

// Lays the area out; its map is to be made of `spec`.
IterationArea plan_area(const GlobalSpec& global, const ir::Iteration& iteration, uint32_t map,
                        MapSpec* spec);

// Makes the three subprograms:
//   collect(map, key, value, &frame), for for_each_map_elem: one more entry, if it matches
//   sift(place, count): the heap below `place` in order again
//   heapify(round, unused), for bpf_loop over half the entries
// `temp`: where the frame holds the key to match.
void make_area_functions(IterationArea& area, const Slice& slice, int32_t temp,
                         std::deque<Function>& functions, Library& library);

}  // namespace stapd::bpf
