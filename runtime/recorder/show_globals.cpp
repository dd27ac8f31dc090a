#include "runtime/recorder/show_globals.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "runtime/format/value_text.h"
#include "runtime/image/map_layout.h"
#include "runtime/vm/map_codec.h"

namespace stapd {
namespace {

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_string_fitted(out, text, FormatPiece::alternate, -1, -1);
  out += '"';
}

void append_integer(std::string& out, int64_t value, bool pointer) {
  if (pointer)
    append_number(out, value, FormatPiece::Conversion::hex, FormatPiece::alternate, -1, -1);
  else
    append_decimal(out, value);
}

void append_statistic(std::string& out, const StatValue& value) {
  fmt::format_to(std::back_inserter(out), "@count={} @min={} @max={} @sum={} @avg={}", value.count,
                 value.min, value.max, value.sum, value.count ? value.average() : 0);
}

struct Element {
  std::string keys, value;
  int64_t number = 0;
  std::string text;
  uint64_t insertion = 0;
};

Element element_of(std::string_view key, std::string_view value, const GlobalSpec& global,
                   uint32_t cpus) {
  Element element;
  for (const KeyPart& part : global.key) {
    if (!element.keys.empty()) element.keys += ',';
    KeyValue decoded = decode_key_part(key, part);
    if (part.is_string)
      append_quoted(element.keys, decoded.text);
    else
      append_decimal(element.keys, decoded.number);
  }
  element.insertion = insertion_of(value, global, cpus);
  if (global.kind == ValueKind::statistic) {
    StatValue stat = merge_statistic(value, global.statistic, cpus);
    element.number = stat.count;
    element.value = " ";
    append_statistic(element.value, stat);
  } else if (global.kind == ValueKind::string) {
    element.text = decode_string(value.substr(kElementValueOffset), global.capacity);
    append_quoted(element.value, element.text);
  } else {
    std::memcpy(&element.number, value.data() + kElementValueOffset, 8);
    append_integer(element.value, element.number, global.show_as_pointer);
  }
  return element;
}

void append_array(std::string& out, const GlobalSpec& global, MapAccess& maps) {
  std::vector<Element> elements;
  maps.for_each(global.map, [&](std::string_view key, std::string_view value) {
    elements.push_back(element_of(key, value, global, maps.cpus()));
  });
  std::sort(elements.begin(), elements.end(), [](const Element& a, const Element& b) {
    if (a.number != b.number) return a.number > b.number;
    if (a.text != b.text) return a.text > b.text;
    return a.insertion < b.insertion;
  });
  for (const Element& element : elements)
    fmt::format_to(std::back_inserter(out), "{}[{}]{}{}\n", global.name, element.keys,
                   global.kind == ValueKind::statistic ? "" : "=", element.value);
}

}  // namespace

void append_global(std::string& out, const GlobalSpec& global, MapAccess& maps) {
  if (global.is_array) return append_array(out, global, maps);
  const std::byte* at = maps.state() + global.state_offset;
  out += global.name;
  if (global.kind == ValueKind::integer) {
    int64_t value;
    std::memcpy(&value, at, sizeof value);
    out += '=';
    append_integer(out, value, global.show_as_pointer);
  } else if (global.kind == ValueKind::string) {
    out += '=';
    std::string_view bytes(reinterpret_cast<const char*>(at), string_bytes(global.capacity));
    append_quoted(out, decode_string(bytes, global.capacity));
  } else {
    std::string values;
    maps.lookup(global.map, std::string(4, '\0'), values);
    StatValue value = merge_statistic(values, global.statistic, maps.cpus());
    out += ' ';
    if (value.count)
      append_statistic(out, value);
    else
      out += "@count=0x0";
  }
  out += '\n';
}

std::string text_of_unread_globals(const ProgramImage& image, MapAccess& maps) {
  std::string out;
  for (const GlobalSpec& global : image.globals)
    if (global.show_at_end) append_global(out, global, maps);
  return out;
}

}  // namespace stapd
