#include "translator/ir/place_locks.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/image/ir_text.h"
#include "translator/ir/ir_builder.h"
#include "translator/ir/simplify.h"

namespace stapd {
namespace {

using ir::Op;
using ir::Operand;

ProgramImage image_with_globals(size_t count) {
  ProgramImage image;
  image.maps.resize(kFixedMaps);
  for (size_t i = 0; i < count; ++i) {
    GlobalSpec global;
    global.name = std::string(1, static_cast<char>('a' + i));
    image.globals.push_back(global);
  }
  return image;
}

// Walks the graph at random and checks the locks on every step.
class Walker {
 public:
  Walker(const ir::Function& function, const std::vector<bool>& locked, std::minstd_rand& random)
      : function_(function), locked_(locked), random_(random) {}

  // What is wrong, or "".
  std::string walk() {
    bool held = false;
    uint32_t block = 0;
    for (int steps = 0; steps < 200; ++steps) {
      for (const ir::Instr& instr : function_.blocks[block].code) {
        bool access = instr.op == Op::global_load || instr.op == Op::global_store;
        if (instr.op == Op::lock && std::exchange(held, true)) return "taken twice";
        if (instr.op == Op::unlock && !std::exchange(held, false)) return "released, not held";
        if (access && locked_[instr.aux] && !held) return "touched without the lock";
      }
      const ir::Instr& last = function_.blocks[block].code.back();
      if (last.op == Op::skip) return "";  // the lock was not to be had
      std::vector<uint32_t> next = ir::successors(function_.blocks[block]);
      if (next.empty()) return held ? "ends with the lock held" : "";
      // The way that a lock goes when it is refused leads to `skip`; take the other one mostly.
      block = next[random_() % next.size()];
      if (function_.blocks[block].code[0].op == Op::skip) {
        if (random_() % 4 == 0) return "";
        block = next[0] == block ? next[1] : next[0];
      }
    }
    return "";  // still in a loop
  }

 private:
  const ir::Function& function_;
  const std::vector<bool>& locked_;
  std::minstd_rand& random_;
};

ir::Function random_handler(std::minstd_rand& random) {
  ir::Function function;
  function.name = "random";
  function.is_handler = true;
  IrBuilder build(function);
  Operand reg = build.make_reg();
  uint32_t blocks = 2 + random() % 8;
  for (uint32_t b = 1; b < blocks; ++b) build.make_block();
  for (uint32_t b = 0; b < blocks; ++b) {
    build.set_block(b);
    for (int i = static_cast<int>(random() % 3); i > 0; --i) {
      if (random() % 2)
        build.append(Op::global_load, {reg}, {}, random() % 3);
      else
        build.append(Op::mov, {reg}, {Operand::imm(1)});
    }
    // Mostly forward, so that most handlers end; block 0 is never gone back to.
    auto target = [&] {
      return random() % 4 ? std::min<uint64_t>(b + 1 + random() % 3, blocks - 1)
                          : 1 + random() % (blocks - 1);
    };
    if (b + 1 == blocks || random() % 6 == 0)
      build.append(Op::done, {}, {});
    else if (random() % 2)
      build.jump(static_cast<uint32_t>(target()));
    else
      build.branch(ir::Compare::ne, reg, Operand::imm(0), static_cast<uint32_t>(target()),
                   static_cast<uint32_t>(target()));
  }
  return function;
}

TEST(PlaceLocks, RandomHandlersHoldThemWhereTheyMust) {
  std::minstd_rand random(7);
  ProgramImage image = image_with_globals(3);
  for (int round = 0; round < 2000; ++round) {
    ir::Function function = random_handler(random);
    std::vector<bool> locked = {true, random() % 2 == 0, false};
    ir::Function placed = function;
    place_locks(placed, locked);
    ASSERT_TRUE(ir::check(placed, image)) << ir::check(placed, image).error().message;
    for (int walk = 0; walk < 20; ++walk) {
      std::string wrong = Walker(placed, locked, random).walk();
      ASSERT_EQ(wrong, "") << ir::to_text(function, image) << ir::to_text(placed, image);
    }
  }
}

// A handler that does `accesses` in a row.
ir::Function handler_of(const std::vector<std::pair<Op, uint32_t>>& accesses) {
  ir::Function function;
  function.name = "handler";
  IrBuilder build(function);
  Operand reg = build.make_reg();
  for (const auto& [op, global] : accesses) {
    if (op == Op::global_load) build.append(op, {reg}, {}, global);
    if (op == Op::global_store) build.append(op, {}, {Operand::imm(1)}, global);
    if (op == Op::global_add) build.append(op, {Operand{}}, {Operand::imm(1)}, global);
  }
  build.append(Op::done, {}, {});
  return function;
}

TEST(FindLockedGlobals, OneAtomicAccessNeedsNoLock) {
  ProgramImage image = image_with_globals(2);
  ir::Function adds = handler_of({{Op::global_add, 0}}), reads = handler_of({{Op::global_load, 0}});
  EXPECT_EQ(find_locked_globals({{&adds}, {&reads}}, image), (std::vector<bool>{false, false}));
}

TEST(FindLockedGlobals, TwoGlobalsThatBelongTogetherAreLockedEverywhere) {
  ProgramImage image = image_with_globals(3);
  ir::Function both = handler_of({{Op::global_add, 0}, {Op::global_add, 1}});
  ir::Function one = handler_of({{Op::global_load, 1}}), other = handler_of({{Op::global_add, 2}});
  EXPECT_EQ(find_locked_globals({{&both}, {&one}, {&other}}, image),
            (std::vector<bool>{true, true, false}));
}

TEST(FindLockedGlobals, WhatNobodyChangesNeedsNoLock) {
  ProgramImage image = image_with_globals(2);
  ir::Function reads = handler_of({{Op::global_load, 0}, {Op::global_load, 1}});
  EXPECT_EQ(find_locked_globals({{&reads}}, image), (std::vector<bool>{false, false}));
}

TEST(Simplify, KeepsTheLocksOfASimplifiedHandler) {
  std::minstd_rand random(11);
  ProgramImage image = image_with_globals(3);
  for (int round = 0; round < 500; ++round) {
    ir::Function function = random_handler(random);
    simplify(function);
    ASSERT_TRUE(ir::check(function, image));
    std::vector<bool> locked = {true, true, true};
    place_locks(function, locked);
    for (int walk = 0; walk < 10; ++walk) ASSERT_EQ(Walker(function, locked, random).walk(), "");
  }
}

}  // namespace
}  // namespace stapd
