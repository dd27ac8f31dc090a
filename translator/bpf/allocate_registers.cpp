#include "translator/bpf/allocate_registers.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "runtime/base/check.h"
#include "translator/bpf/emitter.h"
#include "translator/bpf/live_ranges.h"

namespace stapd::bpf {
namespace {

constexpr Reg kNone = 0xffffffff;
constexpr int kMaxRounds = 20;

// Registers that a call leaves alone come last: what crosses no call needs none of them.
constexpr Reg kPreference[] = {R0, R5, R4, R3, R2, R1, R6, R7, R8, R9};

// One attempt to give every virtual register a machine register.
class Assignment {
 public:
  explicit Assignment(const Function& function)
      : function_(function),
        ranges_(compute_live_ranges(function)),
        taken_(ranges_.begin(), ranges_.begin() + 10),
        chosen_(function.next_virtual, kNone) {}

  // The registers that found no place.
  std::vector<Reg> run() {
    collect_hints();
    std::vector<Reg> order;
    for (Reg reg = kFirstVirtual; reg < function_.next_virtual; ++reg)
      if (!ranges_[reg].empty()) order.push_back(reg);
    std::vector<uint32_t> length(function_.next_virtual);
    for (Reg reg : order) length[reg] = length_of(ranges_[reg]);
    std::stable_sort(order.begin(), order.end(),
                     [&](Reg a, Reg b) { return length[a] < length[b]; });
    std::vector<Reg> failed;
    for (Reg reg : order)
      if (!place(reg)) failed.push_back(reg);
    return failed;
  }

  Reg chosen(Reg reg) const { return is_virtual(reg) ? chosen_[reg] : reg; }
  const Ranges& ranges(Reg reg) const { return ranges_[reg]; }

 private:
  void collect_hints() {
    for (const Insn& insn : function_.code) {
      if (!is_move(insn)) continue;
      if (is_virtual(insn.dst)) hints_[insn.dst].push_back(insn.src);
      if (is_virtual(insn.src)) hints_[insn.src].push_back(insn.dst);
    }
  }

  bool place(Reg reg) {
    for (Reg hint : hints_[reg]) {
      Reg machine = chosen(hint);
      if (machine != kNone && machine != kFramePointer && take(reg, machine)) return true;
    }
    return std::any_of(std::begin(kPreference), std::end(kPreference),
                       [&](Reg machine) { return take(reg, machine); });
  }

  bool take(Reg reg, Reg machine) {
    if (overlap(ranges_[reg], taken_[machine])) return false;
    add_ranges(taken_[machine], ranges_[reg]);
    chosen_[reg] = machine;
    return true;
  }

  const Function& function_;
  std::vector<Ranges> ranges_;
  std::vector<Ranges> taken_;  // of the machine registers
  std::vector<Reg> chosen_;
  std::unordered_map<Reg, std::vector<Reg>> hints_;
};

// What is remembered of spilling from round to round.
struct SpillHistory {
  std::unordered_set<Reg> unspillable;  // live for one instruction only
  std::unordered_set<Reg> reloaded;     // made by a reload that several instructions share
};

// Rewrites the code so that the given registers live in stack slots, or are constants that are
// made again. A reload serves the instructions that follow it, up to a call, a jump or a label; if
// that asks for too many registers, the next round reloads for each of them.
class Spiller {
 public:
  Spiller(Function& function, const Assignment& assignment, SpillHistory& history)
      : function_(function), assignment_(assignment), history_(history), emit_(function) {}

  void run(const std::vector<Reg>& failed) {
    find_constants(failed);
    for (Reg reg : failed) {
      STAPD_CHECK(!history_.unspillable.count(reg));
      if (!constants_.count(reg)) slot_of_[reg] = find_slot(assignment_.ranges(reg));
      spilled_.insert(reg);
    }
    std::vector<Insn> old = std::move(function_.code);
    function_.code.clear();
    for (const Insn& insn : old) rewrite(insn);
  }

 private:
  void find_constants(const std::vector<Reg>& failed) {
    std::unordered_set<Reg> candidates(failed.begin(), failed.end());
    std::unordered_set<Reg> written;
    for (const Insn& insn : function_.code) {
      Effects effects = effects_of(insn);
      for (int i = 0; i < effects.write_count; ++i) {
        Reg reg = effects.writes[i];
        if (!candidates.count(reg)) continue;
        bool constant = insn.code == kLoadImm64 || insn.code == (BPF_ALU64 | BPF_MOV | BPF_K) ||
                        insn.code == (BPF_ALU | BPF_MOV | BPF_K);
        if (constant && written.insert(reg).second) {
          constants_[reg] = insn;
        } else {
          constants_.erase(reg);
          written.insert(reg);
        }
      }
    }
  }

