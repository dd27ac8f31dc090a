// Any bytes under formats that use everything: text and JSON are made, or the record is refused.
#include <string>

#include "runtime/format/json_text.h"
#include "runtime/format/record_text.h"
#include "tests/support/record_formats.h"

namespace stapd {
namespace {

using Conversion = FormatPiece::Conversion;
using test::FormatBuilder;

std::vector<RecordFormat> formats() {
  FormatBuilder numbers, texts(false);
  for (auto conversion = Conversion::decimal; conversion <= Conversion::character;
       conversion = static_cast<Conversion>(static_cast<int>(conversion) + 1)) {
    numbers.integer(1).print(conversion, FormatPiece::alternate, 7, 3);
    numbers.natural(4).print(conversion, FormatPiece::zero_pad);
  }
  texts.text("a").print(Conversion::string, FormatPiece::alternate, 20);
  texts.memory("b").print(Conversion::memory_hex).print(Conversion::memory, FormatPiece::left, 9);
  texts.chars(7, "c").print(Conversion::string, 0, -1, 3);
  texts.integer().print(Conversion::binary, 0, 12);
  RecordFormat sized = texts.build();
  FormatPiece piece;
  piece.conversion = Conversion::string;
  piece.width = piece.precision = {FormatPiece::Source::Kind::field, 3, ""};
  piece.value = {FormatPiece::Source::Kind::field, 0, ""};
  sized.pieces.push_back(piece);
  HistogramShape linear{true, -5, 20, 5, 8};
  return {numbers.build(), sized,
          FormatBuilder().buckets(linear).print(Conversion::histogram_linear).build(),
          FormatBuilder()
              .buckets({false, 0, 0, 0, kLogBuckets})
              .print(Conversion::histogram_log)
              .channel(RecordChannel::error)
              .build()};
}

}  // namespace
}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stapd;
  static const std::vector<RecordFormat> table = formats();
  static const RecordFormatter formatter(table);
  auto view = formatter.view_untrusted({reinterpret_cast<const char*>(data), size});
  if (!view) return 0;
  std::string out;
  formatter.append_text(out, *view);
  append_json(out, *view, formatter, {{view->time(), view->time(), 1}, "probe", "session"});
  return 0;
}
