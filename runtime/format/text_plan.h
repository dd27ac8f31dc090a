// How the records of one format become text, worked out once: what most scripts print needs no look
// at widths, flags and sources for each record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/format/text_stage.h"
#include "runtime/record/record_format.h"
#include "runtime/record/record_view.h"

namespace stapd {

class TextPlan {
 public:
  // Borrows the format.
  explicit TextPlan(const RecordFormat& format);

  // The text of a record of that format. No more than kMaxPrintSize, as SystemTap's print buffer,
  // unless it prints a histogram.
  void append(std::string& out, const RecordView& record) const;

 private:
  struct Step {
    enum class Kind : uint8_t { word, literal, decimal, chars, text, general };
    Kind kind = Kind::general;
    uint8_t word_size = 0;  // a short literal
    char word[TextStage::kWord] = {};
    uint32_t index = 0;                  // of the field
    const RecordField* field = nullptr;  // decimal, chars
    const FormatPiece* piece = nullptr;
  };
  static Step prepare(const FormatPiece& piece, const RecordFormat& format);

  std::vector<Step> steps_;
  bool has_histogram_ = false;
};

}  // namespace stapd
