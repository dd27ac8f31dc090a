// The fields of every struct of an image, once, for both directions: a visitor is called with the
// fields in the order in which they are stored. A field that is added to a struct is added here,
// and raises kImageVersion.
#pragma once

#include <concepts>
#include <type_traits>

#include "runtime/image/program_image.h"

namespace stapd {

// `T` is U or const U.
template <class T, class U>
concept Like = std::same_as<std::remove_const_t<T>, U>;

// The greatest enumerator: bytes with a greater number are refused.
template <class E>
constexpr E kLast = E::no_last_enumerator_is_given;
template <>
inline constexpr auto kLast<RecordField::Kind> = RecordField::Kind::memory;
template <>
inline constexpr auto kLast<FormatPiece::Conversion> = FormatPiece::Conversion::histogram_linear;
template <>
inline constexpr auto kLast<FormatPiece::Source::Kind> = FormatPiece::Source::Kind::literal;
template <>
inline constexpr auto kLast<RecordChannel> = RecordChannel::heartbeat;
template <>
inline constexpr auto kLast<ValueKind> = ValueKind::statistic;
template <>
inline constexpr auto kLast<MapSpec::Type> = MapSpec::Type::program_array;
template <>
inline constexpr auto kLast<Relocation::Kind> = Relocation::Kind::possible_cpus;
template <>
inline constexpr auto kLast<ProgramContext> = ProgramContext::raw_syscall_return;
template <>
inline constexpr auto kLast<ProbeSpec::Family> = ProbeSpec::Family::process_end;
template <>
inline constexpr auto kLast<ir::Op> = static_cast<ir::Op>(ir::kOps - 1);
template <>
inline constexpr auto kLast<ir::Operand::Kind> = ir::Operand::Kind::any;
template <>
inline constexpr auto kLast<ir::Iteration::Sort> = ir::Iteration::Sort::variance;

template <class V>
void visit_fields(V& visit, Like<RecordField> auto& x) {
  visit(x.kind, x.offset, x.size, x.name);
}
template <class V>
void visit_fields(V& visit, Like<FormatPiece::Source> auto& x) {
  visit(x.kind, x.value, x.text);
}
template <class V>
void visit_fields(V& visit, Like<FormatPiece> auto& x) {
  visit(x.conversion, x.flags, x.width, x.precision, x.value, x.text);
}
template <class V>
void visit_fields(V& visit, Like<HistogramShape> auto& x) {
  visit(x.linear, x.start, x.stop, x.width, x.buckets);
}
template <class V>
void visit_fields(V& visit, Like<RecordFormat> auto& x) {
  visit(x.channel, x.has_time, x.fixed_size, x.probe, x.fields, x.pieces, x.histogram, x.near);
}

template <class V>
void visit_fields(V& visit, Like<KeyPart> auto& x) {
  visit(x.is_string, x.offset, x.size);
}
template <class V>
void visit_fields(V& visit, Like<StatisticShape> auto& x) {
  visit(x.variance, x.bit_shift, x.histogram);
}
template <class V>
void visit_fields(V& visit, Like<GlobalSpec> auto& x) {
  visit(x.name, x.kind, x.is_array, x.key, x.key_size, x.capacity, x.statistic, x.max_entries,
        x.wrap, x.order_map, x.init, x.init_text, x.show_at_end, x.show_as_pointer, x.map,
        x.state_offset, x.sequence_offset, x.lock_offset);
}
template <class V>
void visit_fields(V& visit, Like<MapSpec> auto& x) {
  visit(x.name, x.type, x.key_size, x.value_size, x.max_entries, x.mmapable);
}

template <class V>
void visit_fields(V& visit, Like<ir::Operand> auto& x) {
  visit(x.kind, x.value);
}
template <class V>
void visit_fields(V& visit, Like<ir::Instr> auto& x) {
  visit(x.op, x.sub, x.aux, x.dst, x.args, x.target, x.where);
}
template <class V>
void visit_fields(V& visit, Like<ir::Block> auto& x) {
  visit(x.code);
}
template <class V>
void visit_fields(V& visit, Like<ir::Iteration> auto& x) {
  visit(x.sort, x.key_part, x.descending, x.nests);
}
template <class V>
void visit_fields(V& visit, Like<ir::LockSet> auto& x) {
  visit(x.globals);
}
template <class V>
void visit_fields(V& visit, Like<ir::Function> auto& x) {
  visit(x.name, x.is_handler, x.may_next, x.recursive, x.registers, x.slots, x.stats, x.iterations,
        x.lock_sets, x.params, x.blocks);
}

template <class V>
void visit_fields(V& visit, Like<Relocation> auto& x) {
  visit(x.kind, x.insn, x.map, x.value);
}
template <class V>
void visit_fields(V& visit, Like<ProgramSpec> auto& x) {
  visit(x.name, x.context, x.insns, x.relocations, x.subprograms, x.lines);
}
template <class V>
void visit_fields(V& visit, Like<ProbeSpec> auto& x) {
  visit(x.family, x.point, x.alias, x.where, x.optional, x.asked, x.handler, x.program, x.cookie,
        x.order, x.interval_ns, x.randomize_ns, x.name, x.path, x.offset, x.pid, x.inode, x.device,
        x.syscall_number, x.frequency, x.condition);
}
template <class V>
void visit_fields(V& visit, Like<ConditionSpec> auto& x) {
  visit(x.function, x.state_offset, x.changes_in_kernel);
}
template <class V>
void visit_fields(V& visit, Like<SourcePosition> auto& x) {
  visit(x.file, x.line, x.column);
}
template <class V>
void visit_fields(V& visit, Like<RegexSpec> auto& x) {
  visit(x.text, x.groups, x.classes, x.start, x.class_offset, x.table_offset, x.entries,
        x.move_offset, x.moves, x.most_moves);
}
template <class V>
void visit_fields(V& visit, Like<Limits> auto& x) {
  visit(x.max_errors, x.error_window_ms, x.max_skipped, x.max_action, x.max_action_interruptible,
        x.max_string, x.max_map_entries, x.max_nesting, x.max_try_lock, x.try_lock_delay_us,
        x.histogram_width, x.histogram_elision, x.quiet_errors);
}
template <class V>
void visit_fields(V& visit, Like<ErrorTimes> auto& x) {
  visit(x.state_offset, x.slots);
}
template <class V>
void visit_fields(V& visit, Like<SyscallDispatch> auto& x) {
  visit(x.returns, x.map, x.program);
}
template <class V>
void visit_fields(V& visit, Like<ProgramImage> auto& x) {
  visit(x.session_name, x.script_name, x.script_text, x.arguments, x.limits, x.error_times,
        x.literals, x.data, x.regexes, x.globals, x.maps, x.functions, x.programs, x.probes,
        x.conditions, x.dispatches, x.formats, x.source_map, x.heartbeat, x.doorbell);
}

}  // namespace stapd
