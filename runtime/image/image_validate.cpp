#include <algorithm>
#include <bit>

#include "runtime/image/image_io.h"
#include "runtime/image/ir_text.h"
#include "runtime/image/map_layout.h"
#include "runtime/record/record_view.h"

namespace stapd {
namespace {

using ir::Op;
using ir::Operand;

constexpr uint32_t kMaxValueBytes = 1u << 30;   // of a map
constexpr uint32_t kMaxStringBytes = 1u << 20;  // more than any MAXSTRINGLEN that fits a program
constexpr uint32_t kMaxFrameBytes = 1u << 24;   // all strings and registers of a function
constexpr size_t kMaxMapName = 15;              // BPF_OBJ_NAME_LEN - 1

class ImageValidator {
 public:
  explicit ImageValidator(const ProgramImage& image) : image_(image) {}

  Status run() {
    STAPD_TRY(check_all("map", image_.maps, &ImageValidator::map));
    STAPD_TRY(require(image_.maps.size() >= kFixedMaps, "maps", 0));
    STAPD_TRY(require(!image_.doorbell || is_ring_buffer(*image_.doorbell), "doorbell", 0));
    STAPD_TRY(require(error_times(image_.error_times), "error times", 0));
    STAPD_TRY(check_all("global", image_.globals, &ImageValidator::global));
    STAPD_TRY(check_all("regular expression", image_.regexes, &ImageValidator::regex));
    STAPD_TRY(check_all("program", image_.programs, &ImageValidator::program));
    STAPD_TRY(check_all("condition", image_.conditions, &ImageValidator::condition));
    STAPD_TRY(check_all("probe", image_.probes, &ImageValidator::probe));
    STAPD_TRY(check_all("format", image_.formats, &ImageValidator::format));
    STAPD_TRY(check_all("function", image_.functions, &ImageValidator::function));
    for (const ir::Function& function : image_.functions) {
      if (Status fits = ir::check(function, image_); !fits)
        return fail(ErrorCode::corrupt, fits.error().message);
    }
    for (const ir::Function& function : image_.functions) STAPD_TRY(check_code(function));
    return {};
  }

 private:
  static Status require(bool holds, std::string_view what, size_t index) {
    if (holds) return {};
    return failf(ErrorCode::corrupt, "the program image is inconsistent: {} {}", what, index);
  }

  template <class T>
  Status check_all(std::string_view what, const std::vector<T>& items,
                   bool (ImageValidator::*check)(const T&) const) {
    for (size_t i = 0; i < items.size(); ++i) STAPD_TRY(require((this->*check)(items[i]), what, i));
    return {};
  }

  // Index 0 stands for "unknown" where there is no source map.
  bool position(uint32_t where) const { return where == 0 || where < image_.source_map.size(); }
  bool in_state(uint32_t offset, uint64_t size) const {
    return offset + size <= image_.maps[kStateMap].value_size;
  }

  bool map(const MapSpec& map) const {
    return map.name.size() <= kMaxMapName && map.value_size <= kMaxValueBytes &&
           map.key_size <= 4096;
  }

  bool is_ring_buffer(uint32_t map) const {
    return map < image_.maps.size() && image_.maps[map].type == MapSpec::Type::ring_buffer;
  }

  bool global(const GlobalSpec& global) const {
    for (const KeyPart& part : global.key)
      if (part.offset + uint32_t{part.size} > global.key_size ||
          (!part.is_string && part.size != 8))
        return false;
    if (global.key.empty() == global.is_array) return false;
    if (global.kind == ValueKind::string &&
        (global.capacity == 0 || global.capacity > kMaxStringBytes))
      return false;
    if (global.statistic.histogram && global.statistic.histogram->buckets > kLogBuckets)
      return false;
    bool in_map = global.is_array || global.kind == ValueKind::statistic;
    if (in_map)
      return global.map < image_.maps.size() &&
             value_size(global) <= image_.maps[global.map].value_size &&
             (!global.is_array || in_state(global.sequence_offset, 8)) &&
             in_state(global.lock_offset, 8);
    return in_state(global.state_offset, value_size(global)) && in_state(global.lock_offset, 8);
  }

  // Rows, lists and registers that its tables name are looked at when it runs.
  bool regex(const RegexSpec& regex) const {
    auto inside = [&](uint32_t offset, uint64_t size) {
      return offset + size <= image_.data.size();
    };
    return inside(regex.class_offset, 256) && inside(regex.table_offset, 4ull * regex.entries) &&
           inside(regex.move_offset, 4ull * regex.moves) && regex.classes >= 1 &&
           regex.classes <= 256 && regex.groups <= kRegexNothing / 2;
  }

