// Instruction selection: one handler's IR to machine functions over virtual registers. Inside the
// room only; generate.h is its door. The class is cut over several files by group of operation.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "runtime/image/map_layout.h"
#include "runtime/record/record_layout.h"
#include "translator/bpf/emitter.h"
#include "translator/bpf/frame_plan.h"
#include "translator/bpf/generate.h"
#include "translator/bpf/iteration_area.h"
#include "translator/bpf/library.h"
#include "translator/bpf/segments.h"
#include "translator/bpf/wrap_array.h"

namespace stapd::bpf {

// Numbers of the kernel's helper functions (include/uapi/linux/bpf.h).
enum Helper : uint32_t {
  kMapLookupElem = 1,
  kMapUpdateElem = 2,
  kMapDeleteElem = 3,
  kKtimeGetNs = 5,
  kGetPrandomU32 = 7,
  kGetSmpProcessorId = 8,
  kTailCall = 12,
  kGetCurrentPidTgid = 14,
  kGetCurrentUidGid = 15,
  kGetCurrentComm = 16,
  kGetCurrentTask = 35,
  kProbeReadUser = 112,
  kProbeReadKernel = 113,
  kProbeReadUserStr = 114,
  kProbeReadKernelStr = 115,
  kJiffies64 = 118,
  kKtimeGetBootNs = 125,
  kRingbufOutput = 130,
  kGetCurrentTaskBtf = 158,
  kForEachMapElem = 164,
  kGetAttachCookie = 174,
  kTaskPtRegs = 175,
  kLoop = 181,
  kMapLookupPercpuElem = 195,
};

// A string to be read: where its bytes are and how long it is.
struct StringSource {
  bool is_literal = false;
  bool is_short = false;              // a slot in the short form
  const std::string* text = nullptr;  // of a literal
  uint32_t literal = 0;
  uint32_t capacity = 0;  // most bytes, the final 0 included
  int32_t offset = 0;     // of the slot in the frame
};

class Selector {
 public:
  Selector(const GenerateInput& input, DataPool& data, GeneratedProgram& result);

  // The program, then its subprograms.
  Result<std::vector<Function>> run();

 private:
  // ---- structure (select.cpp, select_control.cpp)
  // What a scratch frame must hold, with the slack that append_bytes asks for.
  uint32_t scratch_size() const;
  void begin_function(size_t index, const std::string& name);
  void finish_function();
  // kTransientStack bytes of this function's stack for what lives within one operation.
  int32_t transient_stack();
  static constexpr uint32_t kTransientStack = 24;
  void emit_main();
  void emit_segments();
  void clear_variables();
  void emit_prologue();
  void emit_acquire_frame();
  void try_frame(Reg index, int32_t key, Label none);
  int32_t action_limit() const;
  void emit_done();
  void emit_blocks(uint32_t head);
  void emit_block(uint32_t block, uint32_t next);
  void emit_instr(const ir::Instr& instr, uint32_t next);
  void go_to(uint32_t block);
  Label label_of(uint32_t block);
  void cold(std::function<void()> code) { cold_.push_back(std::move(code)); }

  void select_jump(const ir::Instr& instr, uint32_t next);
  void select_branch(const ir::Instr& instr, uint32_t next);
  void select_raise(const ir::Instr& instr);
  void select_skip(const ir::Instr& instr);
  void select_action(const ir::Instr& instr);
  void select_tell(const ir::Instr& instr);
  void select_lock(const ir::Instr& instr);
  void select_unlock(const ir::Instr& instr);
  void release(const std::vector<uint32_t>& globals, size_t count);
  void select_exit_request();
  void emit_stop(SessionState::Run run, ControlEvent::Kind kind);
  void emit_control_event(ControlEvent::Kind kind);
  void emit_count_drop(DropCause cause);
  void emit_count_skip();
  void emit_unless_too_soon(Reg count, Label few);
  Reg error_time_address(Reg count);

  // ---- operands (select.cpp)
  Reg use(const ir::Operand& operand);
  // A fresh register with the operand's value that may be overwritten.
  Reg copy_of(const ir::Operand& operand);
  void set(const ir::Operand& dst, Reg value);
  void set_imm(const ir::Operand& dst, int64_t value);
  static bool is_imm32(const ir::Operand& operand);
  Reg frame() const { return frame_; }
  Reg context_pointer();
  // dst = address of the frame's bytes at `offset`.
  void frame_address(Reg dst, int32_t offset);
  void lookup(uint32_t map, int32_t key_offset);  // r0 = pointer or 0

  // ---- integers (select_integer.cpp)
  void select_move(const ir::Instr& instr);
  void select_binary(const ir::Instr& instr, Alu op);
  void select_shift(const ir::Instr& instr, Alu op);
  void select_divide(const ir::Instr& instr, Alu op);
  void select_set(const ir::Instr& instr);
  // Jumps to `target` when the comparison of a `set` or `branch` holds.
  void jump_on(const ir::Instr& instr, Label target);
  void select_extend(const ir::Instr& instr);
  bool select_integer(const ir::Instr& instr);

