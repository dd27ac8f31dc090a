// The product of the translator and all that the runtime needs of a script: plain data,
// serialisable (image_io.h), pinned beside the session that records, and what a module file of
// `stap -p4` holds (module_file.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/image/ir.h"
#include "runtime/record/record_format.h"

namespace stapd {

// Raised whenever the meaning of anything below, or of the IR, changes.
constexpr uint32_t kImageVersion = 5;

// ---- globals ----------------------------------------------------------------------------------
enum class ValueKind : uint8_t { integer, string, statistic };

// One member of an array's key: 8 bytes of integer, or a zero-padded string of `size` bytes.
struct KeyPart {
  bool is_string = false;
  uint16_t offset = 0;
  uint16_t size = 8;
};

// What is kept of a statistic. In a map's value, u64 each: count, sum, min, max, then with
// `variance` mean and m2, then the buckets.
struct StatisticShape {
  bool variance = false;
  uint8_t bit_shift = 0;
  std::optional<HistogramShape> histogram;
};

// Every value in a hash map starts with the u64 number of its insertion, which gives foreach its
// order; a statistic's per-CPU value carries it on the CPU that inserted.
struct GlobalSpec {
  std::string name;
  ValueKind kind = ValueKind::integer;
  bool is_array = false;
  std::vector<KeyPart> key;
  uint32_t key_size = 0;
  uint32_t capacity = 0;  // string values: bytes, the final 0 included, a multiple of 8
  StatisticShape statistic;
  uint32_t max_entries = 0;  // arrays
  bool wrap = false;         // global a%: a full array replaces its oldest element
  uint32_t order_map =
      0;  // of a wrapping array: its keys by insertion (translator/bpf/wrap_array.h)
  int64_t init = 0;
  std::string init_text;
  bool show_at_end = false;  // SystemTap's automatic display of what was never read
  bool show_as_pointer = false;

