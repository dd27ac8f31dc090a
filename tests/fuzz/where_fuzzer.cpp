// --where on any text: an error has its place in the text, and what is accepted says yes or no to
// every record.
#include "ctl/filter/parse_where.h"
#include "ctl/filter/where_filter.h"
#include "runtime/base/check.h"
#include "tests/support/recording_samples.h"

namespace stapd {
namespace {

void check_error(std::string_view text, const ctl::WhereError& error) {
  STAPD_CHECK(!error.message.empty());
  std::string shown = ctl::where_error_text(text, error);
  // Message, text, caret, and nothing that a terminal would obey.
  STAPD_CHECK(std::count(shown.begin(), shown.end(), '\n') == 2);
  STAPD_CHECK(shown.back() == '^');
}

void run(std::string_view text) {
  auto expr = ctl::parse_where(text);
  if (!expr) return check_error(text, expr.error());
  auto filter = ctl::WhereFilter::compile(*expr);
  if (!filter) return check_error(text, filter.error());
  static const ReadSchema schema(test::sample_info());
  const ReadSchema* schemas[] = {&schema};
  if (auto checked = filter->check(schemas); !checked) check_error(text, checked.error());
  for (uint64_t value : {uint64_t{0}, uint64_t{5}, uint64_t{22}}) {
    test::SampleRecord sample = test::sample_record(schema.info.formats[0], value);
    RecordedRecord record;
    record.record = sample.record;
    record.schema = &schema;
    auto view = schema.formatter.view_untrusted(record.record.bytes);
    STAPD_CHECK(view.has_value());
    bool first = filter->matches(record, *view);
    STAPD_CHECK(first == filter->matches(record, *view));
  }
}

}  // namespace
}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Longer regular expressions take long to compile: that is the regex fuzzer's subject.
  if (size <= 200) stapd::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
