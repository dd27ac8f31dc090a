// One handler or function that runs: its registers, strings and open iterations. Inside the room
// only; vm.h is its door.
#pragma once

#include <array>
#include <memory>

#include "runtime/vm/map_codec.h"
#include "runtime/vm/vm.h"

namespace stapd {

// An error on its way to a catch or out of the handler.
struct PendingError {
  uint32_t format = 0;
  bool catchable = true;
  std::vector<int64_t> numbers;      // by field; of strings unused
  std::vector<std::string> strings;  // by field; of numbers unused
};

// What the last =~ matched.
struct RegexMatch {
  uint32_t groups = 0;  // 0: nothing
  std::string text;
  std::array<int64_t, kRegexRegisters> registers{};
};

// What one invocation of a handler shares with the functions it calls.
struct Invocation {
  const HandlerContext& context;
  int64_t actions_left;
  uint64_t time = 0;   // of its records; 0: not taken yet
  uint32_t depth = 0;  // functions that are active
  bool exit_requested = false;
  RegexMatch match;
  std::optional<PendingError> error;
};

class Activation {
 public:
  enum class End : uint8_t { returned, done, raised };

  Activation(Vm& vm, const ir::Function& function, Invocation& invocation);

  End run(const std::vector<int64_t>& numbers, const std::vector<std::string>& strings);
  // What it returned, by result.
  const std::vector<int64_t>& result_numbers() const { return result_numbers_; }
  const std::vector<std::string>& result_strings() const { return result_strings_; }

 private:
  // What iter_open gathered.
  struct Walk {
    struct Element {
      std::string key;
      std::string value;
      uint64_t insertion = 0;
      int64_t number = 0;  // what it is sorted by
      std::string text;
    };
    std::vector<Element> elements;
    size_t next = 0;
  };

  void execute(const ir::Instr& instr);
  bool integer_op(const ir::Instr& instr);
  bool string_op(const ir::Instr& instr);
  bool regex_op(const ir::Instr& instr);
  bool match_regex(const RegexSpec& regex, const std::string& text,
                   std::array<int64_t, kRegexRegisters>& registers) const;
  bool context_op(const ir::Instr& instr);
  bool global_op(const ir::Instr& instr);
  bool iteration_op(const ir::Instr& instr);
  void load_memory(const ir::Instr& instr);
  void load_string(const ir::Instr& instr);
  void load_bytes(const ir::Instr& instr);
  int64_t context_value(ir::ContextValue which);

  void array_load(const ir::Instr& instr);
  int array_store(const GlobalSpec& global, std::string_view key, const std::string& value_bytes);
  void array_add(const ir::Instr& instr);
  void array_clear(const GlobalSpec& global);
  void stat_add(const ir::Instr& instr);
  void stat_read(const ir::Instr& instr);
  int64_t stat_field(const ir::Instr& instr);
  int insert(const GlobalSpec& global, std::string_view key, std::string value);
  bool evict_oldest(const GlobalSpec& global);
  std::string key_of(const GlobalSpec& global, const std::vector<ir::Operand>& args, size_t first);
  void open_walk(const ir::Instr& instr);
  void sort_walk(Walk& walk, const ir::Iteration& iteration, const GlobalSpec& global);
  void next_of_walk(const ir::Instr& instr);

  void print(const ir::Instr& instr);
  void raise(const ir::Instr& instr);
  // The record of an error that leaves the handler.
  void report_error();
  // The next block after a call, or nothing when the error goes on.
  std::optional<uint32_t> call(const ir::Instr& instr);
  std::string pending_text() const;

  bool holds(const ir::Instr& branch) const;
  int64_t number(const ir::Operand& operand) const {
    return operand.kind == ir::Operand::Kind::imm ? operand.value : registers_[operand.value];
  }
  const std::string& text(const ir::Operand& operand) const;
  void set(const ir::Operand& operand, int64_t value) {
    if (operand.kind == ir::Operand::Kind::reg) registers_[operand.value] = value;
  }
  // Cut to the slot's capacity.
  void set_text(const ir::Operand& operand, std::string value);
  const GlobalSpec& global_of(const ir::Instr& instr) const { return image_.globals[instr.aux]; }
  std::byte* state_at(uint32_t offset) { return vm_.maps_.state() + offset; }
  uint64_t record_time();

  Vm& vm_;
  const ProgramImage& image_;
  const ir::Function& function_;
  Invocation& invocation_;
  std::vector<int64_t> registers_;
  std::vector<std::string> slots_;
  std::vector<StatValue> stats_;
  std::vector<Walk> walks_;
  End ended_ = End::done;  // how a call that did not come back ended
  std::vector<int64_t> result_numbers_;
  std::vector<std::string> result_strings_;
};

}  // namespace stapd
