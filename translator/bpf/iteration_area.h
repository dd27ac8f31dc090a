// The area of one foreach in a program: a map of one element in which the handler gathers what it
// walks through. Entries are not moved; an order over them is kept as a heap, so that a loop that
// ends early sorts no more than it shows.
//
//   +0   u64 lock: 0, or the CPU that uses the area plus one
//   +8   u64 count of what the heap still holds
//   +16  u64 place that is being sifted
//   +24  s64 rounds that the limit still allows
//   +64  u32 order[slots]
//        entries[slots]: u64 sort, u64 insertion, key, value
//
// `sort` is compared as unsigned: the sign bit of an integer is turned over, all bits for a
// descending order. Of a string it is the first eight bytes. Ties go by the whole string, then by
// insertion.
//
// A function that calls itself may walk in each of its calls: then there are as many areas behind
// each other as calls can be active, `levels`, of which only the first one's lock counts.
#pragma once

#include <deque>

#include "runtime/image/map_layout.h"
#include "translator/bpf/emitter.h"
#include "translator/bpf/library.h"

namespace stapd::bpf {

constexpr int32_t kAreaLock = 0;
constexpr int32_t kAreaCount = 8;
constexpr int32_t kAreaPlace = 16;
constexpr int32_t kAreaLeft = 24;
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
  uint32_t levels = 1;
  uint32_t bytes = 0;  // of one level
  // Subprograms.
  uint32_t collect = 0, sift = 0, heapify = 0;
};

// Addresses in an area, in one function.
class AreaAddress {
 public:
  AreaAddress(Emitter& emit, const IterationArea& area) : emit_(emit), area_(area) {}

  // Where there are levels, before anything else: the one that is meant.
  void set_level(Reg level);

  // dst = address of a field, of order[place], of entry `index`; the last two are masked.
  void field(Reg dst, int32_t offset) const;
  void order(Reg dst, Reg place) const;
  void entry(Reg dst, Reg index) const;

 private:
  void masked(Reg dst, Reg index, uint32_t stride, uint32_t first) const;

  Emitter& emit_;
  const IterationArea& area_;
  Reg level_ = 0;  // its offset in the map; 0: there is one level
};

// What iter_open asks for: of each key part whether it must equal what is in the frame's temp.
struct Slice {
  std::vector<bool> fixed;
};

// Lays the area out; its map is to be made of `spec`. `max_nesting`: calls that can be active.
IterationArea plan_area(const GlobalSpec& global, const ir::Iteration& iteration, uint32_t map,
                        uint32_t max_nesting, MapSpec* spec);

struct WalkCall {
  uint64_t frame;  // its address
  uint64_t level;
};

// Makes the three subprograms:
//   collect(map, key, value, &WalkCall), for for_each_map_elem: one more entry, if it matches
//   sift(place, count, level): the heap below `place` in order again
//   heapify(round, &WalkCall), for bpf_loop over half the entries
// `temp`: where the frame holds the key to match.
void make_area_functions(IterationArea& area, const Slice& slice, int32_t temp,
                         std::deque<Function>& functions, Library& library);

}  // namespace stapd::bpf