  int32_t find_slot(const Ranges& ranges) {
    for (auto& [offset, taken] : slots_) {
      if (overlap(taken, ranges)) continue;
      add_ranges(taken, ranges);
      return offset;
    }
    function_.stack_bytes += 8;
    slots_.push_back({-static_cast<int32_t>(function_.stack_bytes), ranges});
    return slots_.back().first;
  }

  // The register that holds `reg` for the instruction that is being rewritten.
  Reg reload(Reg reg) {
    if (auto it = at_hand_.find(reg); it != at_hand_.end()) {
      history_.unspillable.erase(it->second);
      history_.reloaded.insert(it->second);
      return it->second;
    }
    Reg fresh = make_fresh(reg);
    if (auto it = constants_.find(reg); it != constants_.end()) {
      function_.code.push_back(it->second);
      function_.code.back().dst = fresh;
    } else {
      emit_.load(Size::u64, fresh, kFramePointer, slot_of_[reg]);
    }
    return fresh;
  }

  Reg make_fresh(Reg reg) {
    Reg fresh = emit_.make_reg();
    history_.unspillable.insert(fresh);
    if (!history_.reloaded.count(reg)) at_hand_[reg] = fresh;
    return fresh;
  }

  void rewrite(Insn insn) {
    if (is_label(insn)) at_hand_.clear();
    Effects effects = effects_of(insn);
    emit_.set_where(insn.where);
    bool defines_constant = effects.write_count == 1 && constants_.count(effects.writes[0]);
    if (defines_constant) return;
    std::unordered_map<Reg, Reg> renamed;
    for (int i = 0; i < effects.read_count; ++i) {
      Reg reg = effects.reads[i];
      if (spilled_.count(reg) && !renamed.count(reg)) renamed[reg] = reload(reg);
    }
    Reg written = kNone;
    for (int i = 0; i < effects.write_count; ++i)
      if (spilled_.count(effects.writes[i])) written = effects.writes[i];
    if (written != kNone && !renamed.count(written)) renamed[written] = make_fresh(written);
    if (renamed.count(insn.dst)) insn.dst = renamed[insn.dst];
    if (renamed.count(insn.src)) insn.src = renamed[insn.src];
    function_.code.push_back(insn);
    if (written != kNone)
      emit_.store(Size::u64, kFramePointer, slot_of_[written], renamed[written]);
    if (is_call(insn) || is_jump(insn)) at_hand_.clear();
  }

  Function& function_;
  const Assignment& assignment_;
  SpillHistory& history_;
  Emitter emit_;
  std::unordered_set<Reg> spilled_;
  std::unordered_map<Reg, Insn> constants_;
  std::unordered_map<Reg, int32_t> slot_of_;
  std::unordered_map<Reg, Reg> at_hand_;  // spilled register -> the one that holds it here
  std::vector<std::pair<int32_t, Ranges>> slots_;
};

void apply(Function& function, const Assignment& assignment) {
  std::vector<Insn> kept;
  for (Insn& insn : function.code) {
    if (!is_label(insn)) {
      insn.dst = assignment.chosen(insn.dst);
      insn.src = assignment.chosen(insn.src);
      if (is_move(insn) && insn.dst == insn.src) continue;
    }
    kept.push_back(insn);
  }
  function.code = std::move(kept);
}

}  // namespace

Status allocate_registers(Function& function) {
  SpillHistory history;
  for (int round = 0; round < kMaxRounds; ++round) {
    Assignment assignment(function);
    std::vector<Reg> failed = assignment.run();
    if (failed.empty()) {
      apply(function, assignment);
      return {};
    }
    Spiller(function, assignment, history).run(failed);
    if (function.stack_bytes > kStackLimit)
      return failf(ErrorCode::limit, "{}: needs {} bytes of stack, {} are to be had", function.name,
                   function.stack_bytes, kStackLimit);
  }
  return failf(ErrorCode::internal, "{}: registers could not be allocated", function.name);
}

}  // namespace stapd::bpf
