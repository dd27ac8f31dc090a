// What the records of one print statement hold, and how they become text. Plain data: the table of
// formats is part of the program image and of every recording.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stapd {

// One value in a record. Offsets are from the start of the record.
struct RecordField {
  enum class Kind : uint8_t {
    signed_integer,    // `size` 1, 2, 4 or 8 bytes
    unsigned_integer,  // likewise
    chars,             // `size` bytes, zero padded; the string ends at the first zero
    text,              // u16 length at `offset`; the bytes follow the fixed part, in field order
    buckets,  // `size` / 8 histogram buckets of u64, then count, min and max are not needed
    memory,   // like text, but bytes and not a string: %m and %M
  };
  Kind kind = Kind::signed_integer;
  uint16_t offset = 0;
  uint16_t size = 8;
  std::string name;  // the script's expression when it is a plain name, else ""
};

// A part of the text of a record: literal bytes, or one directive with its argument.
struct FormatPiece {
  enum class Conversion : uint8_t {
    literal,           // `text`
    decimal,           // %d %i
    unsigned_decimal,  // %u
    octal,             // %o
    hex,               // %x
    hex_upper,         // %X
    pointer,           // %p: as %#x
    character,         // %c
    string,            // %s
    binary,            // %b: `width` bytes of the value in native order
    memory,            // %m
    memory_hex,        // %M
    histogram_log,     // the whole table of @hist_log
    histogram_linear,  // the whole table of @hist_linear
  };
  enum Flag : uint8_t { zero_pad = 1, plus = 2, left = 4, space = 8, alternate = 16 };

  // Where a width, a precision or the value itself comes from.
  struct Source {
    enum class Kind : uint8_t { none, constant, field, literal };
    Kind kind = Kind::none;
    int64_t value = 0;  // the constant, or the index of the field
    std::string text;   // literal: a constant string
  };

  Conversion conversion = Conversion::literal;
  uint8_t flags = 0;
  Source width, precision, value;
  std::string text;  // of a literal piece
};

// Where the text of a record goes.
enum class RecordChannel : uint8_t {
  output,     // the script's own output: stdout
  warning,    // warn(): "WARNING: text" on stderr, repeats suppressed
  error,      // an uncaught error: "ERROR: text near ..." on stderr
  system,     // system(): a command for `sh -c`
  notice,     // ours: adoption, gaps; stderr
  heartbeat,  // ours: proof that records arrive; shown to nobody
};

// Buckets of @hist_log: bucket 64 counts zeros, 64 + k counts [2^(k-1), 2^k), 64 - k mirrors it.
constexpr uint32_t kLogBuckets = 128;
constexpr uint32_t kLogZeroBucket = 64;

// Parameters of a histogram, as in @hist_linear(v, start, stop, width).
struct HistogramShape {
  bool linear = false;
  int64_t start = 0, stop = 0, width = 0;
  uint32_t buckets = 0;
};

struct RecordFormat {
  RecordChannel channel = RecordChannel::output;
  bool has_time = true;
  uint16_t fixed_size =
      16;              // bytes up to the first text, a multiple of 8; whole length without texts
  uint32_t probe = 0;  // index of the probe in the image whose handler prints it
  std::vector<RecordField> fields;
  std::vector<FormatPiece> pieces;
  HistogramShape histogram;  // of a bucket field
  std::string near;          // error: "near identifier 'x' at file:line:col"
};

}  // namespace stapd
