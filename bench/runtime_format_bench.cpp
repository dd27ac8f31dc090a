// Records to text: bytes_per_second is output text.
#include <benchmark/benchmark.h>

#include "runtime/format/json_text.h"
#include "runtime/format/record_text.h"
#include "tests/support/record_bytes.h"
#include "tests/support/record_formats.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
using test::FormatBuilder;

// printf("%d %s(%d) %s\n", ...): what most scripts print.
RecordFormat simple_format() {
  return FormatBuilder()
      .integer(8, "when")
      .print(Conversion::decimal)
      .literal(" ")
      .chars(16, "name")
      .print(Conversion::string)
      .literal("(")
      .natural(4, "pid")
      .print(Conversion::decimal)
      .literal(") ")
      .text("file")
      .print(Conversion::string)
      .literal("\n")
      .build();
}

// printf("%-15s %6d %#x %08.3d\n", ...)
RecordFormat decorated_format() {
  return FormatBuilder()
      .chars(16)
      .print(Conversion::string, FormatPiece::left, 15)
      .literal(" ")
      .integer(4)
      .print(Conversion::decimal, 0, 6)
      .literal(" ")
      .integer()
      .print(Conversion::hex, FormatPiece::alternate)
      .literal(" ")
      .print(Conversion::decimal, FormatPiece::zero_pad, 8, 3)
      .literal("\n")
      .build();
}

std::vector<std::string> records_of(const RecordFormat& format) {
  std::vector<std::string> records;
  for (int64_t i = 0; i < 1000; ++i) {
    std::vector<RecordValue> values;
    std::string file = "/usr/lib/x86_64-linux-gnu/lib" + std::to_string(i) + ".so";
    for (const RecordField& field : format.fields) {
      if (field.kind == RecordField::Kind::text)
        values.push_back(RecordValue::of(file));
      else if (field.kind == RecordField::Kind::chars)
        values.push_back(RecordValue::of("kworker"));
      else
        values.push_back(RecordValue::of(field.size == 4 ? 1000 + i * 7 : i * 123'456'789));
    }
    records.push_back(test::record_bytes(format, 0, values));
  }
  return records;
}

template <class Append>
void run(benchmark::State& state, const RecordFormat& format, Append append) {
  std::vector<RecordFormat> formats = {format};
  RecordFormatter formatter(formats);
  std::vector<std::string> records = records_of(format);
  std::string out;
  size_t bytes = 0;
  for (auto _ : state) {
    out.clear();
    for (const std::string& record : records)
      append(out, *formatter.view_untrusted(record), formatter);
    benchmark::DoNotOptimize(out.data());
    bytes += out.size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * records.size()));
}

void append_text(std::string& out, const RecordView& view, const RecordFormatter& formatter) {
  formatter.append_text(out, view);
}

void simple_text(benchmark::State& state) { run(state, simple_format(), append_text); }
BENCHMARK(simple_text);

void decorated_text(benchmark::State& state) { run(state, decorated_format(), append_text); }
BENCHMARK(decorated_text);

void json_text(benchmark::State& state) {
  run(state, simple_format(),
      [](std::string& out, const RecordView& view, const RecordFormatter& formatter) {
        append_json(out, view, formatter, {{1'795'000'000'000'000'000, 1, 0}, "probe", ""});
      });
}
BENCHMARK(json_text);

}  // namespace
}  // namespace stapd
