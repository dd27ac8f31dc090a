#include "translator/ir/place_locks.h"

#include <algorithm>

#include "runtime/record/record_layout.h"
#include "translator/ir/dominators.h"

namespace stapd {
namespace {

using ir::Op;

bool touches_global(Op op) {
  return (op >= Op::global_load && op <= Op::stat_read) || op == Op::iter_open;
}

// Not one atomic step, or such that it makes the others' steps unsafe: elements of a hash map are
// used again as soon as they are deleted.
bool needs_exclusion(Op op) {
  switch (op) {
    case Op::global_load_string:
    case Op::global_store_string:
    case Op::array_load_string:
    case Op::array_store_string:
    case Op::array_delete:
    case Op::array_clear:
    case Op::iter_open:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool writes_global(Op op) {
  switch (op) {
    case Op::global_store:
    case Op::global_add:
    case Op::global_store_string:
    case Op::array_store:
    case Op::array_store_string:
    case Op::array_add:
    case Op::array_delete:
    case Op::array_clear:
    case Op::stat_add:
      return true;
    default:
      return false;
  }
}

std::vector<Access> accesses_of(const ir::Function& function, size_t globals) {
  std::vector<Access> result(globals);
  for (const ir::Block& block : function.blocks)
    for (const ir::Instr& instr : block.code) {
      if (!touches_global(instr.op)) continue;
      (writes_global(instr.op) ? result[instr.aux].writes : result[instr.aux].reads) = true;
      if (instr.op == Op::global_add || instr.op == Op::array_add) result[instr.aux].reads = true;
    }
  return result;
}

std::vector<bool> find_locked_globals(const std::vector<SharedHandler>& handlers,
                                      const ProgramImage& image) {
  size_t globals = image.globals.size();
  std::vector<bool> changing(globals), locked(globals);
  for (const SharedHandler& handler : handlers) {
    std::vector<Access> accesses = accesses_of(*handler.function, globals);
    for (size_t g = 0; g < globals; ++g)
      if (accesses[g].writes &&
          (image.globals[g].kind != ValueKind::statistic || image.globals[g].wrap))
        changing[g] = true;
  }
  for (const SharedHandler& handler : handlers) {
    // One access in a loop is many.
    std::vector<bool> repeats = blocks_in_cycles(*handler.function);
    size_t count = 0;
    std::vector<uint32_t> touched;
    for (size_t b = 0; b < handler.function->blocks.size(); ++b)
      for (const ir::Instr& instr : handler.function->blocks[b].code) {
        if (!touches_global(instr.op) || !changing[instr.aux]) continue;
        count += repeats[b] ? 2 : 1;
        touched.push_back(instr.aux);
        if (needs_exclusion(instr.op) || image.globals[instr.aux].wrap) locked[instr.aux] = true;
      }
    if (count > 1)
      for (uint32_t g : touched) locked[g] = true;
  }
  return locked;
}

namespace {

class LockPlacer {
 public:
  LockPlacer(ir::Function& function, const std::vector<bool>& locked)
      : function_(function), locked_(locked) {}

  void run() {
    dominators_ = immediate_dominators(function_);
    find_accesses();
    if (set_.globals.empty()) return;
    std::sort(set_.globals.begin(), set_.globals.end());
    index_ = static_cast<uint32_t>(function_.lock_sets.size());
    function_.lock_sets.push_back(set_);
    find_lock_block();
    find_wanted();
    size_t blocks = function_.blocks.size();
    for (uint32_t b = 0; b < blocks; ++b)
      if (b == lock_block_ || held_at_entry(b)) release_after(b);
    insert_lock();
  }

 private:
  bool is_access(const ir::Instr& instr) const {
    return touches_global(instr.op) && locked_[instr.aux];
  }

  void find_accesses() {
    accesses_.resize(function_.blocks.size());
    for (uint32_t b = 0; b < function_.blocks.size(); ++b)
      for (const ir::Instr& instr : function_.blocks[b].code) {
        if (!is_access(instr) || dominators_[b] == ir::kNoBlock) continue;
        accesses_[b] = true;
        if (std::find(set_.globals.begin(), set_.globals.end(), instr.aux) == set_.globals.end())
          set_.globals.push_back(instr.aux);
      }
  }

  // The nearest block that every access comes after and that no loop repeats.
  void find_lock_block() {
    std::vector<bool> repeats = blocks_in_cycles(function_);
    uint32_t common = ir::kNoBlock;
    for (uint32_t b = 0; b < function_.blocks.size(); ++b)
      if (accesses_[b])
        common = common == ir::kNoBlock ? b : common_dominator(dominators_, common, b);
    while (repeats[common] && common != 0) common = dominators_[common];
    lock_block_ = common;
  }

  // For each block: an access can be reached from its start.
  void find_wanted() {
    wanted_ = accesses_;
    bool changed = true;
    while (changed) {
      changed = false;
      for (uint32_t b = 0; b < function_.blocks.size(); ++b) {
        if (wanted_[b]) continue;
        for (uint32_t next : ir::successors(function_.blocks[b]))
          if (held_at_entry(next)) wanted_[b] = changed = true;
      }
    }
  }

  bool held_at_entry(uint32_t block) const {
    return block != lock_block_ && block < wanted_.size() && wanted_[block] &&
           is_dominated(dominators_, block, lock_block_);
  }

  // Where the locks are held in `b` but not in the block after it, they are released in between.
  void release_after(uint32_t b) {
    std::vector<uint32_t> next = ir::successors(function_.blocks[b]);
    bool any_held =
        std::any_of(next.begin(), next.end(), [&](uint32_t n) { return held_at_entry(n); });
    if (!any_held) {
      std::vector<ir::Instr>& code = function_.blocks[b].code;
      size_t last = code.size() - 1;  // behind the last access
      while (last > 0 && !is_access(code[last - 1])) --last;
      code.insert(code.begin() + static_cast<std::ptrdiff_t>(last), unlock(code.back().where));
      return;
    }
    for (size_t i = 0; i < 2; ++i) {
      uint32_t target = function_.blocks[b].code.back().target[i];
      if (target == ir::kNoBlock || held_at_entry(target)) continue;
      ir::Block between;
      between.code = {unlock(0), jump_to(target)};
      function_.blocks[b].code.back().target[i] = static_cast<uint32_t>(function_.blocks.size());
      function_.blocks.push_back(std::move(between));
    }
  }

  // The lock block ends where the locks are taken; the rest of it is a block of its own.
  void insert_lock() {
    std::vector<ir::Instr>& code = function_.blocks[lock_block_].code;
    size_t at = 0;
    while (at + 1 < code.size() && !is_access(code[at]) && code[at].op != Op::unlock) ++at;
    ir::Block rest, skipped;
    rest.code.assign(code.begin() + static_cast<std::ptrdiff_t>(at), code.end());
    code.resize(at);
    ir::Operand status = ir::Operand::reg(function_.registers++);
    ir::Instr lock;
    lock.op = Op::lock;
    lock.dst = {status};
    lock.aux = index_;
    lock.where = rest.code[0].where;
    ir::Instr branch;
    branch.op = Op::branch;
    branch.sub = static_cast<int8_t>(ir::Compare::ne);
    branch.args = {status, ir::Operand::imm(0)};
    branch.target = {static_cast<uint32_t>(function_.blocks.size()),
                     static_cast<uint32_t>(function_.blocks.size() + 1)};
    code.push_back(lock);
    code.push_back(branch);
    ir::Instr skip;
    skip.op = Op::skip;
    skip.sub = static_cast<int8_t>(DropCause::lock_timeout);
    skipped.code = {skip};
    function_.blocks.push_back(std::move(skipped));
    function_.blocks.push_back(std::move(rest));
  }

  ir::Instr unlock(uint32_t where) const {
    ir::Instr instr;
    instr.op = Op::unlock;
    instr.aux = index_;
    instr.where = where;
    return instr;
  }

  static ir::Instr jump_to(uint32_t target) {
    ir::Instr instr;
    instr.op = Op::jump;
    instr.target[0] = target;
    return instr;
  }

  ir::Function& function_;
  const std::vector<bool>& locked_;
  ir::LockSet set_;
  uint32_t index_ = 0;
  uint32_t lock_block_ = 0;
  std::vector<uint32_t> dominators_;
  std::vector<bool> accesses_, wanted_;
};

}  // namespace

void place_locks(ir::Function& handler, const std::vector<bool>& locked) {
  LockPlacer(handler, locked).run();
}

}  // namespace stapd
