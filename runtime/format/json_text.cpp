#include "runtime/format/json_text.h"

#include <unordered_set>
#include <vector>

#include "runtime/format/value_text.h"

namespace stapd {
namespace {

// Length of the UTF-8 sequence at the start of `text`; 0 when it is none (overlong, surrogate,
// beyond U+10FFFF, cut).
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    unsigned low = lead == 0xe0 ? 0xa0 : 0x80, high = lead == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    unsigned low = lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void append_json_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      append_memory(out, {&c, 1}, true, 0, -1);
  }
}

void append_base64(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
}

class JsonRecord {
 public:
  JsonRecord(std::string& out, const RecordView& record) : out_(out), record_(record) {}

  void append(const RecordFormatter& formatter, const JsonContext& context) {
    out_ += "{\"time\":";
    append_number(out_, static_cast<int64_t>(context.stamp.real_ns),
                  FormatPiece::Conversion::unsigned_decimal, 0, -1, -1);
    out_ += ",\"at\":\"";
    append_rfc3339(out_, context.stamp.real_ns);
    out_ += "\",\"cpu\":";
    if (context.stamp.cpu < 0)
      out_ += "null";
    else
      append_decimal(out_, context.stamp.cpu);
    if (!context.session.empty()) append_member("session", context.session);
    if (!context.probe.empty()) append_member("probe", context.probe);
    append_member("channel", channel_name(record_.format().channel));
    std::string text;
    formatter.append_plain_text(text, record_);
    append_member("text", text);
    append_fields();
    if (record_.truncated()) out_ += ",\"truncated\":true";
    append_raw();
    out_ += "}\n";
  }

 private:
  void append_key(std::string_view key) {
    append_json_string(out_, key);
    out_ += ':';
  }
  // A string value; when it is no UTF-8, `raw` gets its bytes under `key`.
  void append_string(std::string& raw, std::string_view key, std::string_view value) {
    if (append_json_string(out_, value)) return;
    if (!raw.empty()) raw += ',';
    append_json_string(raw, key);
    raw += ":\"";
    append_base64(raw, value);
    raw += '"';
  }
  void append_member(std::string_view key, std::string_view value) {
    out_ += ',';
    append_key(key);
    append_string(raw_, key, value);
  }
  void append_raw() {
    if (raw_.empty() && raw_fields_.empty()) return;
    out_.append(",\"raw\":{").append(raw_);
    if (!raw_.empty() && !raw_fields_.empty()) out_ += ',';
    if (!raw_fields_.empty()) out_.append("\"fields\":{").append(raw_fields_).append("}");
    out_ += '}';
  }

  // The name, or the position where a name is missing or taken.
  std::string key_of(size_t field) {
    const auto& fields = record_.format().fields;
    std::string key = fields[field].name;
    if (key.empty() || !keys_.insert(key).second) {
      key = std::to_string(field + 1);
      keys_.insert(key);
    }
    return key;
  }

  void append_fields() {
    out_ += ",\"fields\":{";
    for (size_t i = 0; i < record_.format().fields.size(); ++i) {
      if (i) out_ += ',';
      std::string key = key_of(i);
      append_key(key);
      append_value(i, key);
    }
    out_ += '}';
  }

  void append_value(size_t index, std::string_view key) {
    switch (record_.format().fields[index].kind) {
      case RecordField::Kind::signed_integer:
        return append_decimal(out_, record_.integer(index));
      case RecordField::Kind::unsigned_integer:
        return append_number(out_, record_.integer(index),
                             FormatPiece::Conversion::unsigned_decimal, 0, -1, -1);
      case RecordField::Kind::chars:
      case RecordField::Kind::text:
        return append_string(raw_fields_, key, record_.string(index));
      case RecordField::Kind::memory:
        out_ += '"';
        append_memory(out_, record_.string(index), true, 0, -1);
        out_ += '"';
        return;
      case RecordField::Kind::buckets:
        out_ += '[';
        for (size_t i = 0; i < record_.bucket_count(index); ++i) {
          if (i) out_ += ',';
          append_number(out_, static_cast<int64_t>(record_.bucket(index, i)),
                        FormatPiece::Conversion::unsigned_decimal, 0, -1, -1);
        }
        out_ += ']';
        return;
    }
  }

  std::string& out_;
  const RecordView& record_;
  std::string raw_, raw_fields_;
  std::unordered_set<std::string> keys_;
};

}  // namespace

bool append_json_string(std::string& out, std::string_view text) {
  bool whole = true;
  out += '"';
  while (!text.empty()) {
    size_t length = utf8_length(text);
    auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\xef\xbf\xbd";  // U+FFFD
      whole = false;
      length = 1;
    } else if (length == 1 && (c < ' ' || c == '"' || c == '\\' || c == 0x7f)) {
      append_json_escape(out, text[0]);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  out += '"';
  return whole;
}

void append_json(std::string& out, const RecordView& record, const RecordFormatter& formatter,
                 const JsonContext& context) {
  JsonRecord(out, record).append(formatter, context);
}

}  // namespace stapd