  bool program(const ProgramSpec& program) const {
    auto inside = [&](uint32_t insn) { return insn < program.insns.size(); };
    for (const Relocation& relocation : program.relocations)
      if (!inside(relocation.insn) || relocation.map >= image_.maps.size()) return false;
    for (const auto& [insn, where] : program.lines)
      if (!inside(insn) || !position(where)) return false;
    return std::all_of(program.subprograms.begin(), program.subprograms.end(), inside) &&
           std::is_sorted(program.subprograms.begin(), program.subprograms.end());
  }

  bool probe(const ProbeSpec& probe) const {
    return probe.handler < image_.functions.size() && image_.functions[probe.handler].is_handler &&
           position(probe.where) && (!probe.program || *probe.program < image_.programs.size()) &&
           (!probe.condition || *probe.condition < image_.conditions.size());
  }

  bool error_times(const ErrorTimes& times) const {
    if (times.slots == 0) return image_.limits.error_window_ms == 0;
    return std::has_single_bit(times.slots) && times.slots > image_.limits.max_errors &&
           times.state_offset % 8 == 0 && in_state(times.state_offset, uint64_t{8} * times.slots);
  }

  // Its function takes nothing, and returns one number wherever it returns.
  bool condition(const ConditionSpec& condition) const {
    if (condition.function >= image_.functions.size() ||
        !in_state(condition.state_offset, sizeof(ConditionState)) || condition.state_offset % 8)
      return false;
    const ir::Function& function = image_.functions[condition.function];
    auto returns_otherwise = [](const ir::Block& block) {
      const ir::Instr& last = block.code.back();
      return last.op == Op::ret && (last.args.size() != 1 || !is_number(last.args[0]));
    };
    return !function.is_handler && function.params.empty() &&
           std::none_of(function.blocks.begin(), function.blocks.end(), [&](const auto& block) {
             return block.code.empty() || returns_otherwise(block);
           });
  }

  bool format(const RecordFormat& format) const {
    bool histogram = format.histogram.buckets <= kLogBuckets;
    bool probe = format.probe == 0 || format.probe < image_.probes.size();
    return histogram && probe && check_format(format);
  }

  bool function(const ir::Function& function) const {
    auto fits = [&](const Operand& operand) {
      auto index = static_cast<uint64_t>(operand.value);
      return (operand.kind == Operand::Kind::reg && index < function.registers) ||
             (operand.kind == Operand::Kind::slot && index < function.slots.size());
    };
    uint64_t frame = uint64_t{function.registers} * sizeof(uint64_t);
    auto capacity = [&](uint32_t bytes) {
      frame += bytes;
      return bytes > 0 && bytes <= kMaxStringBytes && frame <= kMaxFrameBytes;
    };
    auto statistic = [&](uint32_t index) {
      return index < image_.globals.size() && image_.globals[index].kind == ValueKind::statistic;
    };
    auto lock_set = [&](const ir::LockSet& set) {
      return std::all_of(set.globals.begin(), set.globals.end(),
                         [&](uint32_t index) { return index < image_.globals.size(); });
    };
    return std::all_of(function.params.begin(), function.params.end(), fits) &&
           std::all_of(function.slots.begin(), function.slots.end(), capacity) &&
           frame <= kMaxFrameBytes &&
           std::all_of(function.stats.begin(), function.stats.end(), statistic) &&
           std::all_of(function.lock_sets.begin(), function.lock_sets.end(), lock_set);
  }

  Status check_code(const ir::Function& function) {
    for (size_t b = 0; b < function.blocks.size(); ++b)
      for (const ir::Instr& instr : function.blocks[b].code)
        if (!position(instr.where) || !has_targets(instr) || !has_sub(instr) ||
            !fits_its_object(instr, function))
          return failf(ErrorCode::corrupt, "{}: b{}: `{}` does not fit what it works on",
                       function.name, b, ir::to_text(instr, image_));
    return {};
  }

  static bool has_targets(const ir::Instr& instr) {
    bool first = instr.target[0] != ir::kNoBlock, second = instr.target[1] != ir::kNoBlock;
    if (instr.op == Op::branch) return first && second;
    if (instr.op == Op::jump || instr.op == Op::call) return first;
    return true;
  }

  // `sub` where it is an enumerator or a size.
  static bool has_sub(const ir::Instr& instr) {
    auto up_to = [&](auto last) { return instr.sub >= 0 && instr.sub <= static_cast<int>(last); };
    int size = std::abs(int{instr.sub});
    bool power = size == 1 || size == 2 || size == 4 || size == 8;
    switch (instr.op) {
      case Op::set:
      case Op::branch:
        return up_to(ir::Compare::ult);
      case Op::extend:
        return size >= 1 && size <= 64;
      case Op::context:
        return up_to(ir::ContextValue::shown_by);
      case Op::context_string:
        return up_to(ir::ContextString::execname);
      case Op::load:
        return power;
      case Op::stat_field:
        return up_to(ir::StatField::bucket);
      case Op::skip:
        return instr.sub == -1 || up_to(kDropCauses - 1);
      default:
        return true;
    }
  }

