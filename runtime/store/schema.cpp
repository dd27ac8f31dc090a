#include "runtime/store/schema.h"

#include <sys/utsname.h>

#include <cstring>
#include <fstream>

#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/base/version.h"
#include "runtime/store/format_items.h"
#include "runtime/store/items.h"

namespace stapd {
namespace {

constexpr size_t kMaxScriptText = 8u << 20;  // of a longer script, the hash is of the whole
constexpr uint64_t kMaxSegments = 65536;
// More than any script has: what a few bytes of damage may make us allocate.
constexpr size_t kMaxProbes = 1u << 20, kMaxFormats = 65536, kMaxParts = 1u << 20;

namespace tag {
enum : uint32_t {
  number = 1,
  session,
  script_name,
  script_text,
  script_sha256,
  argument,
  host,
  kernel,
  boot_id,
  architecture,
  writer,
  segments,
  clock,
  started,
  file,
  oldest_file,
  probe,
  format
};
enum : uint32_t { probe_point = 1, probe_alias };
enum : uint32_t { symbol = 1 };
enum : uint32_t { address = 1, length, name, module, build_id, pid };
enum : uint32_t { final = 1, blocks, records, reason, ledger };
}  // namespace tag

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::string encode_clock(const ClockReading& clock) {
  ByteWriter out;
  out.put(clock.boot);
  out.put(clock.mono);
  out.put(clock.real);
  return out.take();
}

ClockReading decode_clock(ItemReader& item) {
  ByteReader in(item.bytes());
  ClockReading clock{in.get<uint64_t>(), in.get<uint64_t>(), in.get<uint64_t>()};
  if (!in.ok()) item.mark_bad();
  return clock;
}

ProbeName decode_probe(ItemReader& item) {
  ItemReader in(item.bytes());
  ProbeName probe;
  while (in.next()) {
    if (in.tag() == tag::probe_point) probe.point = in.text();
    if (in.tag() == tag::probe_alias) probe.alias = in.text();
  }
  if (!in.ok()) item.mark_bad();
  return probe;
}

RecordedSymbol decode_symbol(ItemReader& item) {
  ItemReader in(item.bytes());
  RecordedSymbol symbol;
  while (in.next()) {
    if (in.tag() == tag::address) symbol.address = in.number();
    if (in.tag() == tag::length) symbol.length = in.number();
    if (in.tag() == tag::name) symbol.name = in.text();
    if (in.tag() == tag::module) symbol.module = in.text();
    if (in.tag() == tag::build_id) symbol.build_id = in.text();
    if (in.tag() == tag::pid) symbol.pid = in.number_as<uint32_t>();
  }
  if (!in.ok()) item.mark_bad();
  return symbol;
}

// The text that a tag stands for, or null.
std::string RecordingInfo::*text_of(uint64_t number) {
  switch (number) {
    case tag::session:
      return &RecordingInfo::session;
    case tag::script_name:
      return &RecordingInfo::script_name;
    case tag::script_text:
      return &RecordingInfo::script_text;
    case tag::script_sha256:
      return &RecordingInfo::script_sha256;
    case tag::host:
      return &RecordingInfo::host;
    case tag::kernel:
      return &RecordingInfo::kernel;
    case tag::boot_id:
      return &RecordingInfo::boot_id;
    case tag::architecture:
      return &RecordingInfo::architecture;
    case tag::writer:
      return &RecordingInfo::writer;
    default:
      return nullptr;
  }
}

void decode_item(ItemReader& in, RecordingInfo& info) {
  if (auto text = text_of(in.tag())) info.*text = in.text();
  if (in.tag() == tag::number) info.number = in.number_as<uint32_t>();
  if (in.tag() == tag::argument) info.arguments.push_back(in.text());
  if (in.tag() == tag::segments) info.segments = in.number_as<uint32_t>();
  if (in.tag() == tag::clock) info.clock = decode_clock(in);
  if (in.tag() == tag::started) info.started = in.number();
  if (in.tag() == tag::file) info.file = in.number_as<uint32_t>();
  if (in.tag() == tag::oldest_file) info.oldest_file = in.number_as<uint32_t>();
  if (in.tag() == tag::probe) info.probes.push_back(decode_probe(in));
  if (in.tag() == tag::format) {
    if (auto format = decode_format_untrusted(in.bytes()))
      info.formats.push_back(std::move(*format));
    else
      in.mark_bad();
  }
}

}  // namespace

RecordingInfo make_recording_info(const ProgramImage& image, uint32_t segments) {
  RecordingInfo info;
  info.session = image.session_name;
  info.script_name = image.script_name;
  info.script_text = image.script_text;
  info.script_sha256 = sha256_hex(image.script_text);
  info.arguments = image.arguments;
  utsname host{};
  if (uname(&host) == 0) {
    info.host = host.nodename;
    info.kernel = host.release;
    info.architecture = host.machine;
  }
  info.boot_id = read_boot_id();
  info.writer = std::string("stapd ") + kVersion;
  info.segments = segments;
  info.clock = read_clocks();
  info.started = info.clock.real;
  for (const ProbeSpec& probe : image.probes) info.probes.push_back({probe.point, probe.alias});
  info.formats = image.formats;
  for (size_t i = 0; i < kFixedFormats && i < info.formats.size(); ++i)
    info.formats[i].probe = kNoProbe;
  return info;
}

std::string encode_schema(const RecordingInfo& info) {
  ItemWriter out;
  out.put_number(tag::number, info.number);
  out.put_text(tag::session, info.session);
  out.put_text(tag::script_name, info.script_name);
  out.put_text(tag::script_text, std::string_view(info.script_text).substr(0, kMaxScriptText));
  out.put_text(tag::script_sha256, info.script_sha256);
  for (const std::string& argument : info.arguments) out.put(tag::argument, argument);
  out.put_text(tag::host, info.host);
  out.put_text(tag::kernel, info.kernel);
  out.put_text(tag::boot_id, info.boot_id);
  out.put_text(tag::architecture, info.architecture);
  out.put_text(tag::writer, info.writer);
  out.put_number(tag::segments, info.segments);
  out.put(tag::clock, encode_clock(info.clock));
  out.put_number(tag::started, info.started);
  out.put_number(tag::file, info.file);
  out.put_number(tag::oldest_file, info.oldest_file);
  for (const ProbeName& probe : info.probes) {
    ItemWriter item;
    item.put_text(tag::probe_point, probe.point);
    item.put_text(tag::probe_alias, probe.alias);
    out.put(tag::probe, item.take());
  }
  for (const RecordFormat& format : info.formats) out.put(tag::format, encode_format(format));
  return out.take();
}

Result<RecordingInfo> decode_schema_untrusted(std::string_view body) {
  ItemReader in(body);
  RecordingInfo info;
  bool sane = true;
  size_t parts = 0;
  while (sane && in.next()) {
    decode_item(in, info);
    if (in.ok() && in.tag() == tag::format)
      parts += info.formats.back().fields.size() + info.formats.back().pieces.size();
    sane = info.probes.size() <= kMaxProbes && info.formats.size() <= kMaxFormats &&
           parts <= kMaxParts;
  }
  if (!in.ok() || !sane) return fail(ErrorCode::corrupt, "a schema block that cannot be read");
  return info;
}

std::string encode_symbols(const std::vector<RecordedSymbol>& symbols) {
  ItemWriter out;
  for (const RecordedSymbol& symbol : symbols) {
    ItemWriter item;
    item.put_number(tag::address, symbol.address);
    item.put_number(tag::length, symbol.length);
    item.put_text(tag::name, symbol.name);
    item.put_text(tag::module, symbol.module);
    item.put_text(tag::build_id, symbol.build_id);
    item.put_number(tag::pid, symbol.pid);
    out.put(tag::symbol, item.take());
  }
  return out.take();
}

Result<std::vector<RecordedSymbol>> decode_symbols_untrusted(std::string_view body) {
  ItemReader in(body);
  std::vector<RecordedSymbol> symbols;
  while (in.next())
    if (in.tag() == tag::symbol) symbols.push_back(decode_symbol(in));
  if (!in.ok()) return fail(ErrorCode::corrupt, "a symbols block that cannot be read");
  return symbols;
}

void append_ledger(std::string& out, const std::vector<SegmentTotals>& ledger) {
  append_varint(out, ledger.size());
  for (const SegmentTotals& totals : ledger) {
    for (uint64_t value :
         {uint64_t{totals.segment}, totals.position, totals.written, totals.overwritten,
          totals.abandoned, totals.unreadable, totals.unwritten})
      append_varint(out, value);
    append_varint(out, totals.dropped.size());
    for (uint64_t dropped : totals.dropped) append_varint(out, dropped);
  }
}

bool read_ledger(VarintReader& in, std::vector<SegmentTotals>& ledger) {
  uint64_t count = in.get();
  if (count > kMaxSegments || count > in.left()) return false;
  ledger.resize(count);
  for (SegmentTotals& totals : ledger) {
    totals.segment = static_cast<uint32_t>(in.get());
    for (uint64_t* value : {&totals.position, &totals.written, &totals.overwritten,
                            &totals.abandoned, &totals.unreadable, &totals.unwritten})
      *value = in.get();
    uint64_t causes = in.get();
    for (uint64_t cause = 0; cause < causes && in.ok(); ++cause) {
      uint64_t dropped = in.get();
      if (cause < totals.dropped.size()) totals.dropped[cause] = dropped;
    }
    if (!in.ok()) return false;
  }
  return true;
}

std::string encode_end(const RecordingEnd& end) {
  ItemWriter out;
  out.put_number(tag::final, end.final);
  out.put_number(tag::blocks, end.blocks);
  out.put_number(tag::records, end.records);
  out.put_text(tag::reason, end.reason);
  std::string ledger;
  append_ledger(ledger, end.ledger);
  out.put(tag::ledger, ledger);
  return out.take();
}

Result<RecordingEnd> decode_end_untrusted(std::string_view body) {
  ItemReader in(body);
  RecordingEnd end;
  end.final = false;
  bool good = true;
  while (in.next()) {
    if (in.tag() == tag::final) end.final = in.number() != 0;
    if (in.tag() == tag::blocks) end.blocks = in.number();
    if (in.tag() == tag::records) end.records = in.number();
    if (in.tag() == tag::reason) end.reason = in.text();
    if (in.tag() == tag::ledger) {
      VarintReader ledger(in.bytes());
      good &= read_ledger(ledger, end.ledger);
    }
  }
  if (!in.ok() || !good) return fail(ErrorCode::corrupt, "an end block that cannot be read");
  return end;
}

}  // namespace stapd
