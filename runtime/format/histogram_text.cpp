#include "runtime/format/histogram_text.h"

#include <algorithm>

#include "runtime/format/value_text.h"

namespace stapd {
namespace {

constexpr int kMargin = 2;  // empty rows shown before and after the data
constexpr uint32_t kMaxLinearBuckets = 128;
constexpr int64_t kMaxWidth = 10'000;  // of a format that nobody checked

// Wraps around, as the parameters may be anything.
int64_t linear_value(const HistogramShape& shape, uint64_t steps) {
  return static_cast<int64_t>(static_cast<uint64_t>(shape.start) +
                              steps * static_cast<uint64_t>(shape.width));
}

// The table of one histogram. Rows are buckets first_ to last_.
class HistogramTable {
 public:
  HistogramTable(const HistogramShape& shape, std::span<const uint64_t> buckets,
                 HistogramStyle style)
      : shape_(shape), buckets_(buckets), style_(style) {
    find_data();
    widen();
    highest_ = *std::max_element(buckets.begin(), buckets.end());
    auto width = static_cast<uint64_t>(std::max(style.width, 1));
    scale_ = std::max<uint64_t>(1, highest_ / width + (highest_ % width != 0));
    label_width_ = std::max<size_t>({label_size(first_row()), label_size(last_row()), 5});
    count_width_ = text_size(static_cast<int64_t>(highest_));
  }

  void append_to(std::string& out) const {
    append_string_fitted(out, "value", 0, static_cast<int32_t>(label_width_), -1);
    out += " |";
    out.append(static_cast<size_t>(std::max(style_.width, 0)), '-');
    out += " count\n";
    bool skipped = false;
    for (uint32_t bucket = first_; bucket <= last_; ++bucket) {
      if (is_elided(bucket)) {
        skipped = true;
        continue;
      }
      if (skipped) out.append(label_width_, ' ').append(" ~\n");
      skipped = false;
      append_row(out, bucket);
    }
    out += '\n';
  }

 private:
  bool is_underflow(uint32_t bucket) const { return shape_.linear && bucket == 0; }
  bool is_overflow(uint32_t bucket) const { return shape_.linear && bucket + 1 == buckets_.size(); }

  // Without data, the table starts and ends as if the first bucket had some.
  void find_data() {
    auto has_data = [](uint64_t count) { return count > 0; };
    auto first = std::find_if(buckets_.begin(), buckets_.end(), has_data);
    auto last = std::find_if(buckets_.rbegin(), buckets_.rend(), has_data);
    first_ = first == buckets_.end() ? 0 : static_cast<uint32_t>(first - buckets_.begin());
    last_ = last == buckets_.rend() ? 0 : static_cast<uint32_t>(buckets_.rend() - last - 1);
  }

  // Shows a margin around the data: in a log table no negative values unless there are some, in a
  // linear one no empty underflow or overflow.
  void widen() {
    for (int i = 0; i < kMargin; ++i) {
      if (first_ > 0 && (shape_.linear || first_ != kLogZeroBucket)) --first_;
      if (last_ + 1 < buckets_.size()) ++last_;
    }
    if (is_underflow(first_) && buckets_[first_] == 0) ++first_;
    if (is_overflow(last_) && buckets_[last_] == 0) --last_;
  }

  static size_t text_size(int64_t value) {
    std::string text;
    append_decimal(text, value);
    return text.size();
  }
  struct Label {
    char mark;  // '<' or '>' or 0
    int64_t value;
  };
  // SystemTap measures a linear table by its start and by the value one bucket after the last.
  Label first_row() const {
    if (!shape_.linear) return {0, bucket_value(shape_, first_)};
    return {is_underflow(first_) ? '<' : '\0', shape_.start};
  }
  Label last_row() const {
    if (!shape_.linear) return {0, bucket_value(shape_, last_)};
    return {is_overflow(last_) ? '>' : '\0', linear_value(shape_, last_)};
  }
  static size_t label_size(Label label) { return text_size(label.value) + (label.mark != 0); }

  // Whether the row is empty, like its neighbours within the elision.
  bool is_elided(uint32_t bucket) const {
    if (style_.elision < 0) return false;
    auto reach = static_cast<uint32_t>(style_.elision);
    uint32_t from = bucket - std::min(reach, bucket - first_);
    uint32_t to = bucket + std::min(reach, last_ - bucket);
    auto begin = buckets_.begin();
    return std::all_of(begin + from, begin + to + 1, [](uint64_t count) { return count == 0; });
  }

  void append_row(std::string& out, uint32_t bucket) const {
    Label label{is_underflow(bucket)  ? '<'
                : is_overflow(bucket) ? '>'
                                      : '\0',
                bucket_value(shape_, bucket)};
    size_t size = label_size(label);
    if (size < label_width_) out.append(label_width_ - size, ' ');
    if (label.mark) out += label.mark;
    append_decimal(out, label.value);
    out += " |";
    uint64_t bar = buckets_[bucket] / scale_;
    out.append(bar, '@');
    auto room = static_cast<int32_t>(style_.width - static_cast<int64_t>(bar) + 1 +
                                     static_cast<int64_t>(count_width_));
    append_number(out, static_cast<int64_t>(buckets_[bucket]), FormatPiece::Conversion::decimal, 0,
                  room, -1);
    out += '\n';
  }

  const HistogramShape& shape_;
  std::span<const uint64_t> buckets_;
  HistogramStyle style_;
  uint32_t first_ = 0, last_ = 0;
  uint64_t highest_ = 0, scale_ = 1;
  size_t label_width_ = 0, count_width_ = 0;
};

}  // namespace

HistogramStyle style_of(const FormatPiece& piece) {
  HistogramStyle style;
  using Source = FormatPiece::Source;
  if (piece.width.kind == Source::Kind::constant)
    style.width = static_cast<int32_t>(std::clamp<int64_t>(piece.width.value, 1, kMaxWidth));
  if (piece.precision.kind == Source::Kind::constant)
    style.elision = static_cast<int32_t>(std::clamp<int64_t>(piece.precision.value, -1, kMaxWidth));
  return style;
}

int64_t bucket_value(const HistogramShape& shape, uint32_t bucket) {
  if (shape.linear) {
    // Underflow shows the start, overflow the last value that is not in it.
    uint32_t steps = bucket == 0 ? 0 : bucket - (bucket + 1 == shape.buckets ? 2 : 1);
    return linear_value(shape, steps);
  }
  if (bucket == kLogZeroBucket) return 0;
  if (bucket > kLogZeroBucket) return static_cast<int64_t>(1ull << (bucket - kLogZeroBucket - 1));
  return static_cast<int64_t>(-(1ull << (kLogZeroBucket - bucket - 1)));
}

uint32_t linear_buckets(int64_t start, int64_t stop, int64_t width) {
  if (width == 0) return 0;
  __int128 buckets = (__int128{stop} - start) / width + 3;
  return buckets < 3 || buckets > kMaxLinearBuckets ? 0 : static_cast<uint32_t>(buckets);
}

void append_histogram(std::string& out, const HistogramShape& shape,
                      std::span<const uint64_t> buckets, HistogramStyle style) {
  uint32_t wanted = shape.linear ? shape.buckets : kLogBuckets;
  if (buckets.size() != wanted || wanted < 3 || wanted > kMaxLinearBuckets) return;
  HistogramTable(shape, buckets, style).append_to(out);
}

}  // namespace stapd
