// The handler IR: a control-flow graph over 64-bit virtual registers and string slots. The
// translator lowers every handler and function to it, once. The VM runs it in the daemon, and the
// BPF code generator turns it into a program; both must do the same. What each operation means is
// in ir_op.def.
//
// Registers are mutable variables (this is not SSA). A string slot holds a string without 0 bytes,
// of fewer bytes than its capacity. Operations never trap: what can fail gives a status register,
// and the graph branches on it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace stapd::ir {

enum class Op : uint8_t {
#define STAPD_IR_OP(name, text, signature, traits) name,
#include "runtime/image/ir_op.def"
#undef STAPD_IR_OP
};

struct OpInfo {
  const char* text;
  const char* signature;
  const char* traits;
};
const OpInfo& info(Op op);
bool has_trait(Op op, char trait);
constexpr int kOps = 0
#define STAPD_IR_OP(name, text, signature, traits) +1
#include "runtime/image/ir_op.def"
#undef STAPD_IR_OP
    ;

enum class Compare : int8_t { eq, ne, lt, le, gt, ge, ult };  // ult: of unsigned numbers

// Append only, with the switches in runtime/vm and translator/bpf.
enum class ContextValue : int8_t {
  pid,  // thread group id
  tid,
  uid,
  gid,
  cpu,
  task,     // address of the current task_struct
  mono_ns,  // CLOCK_MONOTONIC
  real_ns,  // CLOCK_REALTIME
  jiffies,
  cycles,
  target,     // pid of -x or -c, or 0
  random,     // 32 random bits
  user_mode,  // 1 when the probe interrupted or was hit in user mode
};
enum class ContextString : int8_t { execname };

enum class Space : uint8_t { kernel, user };
enum class StatField : int8_t { count, sum, min, max, average, variance, bucket };

constexpr uint32_t kNoBlock = 0xffffffff;

struct Operand {
  enum class Kind : uint8_t { none, reg, imm, slot, literal, stat, any };
  Kind kind = Kind::none;
  int64_t value = 0;  // register, slot, statistic slot: its index; imm: the number;
                      // literal: index in ProgramImage::literals

  static Operand reg(uint32_t id) { return {Kind::reg, id}; }
  static Operand imm(int64_t number) { return {Kind::imm, number}; }
  static Operand slot(uint32_t id) { return {Kind::slot, id}; }
  static Operand literal(uint32_t id) { return {Kind::literal, id}; }
  static Operand stat(uint32_t id) { return {Kind::stat, id}; }
  static Operand any() { return {Kind::any, 0}; }  // the wildcard * in a key
  bool operator==(const Operand&) const = default;
};

struct Instr {
  Op op = Op::done;
  int8_t sub = 0;
  uint32_t aux = 0;
  std::vector<Operand> dst;
  std::vector<Operand> args;
  std::array<uint32_t, 2> target = {kNoBlock, kNoBlock};
  uint32_t where = 0;  // index in ProgramImage::source_map
};

// Ends with its one terminator.
struct Block {
  std::vector<Instr> code;
};

// Where control can go from the end of a block.
std::vector<uint32_t> successors(const Block& block);

// What a foreach walks. Ties, and everything when there is no sort, come in the order of insertion.
struct Iteration {
  enum class Sort : uint8_t { none, key, value, count, sum, min, max, average, variance };
  Sort sort = Sort::none;
  uint8_t key_part = 0;  // of Sort::key
  bool descending = false;
  bool operator==(const Iteration&) const = default;
};

// The globals whose locks a range of a handler holds, ascending: the order in which they are taken.
struct LockSet {
  std::vector<uint32_t> globals;
};

struct Function {
  std::string name;
  bool is_handler = false;
  bool may_next = false;
  bool recursive = false;  // calls itself, by way of others or not
  uint32_t registers = 0;
  std::vector<uint32_t> slots;  // capacity in bytes of each string slot, the final 0 included
  std::vector<uint32_t> stats;  // the global whose shape each statistic slot has
  std::vector<Iteration> iterations;
  std::vector<LockSet> lock_sets;
  std::vector<Operand> params;  // registers and slots that a call fills
  std::vector<Block> blocks;    // the first is the entry
};

// str_append_number's aux: how a number becomes text.
enum class NumberBase : uint8_t { decimal, unsigned_decimal, octal, hex, hex_upper };
constexpr uint32_t number_spec(NumberBase base, uint8_t flags) {
  return static_cast<uint32_t>(base) | static_cast<uint32_t>(flags) << 8;
}
constexpr NumberBase number_base(uint32_t spec) { return static_cast<NumberBase>(spec & 0xff); }
constexpr uint8_t number_flags(uint32_t spec) { return static_cast<uint8_t>(spec >> 8); }

}  // namespace stapd::ir
