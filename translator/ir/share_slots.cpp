#include "translator/ir/share_slots.h"

#include <algorithm>
#include <map>

#include "runtime/image/map_layout.h"
#include "translator/ir/liveness.h"

namespace stapd {
namespace {

using ir::Operand;

class Sharing {
 public:
  explicit Sharing(ir::Function& function)
      : function_(function),
        liveness_(function),
        slots_(function.slots.size()),
        count_(slots_ + function.stats.size()),
        conflicts_(count_, std::vector<bool>(count_)) {}

  void run() {
    find_conflicts();
    choose();
    rename();
  }

 private:
  // Slots first, then statistics; -1 for anything else.
  int64_t index_of(const Operand& operand) const {
    if (operand.kind == Operand::Kind::slot) return operand.value;
    if (operand.kind == Operand::Kind::stat) return static_cast<int64_t>(slots_) + operand.value;
    return -1;
  }

  void add_conflict(size_t a, size_t b) {
    if (a != b) conflicts_[a][b] = conflicts_[b][a] = true;
  }

  // With all that is live behind the instruction, and with what it reads and writes beside.
  void add_conflicts(const ir::Instr& instr, const std::vector<bool>& live) {
    for (const Operand& dst : instr.dst) {
      int64_t written = index_of(dst);
      if (written < 0) continue;
      add_live_conflicts(static_cast<size_t>(written), live);
      for (const std::vector<Operand>* operands : {&instr.dst, &instr.args})
        for (const Operand& other : *operands)
          if (int64_t index = index_of(other); index >= 0)
            add_conflict(static_cast<size_t>(written), static_cast<size_t>(index));
    }
  }

  void add_live_conflicts(size_t one, const std::vector<bool>& live) {
    size_t first = liveness_.variables() - count_;
    for (size_t other = 0; other < count_; ++other)
      if (live[first + other]) add_conflict(one, other);
  }

  void find_conflicts() {
    for (uint32_t b = 0; b < function_.blocks.size(); ++b) {
      std::vector<bool> live = liveness_.live_out(b);
      const auto& code = function_.blocks[b].code;
      for (auto instr = code.rbegin(); instr != code.rend(); ++instr) {
        add_conflicts(*instr, live);
        liveness_.step_backward(*instr, live);
      }
    }
    // What is read before it is written starts as "".
    const std::vector<bool>& at_start = liveness_.live_in(0);
    size_t first = liveness_.variables() - count_;
    for (size_t one = 0; one < count_; ++one)
      if (at_start[first + one]) add_live_conflicts(one, at_start);
  }

  // What may become one: capacities above 0, statistics by their global below it; 0 for none.
  int64_t kind_of(size_t index) const {
    if (index >= slots_) return -1 - int64_t{function_.stats[index - slots_]};
    uint32_t capacity = function_.slots[index];
    return is_short_string(capacity) ? 0 : int64_t{capacity};
  }

  // Each joins the first group of its kind that has nothing in conflict with it.
  void choose() {
    std::map<int64_t, std::vector<size_t>> groups_of;
    group_.resize(count_);
    for (size_t index = 0; index < count_; ++index) {
      std::vector<size_t>& groups = groups_of[kind_of(index)];
      auto fits = [&](size_t group) {
        return kind_of(index) != 0 &&
               std::none_of(members_[group].begin(), members_[group].end(),
                            [&](size_t member) { return conflicts_[index][member]; });
      };
      auto found = std::find_if(groups.begin(), groups.end(), fits);
      if (found == groups.end()) {
        groups.push_back(members_.size());
        members_.emplace_back();
        found = groups.end() - 1;
      }
      group_[index] = *found;
      members_[*found].push_back(index);
    }
  }

  // Groups get numbers in the order of their first members, slots and statistics each their own.
  void rename() {
    std::vector<uint32_t> slots, stats, number(members_.size());
    for (size_t group = 0; group < members_.size(); ++group) {
      size_t first = members_[group][0];
      bool is_slot = first < slots_;
      std::vector<uint32_t>& kept = is_slot ? slots : stats;
      number[group] = static_cast<uint32_t>(kept.size());
      kept.push_back(is_slot ? function_.slots[first] : function_.stats[first - slots_]);
    }
    auto renamed = [&](Operand& operand) {
      if (int64_t index = index_of(operand); index >= 0)
        operand.value = number[group_[static_cast<size_t>(index)]];
    };
    for (ir::Block& block : function_.blocks)
      for (ir::Instr& instr : block.code) {
        std::for_each(instr.dst.begin(), instr.dst.end(), renamed);
        std::for_each(instr.args.begin(), instr.args.end(), renamed);
      }
    function_.slots = std::move(slots);
    function_.stats = std::move(stats);
  }

  ir::Function& function_;
  Liveness liveness_;
  size_t slots_, count_;
  std::vector<std::vector<bool>> conflicts_;
  std::vector<size_t> group_;                 // of each slot and statistic
  std::vector<std::vector<size_t>> members_;  // of each group
};

}  // namespace

void share_slots(ir::Function& function) {
  if (function.slots.size() + function.stats.size() > 1) Sharing(function).run();
}

}  // namespace stapd
