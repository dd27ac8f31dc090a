// Records into the text that the script's author expects, when somebody reads it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/format/text_plan.h"
#include "runtime/record/record_format.h"
#include "runtime/record/record_view.h"

namespace stapd {

// "output", "warning", ...
const char* channel_name(RecordChannel channel);

class RecordFormatter {
 public:
  // Borrows the formats.
  explicit RecordFormatter(std::span<const RecordFormat> formats);

  // A record of the ring or of a recording as it came: nothing when it fits none of the formats.
  std::optional<RecordView> view_untrusted(std::string_view record) const;

  // `record` comes from view_untrusted(), or fits the format of that number in the table.
  // Appends all that its channel gets: of an error "ERROR: text near ...\n", of a warning
  // "WARNING: text\n", of the others the text as it is. No more than kMaxPrintSize, as SystemTap's
  // print buffer, unless it prints a histogram.
  void append_text(std::string& out, const RecordView& record) const;
  // The text alone, without prefix and place.
  void append_plain_text(std::string& out, const RecordView& record) const;

 private:
  std::vector<CheckedFormat> formats_;
  std::vector<TextPlan> plans_;
};

}  // namespace stapd