  // Operands against the global, format or function that aux names; ir::check saw to the index.
  bool fits_its_object(const ir::Instr& instr, const ir::Function& function) const {
    switch (instr.op) {
      case Op::print:
      case Op::raise:
        return instr.args.size() == image_.formats[instr.aux].fields.size();
      case Op::call:
        return fits_callee(instr, image_.functions[instr.aux]);
      case Op::global_load:
      case Op::global_store:
      case Op::global_add:
        return is_scalar(instr, ValueKind::integer);
      case Op::global_load_string:
      case Op::global_store_string:
        return is_scalar(instr, ValueKind::string);
      case Op::array_load:
        return is_array(instr, ValueKind::integer) && has_key(instr, 0);
      case Op::array_store:
      case Op::array_add:
        return is_array(instr, ValueKind::integer) && has_key(instr, 1);
      case Op::array_load_string:
        return is_array(instr, ValueKind::string) && has_key(instr, 0);
      case Op::array_store_string:
        return is_array(instr, ValueKind::string) && has_key(instr, 1);
      case Op::array_has:
      case Op::array_delete:
        return global_of(instr).is_array && has_key(instr, 0);
      case Op::array_clear:
        return global_of(instr).is_array || global_of(instr).kind == ValueKind::statistic;
      case Op::stat_add:
        return global_of(instr).kind == ValueKind::statistic && has_key(instr, 1);
      case Op::stat_read:
        return global_of(instr).kind == ValueKind::statistic && has_key(instr, 0) &&
               is_stat_of(instr.dst[0], instr.aux, function);
      case Op::iter_open:
        return global_of(instr).is_array && (instr.args.size() == 1 || has_pattern(instr));
      case Op::iter_next:
      case Op::iter_close:
        return global_of(instr).is_array &&
               instr.dst.size() <= global_of(instr).key.size() + 2;  // more, the key, the value
      case Op::regex_test:
      case Op::regex_match:
        return (instr.op == Op::regex_test) == (image_.regexes[instr.aux].groups == 0);
      default:
        return true;
    }
  }

  const GlobalSpec& global_of(const ir::Instr& instr) const { return image_.globals[instr.aux]; }
  bool is_scalar(const ir::Instr& instr, ValueKind kind) const {
    return !global_of(instr).is_array && global_of(instr).kind == kind;
  }
  bool is_array(const ir::Instr& instr, ValueKind kind) const {
    return global_of(instr).is_array && global_of(instr).kind == kind;
  }
  bool is_stat_of(const Operand& operand, uint32_t global, const ir::Function& function) const {
    return value_size(image_.globals[function.stats[static_cast<size_t>(operand.value)]]) ==
           value_size(image_.globals[global]);
  }

  static bool is_number(const Operand& operand) {
    return operand.kind == Operand::Kind::reg || operand.kind == Operand::Kind::imm;
  }
  static bool is_text(const Operand& operand) {
    return operand.kind == Operand::Kind::slot || operand.kind == Operand::Kind::literal;
  }

  // The arguments from `first` on are the parts of a key; a wildcard only where `wild`.
  bool has_key(const ir::Instr& instr, size_t first, bool wild = false) const {
    const auto& key = global_of(instr).key;
    if (instr.args.size() != first + key.size()) return false;
    for (size_t i = 0; i < key.size(); ++i) {
      const Operand& part = instr.args[first + i];
      if (part.kind == Operand::Kind::any ? !wild
          : key[i].is_string              ? !is_text(part)
                                          : !is_number(part))
        return false;
    }
    return true;
  }
  bool has_pattern(const ir::Instr& instr) const { return has_key(instr, 1, true); }

  static bool fits_callee(const ir::Instr& instr, const ir::Function& callee) {
    if (callee.is_handler || instr.args.size() != callee.params.size()) return false;
    for (size_t i = 0; i < instr.args.size(); ++i) {
      bool number = callee.params[i].kind == Operand::Kind::reg;
      if (number ? !is_number(instr.args[i]) : !is_text(instr.args[i])) return false;
    }
    for (const ir::Block& block : callee.blocks)
      if (block.code.back().op == Op::ret && !fills(instr, block.code.back())) return false;
    return true;
  }
  // What a call takes is there in the `return`, and of the same kind.
  static bool fills(const ir::Instr& call, const ir::Instr& ret) {
    if (call.dst.size() > ret.args.size()) return false;
    for (size_t i = 0; i < call.dst.size(); ++i)
      if (call.dst[i].kind == Operand::Kind::reg ? !is_number(ret.args[i]) : !is_text(ret.args[i]))
        return false;
    return true;
  }

  const ProgramImage& image_;
};

}  // namespace

Status validate(const ProgramImage& image) { return ImageValidator(image).run(); }

}  // namespace stapd