  // ---- context and memory (select_context.cpp)
  bool select_context_or_memory(const ir::Instr& instr);
  void select_context(const ir::Instr& instr);
  void select_user_mode(Reg value);
  void load_state_word(const ir::Operand& dst, size_t offset);
  void select_execname(const ir::Instr& instr);
  void select_argument(const ir::Instr& instr);
  Reg load_user_register(int32_t offset);
  void select_load(const ir::Instr& instr);
  void select_load_string(const ir::Instr& instr);
  void select_load_bytes(const ir::Instr& instr);

  // ---- strings (select_string.cpp, string_library.cpp)
  bool select_string(const ir::Instr& instr);
  StringSource source_of(const ir::Operand& operand);
  const SlotPlace& place_of(const ir::Operand& slot) const { return plan_.slots[slot.value]; }
  void copy_literal(const SlotPlace& to, const std::string& text);
  void copy_string(const SlotPlace& to, const StringSource& from);
  void copy_cut(const SlotPlace& to, const StringSource& from);
  void copy_long(Reg to, int32_t to_offset, Reg from, int32_t from_offset, uint32_t capacity);
  void start_empty(const SlotPlace& to);
  void append_blanks(const SlotPlace& to, Reg count);
  void load_short_word(Reg to, const StringSource& from, uint32_t at);
  void store_word(Reg base, int32_t offset, uint64_t word);
  void select_append(const ir::Instr& instr);
  void append_from(const SlotPlace& to, Reg source, Reg size);
  void select_append_byte(const ir::Instr& instr);
  void select_append_number(const ir::Instr& instr);
  void select_append_fitted(const ir::Instr& instr);
  void bound_by_capacity(Reg length, const StringSource& from);
  void append_text(const SlotPlace& to, const StringSource& from, Reg size, bool escaped);
  Reg escaped_length_of(const StringSource& from, Reg size);
  void select_length(const ir::Instr& instr);
  void select_byte(const ir::Instr& instr);
  void select_compare(const ir::Instr& instr);
  void select_equal(const ir::Instr& instr);
  void select_slice(const ir::Instr& instr);
  Reg length_of(const StringSource& source);
  Reg short_length(Reg base, int32_t offset, uint32_t capacity);
  // A register with the address of the string's bytes.
  Reg bytes_of(const StringSource& source);
  void write_string_form(Reg base, int32_t offset, uint32_t capacity, const StringSource& from);
  void read_string_form(const SlotPlace& to, Reg base, int32_t offset, uint32_t capacity);
  void copy_words(Reg to, int32_t to_offset, Reg from, int32_t from_offset, uint32_t bytes);
  void store_text(Reg base, int32_t offset, const std::string& text, uint32_t bytes);
  void zero_words(Reg to, int32_t offset, uint32_t bytes);
  // Calls probe_read_kernel(to + to_offset, size, from + from_offset) with a constant size.
  void copy_block(Reg to, int32_t to_offset, Reg from, int32_t from_offset, uint32_t bytes);

  // ---- regular expressions (select_regex.cpp)
  bool select_regex(const ir::Instr& instr);
  void test_regex(const ir::Instr& instr);
  void match_regex(const ir::Instr& instr);
  void select_group(const ir::Instr& instr);
  uint32_t test_round(uint32_t regex);
  uint32_t match_round(uint32_t regex);

  // ---- globals (select_global.cpp, select_stat.cpp)
  bool select_global(const ir::Instr& instr);
  Reg state_address(uint32_t offset);
  void select_global_add(const ir::Instr& instr);
  void build_key_part(const KeyPart& part, const ir::Operand& operand);
  void build_key_string(const KeyPart& part, int32_t at, const StringSource& from);
  void clear_statistic(const GlobalSpec& global);
  void build_key(const GlobalSpec& global, const std::vector<ir::Operand>& args, size_t first);
  void select_array_load(const ir::Instr& instr);
  void select_array_store(const ir::Instr& instr);
  void select_array_add(const ir::Instr& instr);
  void insert_element(const GlobalSpec& global, const std::function<void(int32_t)>& write_value,
                      Label exists, Label failed);
  void call_update();
  void next_insertion(const GlobalSpec& global, Reg number);
  void note_insertion(const GlobalSpec& global, Reg number);
  uint32_t eviction_of(const GlobalSpec& global);
  void select_array_clear(const ir::Instr& instr);
  void select_stat_add(const ir::Instr& instr);
  void lookup_scalar_statistic(const GlobalSpec& global);
  void insert_statistic(const GlobalSpec& global, Label failed);
  void number_statistic(const GlobalSpec& global, Reg value);
  void add_to(Reg base, int32_t offset, Reg summand, bool race);
  void update_statistic(const GlobalSpec& global, Reg value, Reg sample);
  void update_variance(const StatisticShape& shape, Reg value, Reg sample);
  void count_bucket(const StatisticShape& shape, Reg value, Reg sample, bool race);
  void log_bucket(Reg bucket, Reg sample);
  void linear_bucket(const HistogramShape& histogram, Reg bucket, Reg sample);
  void select_stat_read(const ir::Instr& instr);
  uint32_t make_merge(const GlobalSpec& global, int32_t to);
  void merge_variance(const GlobalSpec& global, int32_t to, int32_t call);
  uint32_t make_variance(const GlobalSpec& global, int32_t to);
  void lookup_cpu_value(Emitter& emit, const GlobalSpec& global, Reg frame, Reg value, Label none);
  void select_stat_field(const ir::Instr& instr);
  bool updates_race(const GlobalSpec& global) const;

