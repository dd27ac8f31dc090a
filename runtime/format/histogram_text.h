// @hist_log and @hist_linear as tables of text, as SystemTap prints them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "runtime/record/record_format.h"

namespace stapd {

// SystemTap's HIST_WIDTH and HIST_ELISION.
struct HistogramStyle {
  int32_t width = 50;   // of the longest bar
  int32_t elision = 2;  // empty rows that stay beside a row with data; negative: all stay
};

// That of a piece of a format: its width and precision, where they are not the usual ones.
HistogramStyle style_of(const FormatPiece& piece);

// The lowest value of a bucket (of a negative log bucket: the one nearest to zero).
int64_t bucket_value(const HistogramShape& shape, uint32_t bucket);

// Of a linear histogram, or 0 when its parameters make none: SystemTap wants 3 to 128 in all.
uint32_t linear_buckets(int64_t start, int64_t stop, int64_t width);

// The whole table, the empty line at its end included. Nothing for a shape that makes no histogram.
void append_histogram(std::string& out, const HistogramShape& shape,
                      std::span<const uint64_t> buckets, HistogramStyle style = {});

}  // namespace stapd
