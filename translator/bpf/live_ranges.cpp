#include "translator/bpf/live_ranges.h"

#include <algorithm>
#include <unordered_map>

namespace stapd::bpf {
namespace {

class BitSet {
 public:
  explicit BitSet(size_t bits) : words_((bits + 63) / 64) {}
  void set(uint32_t bit) { words_[bit / 64] |= 1ull << (bit % 64); }
  void clear(uint32_t bit) { words_[bit / 64] &= ~(1ull << (bit % 64)); }
  bool test(uint32_t bit) const { return words_[bit / 64] >> (bit % 64) & 1; }
  // this |= other; true when it grew.
  bool merge(const BitSet& other) {
    uint64_t grown = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      grown |= other.words_[i] & ~words_[i];
      words_[i] |= other.words_[i];
    }
    return grown != 0;
  }
  template <class F>
  void for_each(F f) const {
    for (size_t i = 0; i < words_.size(); ++i)
      for (uint64_t word = words_[i]; word; word &= word - 1)
        f(static_cast<uint32_t>(i * 64 + __builtin_ctzll(word)));
  }

 private:
  std::vector<uint64_t> words_;
};

void step_backward(const Insn& insn, BitSet& live) {
  Effects effects = effects_of(insn);
  for (int i = 0; i < effects.write_count; ++i) live.clear(effects.writes[i]);
  for (int i = 0; i < effects.read_count; ++i) live.set(effects.reads[i]);
}

std::vector<BitSet> live_at_entry(const Function& function,
                                  const std::vector<MachineBlock>& blocks) {
  std::vector<BitSet> entry(blocks.size(), BitSet(function.next_virtual));
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t b = blocks.size(); b-- > 0;) {
      BitSet live(function.next_virtual);
      for (uint32_t next : blocks[b].successors) live.merge(entry[next]);
      for (uint32_t i = blocks[b].end; i-- > blocks[b].begin;)
        step_backward(function.code[i], live);
      changed |= entry[b].merge(live);
    }
  }
  return entry;
}

// Walks one block backward and notes where each register is live in it. Ranges are collected back
// to front.
class BlockRanges {
 public:
  BlockRanges(const Function& function, std::vector<Ranges>& result)
      : function_(function), result_(result), open_(function.next_virtual, kClosed) {}

  void add(const MachineBlock& block, const BitSet& live_out) {
    live_out.for_each([&](uint32_t reg) { open_[reg] = 2 * block.end - 1; });
    for (uint32_t i = block.end; i-- > block.begin;) add_insn(i);
    for (uint32_t reg = 0; reg < open_.size(); ++reg)
      if (open_[reg] != kClosed) close(reg, 2 * block.begin);
  }

 private:
  static constexpr uint32_t kClosed = 0xffffffff;

  void add_insn(uint32_t i) {
    Effects effects = effects_of(function_.code[i]);
    for (int w = 0; w < effects.write_count; ++w) {
      Reg reg = effects.writes[w];
      if (open_[reg] == kClosed) open_[reg] = 2 * i + 1;  // written, never read
      close(reg, 2 * i + 1);
    }
    for (int r = 0; r < effects.read_count; ++r)
      if (open_[effects.reads[r]] == kClosed) open_[effects.reads[r]] = 2 * i;
  }

  void close(uint32_t reg, uint32_t from) {
    result_[reg].push_back({from, open_[reg]});
    open_[reg] = kClosed;
  }

  const Function& function_;
  std::vector<Ranges>& result_;
  std::vector<uint32_t> open_;  // end of the range that is open at this point
};

bool begins_before(Range a, Range b) { return a.from < b.from; }

// Joins ranges that overlap or touch, of sorted ones.
void join(Ranges& ranges) {
  Ranges merged;
  for (const Range& range : ranges) {
    if (!merged.empty() && range.from <= merged.back().to + 1)
      merged.back().to = std::max(merged.back().to, range.to);
    else
      merged.push_back(range);
  }
  ranges = std::move(merged);
}

}  // namespace

std::vector<MachineBlock> machine_blocks(const Function& function) {
  std::vector<MachineBlock> blocks;
  std::unordered_map<Label, uint32_t> block_of_label;
  uint32_t begin = 0;
  auto finish = [&](uint32_t end) {
    if (end > begin) blocks.push_back({begin, end, {}});
    begin = end;
  };
  for (uint32_t i = 0; i < function.code.size(); ++i) {
    const Insn& insn = function.code[i];
    if (is_label(insn)) {
      // Several labels in a row belong to one block.
      if (!(i > begin && is_label(function.code[i - 1]))) finish(i);
      block_of_label[insn.label] = static_cast<uint32_t>(blocks.size());
    } else if (is_jump(insn) || is_exit(insn)) {
      finish(i + 1);
    }
  }
  finish(static_cast<uint32_t>(function.code.size()));
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    const Insn& last = function.code[blocks[b].end - 1];
    if (is_jump(last)) blocks[b].successors.push_back(block_of_label.at(last.label));
    bool falls_through = !is_exit(last) && !(is_jump(last) && is_always(last));
    if (falls_through && b + 1 < blocks.size()) blocks[b].successors.push_back(b + 1);
  }
  return blocks;
}

std::vector<Ranges> compute_live_ranges(const Function& function) {
  std::vector<MachineBlock> blocks = machine_blocks(function);
  std::vector<BitSet> entry = live_at_entry(function, blocks);
  std::vector<Ranges> result(function.next_virtual);
  BlockRanges collector(function, result);
  for (const MachineBlock& block : blocks) {
    BitSet live_out(function.next_virtual);
    for (uint32_t next : block.successors) live_out.merge(entry[next]);
    collector.add(block, live_out);
  }
  for (Ranges& ranges : result) {
    std::sort(ranges.begin(), ranges.end(), begins_before);
    join(ranges);
  }
  return result;
}

bool overlap(const Ranges& a, const Ranges& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i].to < b[j].from)
      ++i;
    else if (b[j].to < a[i].from)
      ++j;
    else
      return true;
  }
  return false;
}

void add_ranges(Ranges& to, const Ranges& more) {
  auto middle = static_cast<Ranges::difference_type>(to.size());
  to.insert(to.end(), more.begin(), more.end());
  std::inplace_merge(to.begin(), to.begin() + middle, to.end(), begins_before);
  join(to);
}

uint32_t length_of(const Ranges& ranges) {
  uint32_t length = 0;
  for (const Range& range : ranges) length += range.to - range.from + 1;
  return length;
}

}  // namespace stapd::bpf
