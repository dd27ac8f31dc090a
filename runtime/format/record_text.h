// Records into the text that the script's author expects, when somebody reads it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/format/histogram_text.h"
#include "runtime/record/record_format.h"
#include "runtime/record/record_view.h"

namespace stapd {

// "output", "warning", ...
const char* channel_name(RecordChannel channel);

class RecordFormatter {
 public:
  // Borrows the formats.
  explicit RecordFormatter(std::span<const RecordFormat> formats, HistogramStyle style = {});

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
  // A piece, prepared: what most scripts print needs no look at its width, flags and sources.
  struct Step {
    enum class Kind : uint8_t { literal, decimal, string, general };
    Kind kind = Kind::general;
    uint32_t field = 0;
    std::string_view literal;
    const FormatPiece* piece = nullptr;
  };
  struct Plan {
    std::vector<Step> steps;
    bool has_histogram = false;
  };
  static Plan prepare(const RecordFormat& format);
  static Step prepare(const FormatPiece& piece);
  void append_piece(std::string& out, const FormatPiece& piece, const RecordView& record) const;
  void append_buckets(std::string& out, const FormatPiece& piece, const RecordView& record) const;

  std::span<const RecordFormat> formats_;
  HistogramStyle style_;
  std::vector<Plan> plans_;
};

}  // namespace stapd