  // ---- foreach (select_iteration.cpp, iteration_area.cpp)
  bool select_iteration(const ir::Instr& instr);
  void open_iteration(const ir::Instr& instr);
  void next_of_iteration(const ir::Instr& instr);
  void close_iteration(const ir::Instr& instr);
  void load_entry(const ir::Instr& instr, const IterationArea& area, Reg entry);
  void release_areas();
  void release_area(const IterationArea& area, int32_t state);
  std::optional<Reg> iteration_level(const IterationArea& area);
  AreaAddress area_address(const IterationArea& area, std::optional<Reg> level);
  void hold_area(const IterationArea& area, int32_t state, std::optional<Reg> level, Label failed);
  void gather(const IterationArea& area, const GlobalSpec& global, std::optional<Reg> level);
  void load_word(const ir::Operand& to, Reg base, int32_t offset);
  void load_padded_string(const SlotPlace& to, Reg base, int32_t offset, uint32_t size);
  const IterationArea& area_of(const ir::Instr& instr);

  // ---- recursive functions (select_stack.cpp)
  bool select_stack(const ir::Instr& instr);
  void select_push(const ir::Instr& instr);
  void select_pop(const ir::Instr& instr);
  void select_top(const ir::Instr& instr);
  void select_unwind(const ir::Instr& instr);
  Reg stack_pointer(Reg top, uint32_t room);

  // ---- records (select_print.cpp)
  void select_print(const ir::Instr& instr);
  void emit_record(const RecordFormat& format, uint16_t id, const std::vector<ir::Operand>& values);
  Reg record_time();
  std::optional<Reg> format_distance();
  Reg segment_pointer(Label none);
  struct RecordText;
  std::vector<RecordText> measure_texts(const RecordFormat& format,
                                        const std::vector<ir::Operand>& values);
  // A record that is reserved: its address less kControlSize, so that the offsets of stores stay
  // positive; and what is not 0 when it crosses half of its segment, if anybody wants to know.
  struct Reserved {
    Reg record;
    std::optional<Reg> crossing;
  };
  Reserved reserve_fixed(const RecordFormat& format, uint16_t id, std::optional<Reg> distance,
                         Label none);
  Reserved reserve_sized(Reg total, uint16_t id, std::optional<Reg> distance, Label none);
  Reserved reserve(Reg segment, Reg increment, Reg header);
  void ring_doorbell(Reg crossing);
  std::vector<Reg> field_inputs(const RecordFormat& format, const std::vector<ir::Operand>& values);
  void store_field(Reg record, const RecordField& field, const ir::Operand& value, Reg input);
  void copy_texts(const RecordFormat& format, Reg record, const std::vector<RecordText>& texts);

  const GenerateInput& input_;
  const ProgramImage& image_;
  const ir::Function& function_;
  DataPool& data_;
  GeneratedProgram& result_;
  ProgramSpec& program_;
  SegmentPlan segments_;
  FramePlan plan_;

  std::deque<Function> functions_;  // the program, its segments if it has loops, library functions
  Function* machine_ = nullptr;     // the one that is being written
  int32_t transient_ = 0;           // its transient_stack(), or 0
  Emitter emit_;
  Library library_;
  Reg frame_ = kFramePointer;
  Reg context_ = 0;
  Reg busy_ = 0;
  Label done_ = kNoLabel;
  std::vector<Label> block_labels_;
  std::map<const GlobalSpec*, uint32_t> evictions_;
  std::map<uint32_t, uint32_t> regex_rounds_;  // by index in image_.regexes
  std::map<int, IterationArea> areas_;         // by index in function_.iterations
  std::vector<std::function<void()>> cold_;
  uint32_t print_sites_ = 0;
  Reg time_ = 0;  // when several prints share it: 0 until it is taken
};

// Eight bytes of the text from `at` on, zeros behind its end.
uint64_t word_of(const std::string& text, size_t at);

}  // namespace stapd::bpf
