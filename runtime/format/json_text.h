// One record as one JSON object on one line, for programs.
#pragma once

#include <string>
#include <string_view>

#include "runtime/format/record_text.h"
#include "runtime/format/time_text.h"

namespace stapd {

// What a record does not say itself.
struct JsonContext {
  RecordStamp stamp;
  std::string_view probe;    // its probe point, or ""
  std::string_view session;  // when several are merged, or ""
};

// {"time":ns,"at":"RFC 3339","cpu":N,"session":S,"probe":P,"channel":"output","text":T,
//  "fields":{...}}\n
// cpu is null in the daemon. A field goes under its name, or under its position from 1 when it has
// none or an earlier one has the same. Histograms are arrays of counts, memory is hex. "truncated":
// true says that a string was cut. Strings are always valid UTF-8: what is not becomes U+FFFD, and
// then "raw" holds the same keys (those of fields in its own "fields") with the bytes in base64.
void append_json(std::string& out, const RecordView& record, const RecordFormatter& formatter,
                 const JsonContext& context);

// `text` as a JSON string with its quotes; false when bytes were replaced.
bool append_json_string(std::string& out, std::string_view text);

}  // namespace stapd
