#include "runtime/vm/activation.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/clock.h"
#include "runtime/record/record_builder.h"

namespace stapd {

using ir::Op;
using ir::Operand;

Activation::Activation(Vm& vm, const ir::Function& function, Invocation& invocation)
    : vm_(vm),
      image_(vm.image_),
      function_(function),
      invocation_(invocation),
      registers_(function.registers),
      slots_(function.slots.size()),
      stats_(function.stats.size()),
      walks_(function.iterations.size()) {}

const std::string& Activation::text(const Operand& operand) const {
  return operand.kind == Operand::Kind::literal ? image_.literals[operand.value]
                                                : slots_[operand.value];
}

void Activation::set_text(const Operand& operand, std::string value) {
  if (operand.kind != Operand::Kind::slot) return;
  // A string ends at its first 0.
  size_t end = std::min<size_t>(value.find('\0'), function_.slots[operand.value] - 1);
  if (value.size() > end) value.resize(end);
  slots_[operand.value] = std::move(value);
}

Activation::End Activation::run(const std::vector<int64_t>& numbers,
                                const std::vector<std::string>& strings) {
  for (size_t i = 0; i < function_.params.size(); ++i) {
    set(function_.params[i], numbers[i]);
    set_text(function_.params[i], strings[i]);
  }
  uint32_t block = 0;
  for (;;) {
    const std::vector<ir::Instr>& code = function_.blocks[block].code;
    for (size_t i = 0; i + 1 < code.size(); ++i) execute(code[i]);
    const ir::Instr& last = code.back();
    switch (last.op) {
      case Op::jump:
        block = last.target[0];
        break;
      case Op::branch:
        block = last.target[holds(last) ? 0 : 1];
        break;
      case Op::call: {
        std::optional<uint32_t> next = call(last);
        if (!next) return ended_;
        block = *next;
        break;
      }
      case Op::ret:
        for (const Operand& operand : last.args) {
          bool is_text =
              operand.kind == Operand::Kind::slot || operand.kind == Operand::Kind::literal;
          result_numbers_.push_back(is_text ? 0 : number(operand));
          result_strings_.push_back(is_text ? text(operand) : "");
        }
        return End::returned;
      case Op::done:
        return End::done;
      case Op::skip:
        if (last.sub >= 0 && vm_.segment_)
          vm_.segment_->count_drop(static_cast<DropCause>(last.sub));
        return End::done;
      case Op::raise:
        raise(last);
        return End::raised;
      default:
        STAPD_UNREACHABLE("a block without a terminator");
    }
  }
}

void Activation::execute(const ir::Instr& instr) {
  if (integer_op(instr) || string_op(instr) || regex_op(instr) || context_op(instr) ||
      global_op(instr) || iteration_op(instr))
    return;
  switch (instr.op) {
    case Op::print:
      return print(instr);
    case Op::request_exit:
      invocation_.exit_requested = true;
      return;
    case Op::tell:  // whoever runs a handler in the VM looks after it
      return;
    // Nothing runs beside a handler that the VM runs on shared globals: see Recorder.
    case Op::lock:
      return set(instr.dst[0], 0);
    case Op::unlock:
      return;
    case Op::action:
      invocation_.actions_left -= instr.sub;
      return set(instr.dst[0], invocation_.actions_left < 0);
    case Op::nesting:
      return set(instr.dst[0], invocation_.depth >= image_.limits.max_nesting);
    case Op::error_text:
      return set_text(instr.dst[0], pending_text());
    default:
      STAPD_UNREACHABLE("an operation that the VM does not know");
  }
}

uint64_t Activation::record_time() {
  if (invocation_.time == 0) invocation_.time = read_boot_clock();
  return invocation_.time;
}

namespace {

// The values of a record's fields, from operands or from a pending error.
std::vector<RecordValue> values_of(const RecordFormat& format, const std::vector<int64_t>& numbers,
                                   const std::vector<std::string>& strings) {
  std::vector<RecordValue> values;
  for (size_t i = 0; i < format.fields.size(); ++i) {
    RecordField::Kind kind = format.fields[i].kind;
    bool is_number =
        kind == RecordField::Kind::signed_integer || kind == RecordField::Kind::unsigned_integer;
    values.push_back(is_number ? RecordValue::of(numbers[i])
                               : RecordValue::of(std::string_view(strings[i])));
  }
  return values;
}

}  // namespace

void Activation::print(const ir::Instr& instr) {
  if (!vm_.segment_) return;
  const RecordFormat& format = image_.formats[instr.aux];
  std::vector<RecordValue> values;
  for (const Operand& operand : instr.args) {
    switch (operand.kind) {
      case Operand::Kind::stat:
        values.push_back(RecordValue::of(std::span<const uint64_t>(stats_[operand.value].buckets)));
        break;
      case Operand::Kind::slot:
      case Operand::Kind::literal:
        values.push_back(RecordValue::of(std::string_view(text(operand))));
        break;
      default:
        values.push_back(RecordValue::of(number(operand)));
    }
  }
  vm_.segment_->write(static_cast<uint16_t>(instr.aux), format, record_time(), values);
}

// Kept until a catch asks for its text, or the handler ends with it.
void Activation::raise(const ir::Instr& instr) {
  PendingError error;
  error.format = instr.aux;
  error.catchable = instr.sub == 0;
  for (const Operand& operand : instr.args) {
    bool is_text = operand.kind == Operand::Kind::slot || operand.kind == Operand::Kind::literal;
    error.numbers.push_back(is_text ? 0 : number(operand));
    error.strings.push_back(is_text ? text(operand) : "");
  }
  invocation_.error = std::move(error);
  if (!function_.is_handler || !vm_.segment_) return;
  report_error();
}

void Activation::report_error() {
  if (image_.limits.quiet_errors) return;
  const PendingError& error = *invocation_.error;
  const RecordFormat& format = image_.formats[error.format];
  vm_.segment_->write(static_cast<uint16_t>(error.format), format, record_time(),
                      values_of(format, error.numbers, error.strings));
}

std::string Activation::pending_text() const {
  if (!invocation_.error) return "";
  const PendingError& error = *invocation_.error;
  const RecordFormat& format = image_.formats[error.format];
  std::vector<RecordValue> values = values_of(format, error.numbers, error.strings);
  RecordSize size = measure_record(format, values);
  std::string bytes(std::max<size_t>(size.length, kHeaderSize), '\0');
  uint64_t header = record_header(0, kCommitted, size.length, static_cast<uint16_t>(error.format));
  std::memcpy(bytes.data(), &header, sizeof header);
  fill_record(std::as_writable_bytes(std::span(bytes)), format, 0, values);
  std::string out;
  if (std::optional<RecordView> view = RecordView::parse_untrusted(bytes, format))
    vm_.formatter_.append_plain_text(out, *view);
  return out;
}

std::optional<uint32_t> Activation::call(const ir::Instr& instr) {
  const ir::Function& callee = image_.functions[instr.aux];
  std::vector<int64_t> numbers;
  std::vector<std::string> strings;
  for (const Operand& operand : instr.args) {
    bool is_text = operand.kind == Operand::Kind::slot || operand.kind == Operand::Kind::literal;
    numbers.push_back(is_text ? 0 : number(operand));
    strings.push_back(is_text ? text(operand) : "");
  }
  Activation activation(vm_, callee, invocation_);
  ++invocation_.depth;
  End end = activation.run(numbers, strings);
  --invocation_.depth;
  if (end == End::returned) {
    for (size_t i = 0; i < instr.dst.size(); ++i) {
      set(instr.dst[i], activation.result_numbers()[i]);
      set_text(instr.dst[i], activation.result_strings()[i]);
    }
    return instr.target[0];
  }
  bool caught =
      end == End::raised && invocation_.error->catchable && instr.target[1] != ir::kNoBlock;
  if (caught) return instr.target[1];
  if (end == End::raised && function_.is_handler && vm_.segment_) report_error();
  ended_ = end;
  return std::nullopt;
}

}  // namespace stapd