  uint32_t map = 0;           // arrays and statistics: index in ProgramImage::maps
  uint32_t state_offset = 0;  // scalar integers and strings: offset in the state map
  // Arrays: u64 in the state map, number of the last insertion; of a wrapping one a u64 behind it,
  // number up to which no element is left.
  uint32_t sequence_offset = 0;
  uint32_t lock_offset = 0;  // u64 in the state map; 0: never locked
};

// ---- maps -------------------------------------------------------------------------------------
struct MapSpec {
  enum class Type : uint8_t { hash, percpu_hash, array, percpu_array, ring_buffer, program_array };
  std::string name;  // also of its pin, at most 15 bytes
  Type type = Type::array;
  uint32_t key_size = 4;
  uint32_t value_size = 8;
  uint32_t max_entries = 1;
  bool mmapable = false;
};

// The maps every image has, at these indexes.
enum FixedMap : uint32_t {
  kRingMap,     // segments; its sizes are chosen when it is loaded
  kStateMap,    // SessionState, locks, scalar globals; one element
  kControlMap,  // BPF ring buffer: ControlEvent to whoever runs the session
  kScratchMap,  // frames of handlers: kScratchLevels for each possible CPU and for the daemon
  kDataMap,     // constant bytes: literals that are copied, automata; one element, read only
  kFixedMaps
};
constexpr uint32_t kScratchLevels = 4;

// Start of the state map. `run` is the stop word at the head of every program.
struct SessionState {
  enum Run : uint32_t { running = 0, starting = 1, stopping = 2, failed = 3 };
  enum Ended : uint32_t { for_good = 1, replaced = 2 };  // replaced: another ring goes on
  uint32_t run;
  uint32_t target;    // pid of -x or -c
  uint32_t ended;     // Ended, when the end handlers ran too and no record follows; else 0
  uint32_t links;     // that keep probes armed, kept by whoever runs the session
  uint32_t shown_by;  // pid of the process that shows or writes what is recorded; 0: none does
  uint8_t pad_[44];
  uint64_t errors;       // uncaught, in all handlers
  uint64_t real_offset;  // CLOCK_REALTIME - CLOCK_BOOTTIME, kept by whoever runs the session
  uint64_t skipped;      // handlers that did not run: no frame, or no lock in time
  uint8_t pad2_[40];
};
static_assert(sizeof(SessionState) == 128);

struct ControlEvent {
  enum Kind : uint32_t {
    exit_requested = 1,
    too_many_errors = 2,
    system_command = 4,
    too_many_skips = 5,
    condition_changed = 6,  // of probes: not which, all are to be looked at
  };
  uint32_t kind;
  uint32_t cpu;
  uint64_t value;
};

// ---- programs ---------------------------------------------------------------------------------
// What is put into a program's immediates when it is loaded.
struct Relocation {
  enum class Kind : uint8_t {
    map,             // fd of `map`
    map_value,       // address of offset `value` in `map`'s one element
    ring_mask,       // segment size - 8
    ring_half,       // units of half a segment
    daemon_segment,  // index of the daemon's segment: possible CPUs
    possible_cpus,
  };
  Kind kind = Kind::map;
  uint32_t insn = 0;
  uint32_t map = 0;
  uint32_t value = 0;
};

// Which kernel hook the instructions are written for: what the context is.
enum class ProgramContext : uint8_t {
  raw_tracepoint,        // u64 arguments
  syscall_tracepoint,    // struct of syscalls:sys_enter_* and sys_exit_*
  user_registers,        // struct pt_regs: uprobe, uretprobe
  kernel_registers,      // struct pt_regs: kprobe, kretprobe
  user_registers_multi,  // as user_registers, but loaded for uprobe.multi
  perf_event,            // struct bpf_perf_event_data
  raw_syscall,           // sys_enter: address of struct pt_regs, number
  raw_syscall_return,    // sys_exit: address of struct pt_regs, result
};

struct ProgramSpec {
  std::string name;
  ProgramContext context = ProgramContext::raw_tracepoint;
  std::vector<uint64_t> insns;  // struct bpf_insn, little endian
  std::vector<Relocation> relocations;
  std::vector<uint32_t> subprograms;  // first instruction of each, the first is 0
  std::vector<std::pair<uint32_t, uint32_t>>
      lines;  // from this instruction on: index in source_map
};

// ---- probes -----------------------------------------------------------------------------------
struct ProbeSpec {
  enum class Family : uint8_t {
    begin,
    end,
    error,
    never,       // run by the daemon
    timer,       // run by the daemon
    tracepoint,  // name
    syscall,
    syscall_return,  // name: as in tracefs, e.g. "openat"
    uprobe,
    uretprobe,  // path, offset, pid
    kprobe,
    kretprobe,  // name (symbol), offset
    profile,    // frequency, or 0: once a tick of CONFIG_HZ
    process_begin,
    process_end,  // path or pid
  };
  Family family = Family::begin;
  std::string point;  // what pp() gives
  std::string alias;  // what pn() gives
  uint32_t where = 0;
  bool optional = false;  // a `?` point, or of a wildcard: may fail to attach
  // Number of the script's own point that it came of, of which one probe at least has to be there;
  // 0: of one that may have none.
  uint32_t asked = 0;
  uint32_t handler = 0;  // index in ProgramImage::functions
  std::optional<uint32_t>
      program;          // set: runs in the kernel; a daemon family then runs it by a test run
  uint32_t cookie = 0;  // of its link: added to the format of each record (share_programs.h)
  int64_t order = 0;    // begin(N)
  int64_t interval_ns = 0, randomize_ns = 0;  // timer
  std::string name;                           // tracepoint, system call, symbol
  std::string path;                           // of a program or library
  uint64_t offset = 0;                        // in the file
  int32_t pid = -1;
  uint64_t inode = 0, device = 0;  // of path, as the kernel numbers them: process_begin and _end
  uint32_t syscall_number = 0;
  uint32_t frequency = 0;
  std::optional<uint32_t> condition;  // index in ProgramImage::conditions: while it does not hold,
                                      // the probe is not armed
};
constexpr bool runs_in_daemon(ProbeSpec::Family family) {
  return family <= ProbeSpec::Family::timer;
}

// `if (EXPR)` of probe points. Handlers look at it first in any case: arming takes its time.
struct ConditionSpec {
  uint32_t function = 0;           // returns 1 or 0; where the handler would end with an error, 1
  uint32_t state_offset = 0;       // ConditionState in the state map
  bool changes_in_kernel = false;  // programs change what it reads, and tell
};

struct ConditionState {
  // Whether it holds, as it was last told: by whoever runs the session after it looked, by programs
  // when they find it otherwise (kConditionIgnored: they do not look).
  uint64_t told;
  uint64_t armed;  // 1: its probes are, kept by whoever runs the session
};
constexpr uint64_t kConditionIgnored = 2;

// The formats every image has, at these indexes.
enum FixedFormat : uint16_t {
  kTextFormat,       // output, one text: what is made outside of handlers
  kNoticeFormat,     // notice, one text
  kHeartbeatFormat,  // heartbeat, nothing
  kSkippedFormat,    // error, nothing: MAXSKIPPED is exceeded
  kFixedFormats
};

// Many system calls share one hook: its program goes on to the handler's, by the number of the
// call. The programs of context raw_syscall (or _return) that probes name are what it goes on to.
struct SyscallDispatch {
  bool returns = false;
  uint32_t map = 0;  // the program array, by number
  uint32_t program = 0;
};

// ---- the image --------------------------------------------------------------------------------
struct SourcePosition {
  std::string file;
  uint32_t line = 0, column = 0;
};

// A regular expression as an automaton in the data map. It is in a row of its table, takes the
// bytes of a string one by one and, as byte 0, its end:
//   entry = table[row + class_of[byte]]     u32: the next row, and << 16 its list of moves
// Row 0 is where nothing can come any more. Without groups, row `classes` is the match. With
// groups, the moves of the list (0: none) are done before the next byte; each is a u32:
//   to | from << 8 | last << 16             registers[to] = registers[from]
// Registers hold positions; `from` may be kRegexPosition, that of the byte just taken. Registers 2g
// and 2g + 1 are where group g begins and ends in the best match so far; they begin as
// kRegexNothing says: unset, as register kRegexNothing always is.
struct RegexSpec {
  std::string text;
  uint32_t groups = 0;  // the whole match is group 0; 0: what matched is not noted
  uint32_t classes = 1;
  uint32_t start = 0;         // row
  uint32_t class_offset = 0;  // in the data map: u8[256]
  uint32_t table_offset = 0;
  uint32_t entries = 0;
  uint32_t move_offset = 0;
  uint32_t moves = 0;       // in all lists; the first is not used
  uint32_t most_moves = 0;  // in one list
};
constexpr uint32_t kRegexRegisters = 256;
constexpr uint32_t kRegexPosition = 0xff;
constexpr uint32_t kRegexNothing = 0xfe;

// SystemTap's limits, with its defaults (-D NAME=VALUE).
struct Limits {
  uint32_t max_errors = 0;
  uint32_t error_window_ms = 0;  // not 0: max_errors is for any time as long as this
  uint32_t max_skipped = 100;
  uint32_t max_action = 1000;
  uint32_t max_action_interruptible = 10000;
  uint32_t max_string = 512;
  uint32_t max_map_entries = 2048;
  uint32_t max_nesting = 0;  // 0: not given, and computed for the script
  uint32_t max_try_lock = 100;
  uint32_t try_lock_delay_us = 10;
  uint32_t histogram_width = 50;
  int32_t histogram_elision = 2;
  bool quiet_errors = false;  // --suppress-handler-errors: they are only counted
};

// When the newest errors were, for Limits::error_window_ms: u64 of CLOCK_BOOTTIME in the state map,
// that of error n, counted from 0, in place n % slots.
struct ErrorTimes {
  uint32_t state_offset = 0;
  uint32_t slots = 0;  // more than max_errors, a power of two; 0: no times are kept
};
constexpr uint32_t kMaxTimedErrors = 10'000;

struct ProgramImage {
  std::string session_name;
  std::string script_name;  // as given: a path, or "<input>"
  std::string script_text;
  std::vector<std::string> arguments;
  Limits limits;
  ErrorTimes error_times;
  std::vector<std::string> literals;
  std::string data;  // contents of the data map
  std::vector<RegexSpec> regexes;
  std::vector<GlobalSpec> globals;
  std::vector<MapSpec> maps;  // from kFixedMaps on: those of globals, then areas of foreach
  std::vector<ir::Function> functions;
  std::vector<ProgramSpec> programs;
  std::vector<ProbeSpec> probes;
  std::vector<ConditionSpec> conditions;
  std::vector<SyscallDispatch> dispatches;
  std::vector<RecordFormat> formats;  // the first are those of FixedFormat
  std::vector<SourcePosition> source_map;
  std::optional<uint32_t> heartbeat;  // program that writes one record of kHeartbeatFormat
  // Map: a BPF ring buffer into which a program puts 8 bytes when its record crosses half of its
  // segment. Nobody needs what they say: they wake up who writes files.
  std::optional<uint32_t> doorbell;
};

}  // namespace stapd
