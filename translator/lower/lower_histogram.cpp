// sprint(@hist_log(x)), sprint(@hist_linear(x, ...)): the table of runtime/format/histogram_text.h,
// made where the handler runs.
#include <algorithm>

#include "runtime/format/histogram_text.h"
#include "translator/lower/function_lowering.h"

namespace stapd {
namespace {

using ir::Compare;
using ir::Op;
using ir::Operand;

constexpr int64_t kMargin = 2;

Operand imm(int64_t number) { return Operand::imm(number); }

// The text of one table, at the end of a string slot.
class TableText {
 public:
  TableText(IrBuilder& build, ImageBuilder& image, Operand slot, Operand statistic,
            const HistogramShape& shape, HistogramStyle style)
      : build_(build),
        image_(image),
        slot_(slot),
        statistic_(statistic),
        shape_(shape),
        widest_(style.width),
        elision_(style.elision),
        last_bucket_(shape.buckets - 1) {}

  void append() {
    find_data();
    widen();
    measure();
    append_head();
    append_rows();
    append_text(slot_, "\n");
  }

 private:
  // ---- small control flow
  template <typename Then>
  void when(Compare compare, Operand a, Operand b, Then then) {
    uint32_t yes = build_.make_block(), end = build_.make_block();
    build_.branch(compare, a, b, yes, end);
    build_.set_block(yes);
    then();
    build_.jump(end);
    build_.set_block(end);
  }
  // for (index = first; index <= last; ++index)
  template <typename Body>
  void each(Operand index, Operand first, Operand last, Body body) {
    uint32_t head = build_.make_block(), round = build_.make_block(), end = build_.make_block();
    move(index, first);
    build_.jump(head);
    build_.set_block(head);
    build_.branch(Compare::le, index, last, round, end);
    build_.set_block(round);
    body();
    add(index, 1);
    build_.jump(head);
    build_.set_block(end);
  }
  void move(Operand to, Operand from) { build_.append(Op::mov, {to}, {from}); }
  void add(Operand to, int64_t number) { build_.append(Op::add, {to}, {to, imm(number)}); }
  void keep_greater(Operand to, Operand other) {
    when(Compare::gt, other, to, [&] { move(to, other); });
  }
  Operand make(int64_t start) {
    Operand reg = build_.make_reg();
    move(reg, imm(start));
    return reg;
  }

  // ---- text
  void append_text(Operand to, const std::string& text) {
    build_.append(Op::str_append, {to}, {to, image_.literal(text)});
  }
  void append_fitted(Operand text, Operand width) {
    build_.append(Op::str_append_fitted, {slot_}, {slot_, text, width, imm(-1)}, 0);
  }
  void append_number(Operand to, Operand number, Operand width) {
    build_.append(Op::str_append_number, {to}, {to, number, width, imm(-1)},
                  ir::number_spec(ir::NumberBase::decimal, 0));
  }
  Operand length_of(Operand text) {
    Operand length = build_.make_reg();
    build_.append(Op::str_length, {length}, {text});
    return length;
  }

  Operand count_at(Operand bucket) {
    Operand count = build_.make_reg();
    build_.append(Op::stat_field, {count}, {statistic_, bucket}, 0,
                  static_cast<int8_t>(ir::StatField::bucket));
    return count;
  }

  // ---- which rows: as HistogramTable chooses them
  void find_data() {
    first_ = make(-1);
    last_ = make(0);
    highest_ = make(0);
    Operand bucket = build_.make_reg();
    each(bucket, imm(0), imm(last_bucket_), [&] {
      Operand count = count_at(bucket);
      when(Compare::ne, count, imm(0), [&] {
        when(Compare::lt, first_, imm(0), [&] { move(first_, bucket); });
        move(last_, bucket);
        keep_greater(highest_, count);
      });
    });
  }

  void widen() {
    for (int64_t i = 0; i < kMargin; ++i) {
      when(Compare::gt, first_, imm(0), [&] {
        if (shape_.linear)
          add(first_, -1);
        else
          when(Compare::ne, first_, imm(kLogZeroBucket), [&] { add(first_, -1); });
      });
      when(Compare::lt, last_, imm(last_bucket_), [&] { add(last_, 1); });
    }
    if (!shape_.linear) return;
    when(Compare::eq, first_, imm(0),
         [&] { when(Compare::eq, count_at(imm(0)), imm(0), [&] { add(first_, 1); }); });
    when(Compare::eq, last_, imm(last_bucket_),
         [&] { when(Compare::eq, count_at(imm(last_bucket_)), imm(0), [&] { add(last_, -1); }); });
  }

  // ---- labels
  // The number of a row, in `label_`, with its mark.
  void make_label(Operand bucket) {
    build_.append(Op::str_copy, {label_}, {image_.literal("")});
    if (shape_.linear) {
      when(Compare::eq, bucket, imm(0), [&] { append_text(label_, "<"); });
      when(Compare::eq, bucket, imm(last_bucket_), [&] { append_text(label_, ">"); });
    }
    append_number(label_, shape_.linear ? linear_value(bucket) : log_value(bucket), imm(-1));
  }

  Operand linear_value(Operand bucket) {
    Operand steps = build_.make_reg();
    build_.append(Op::sub, {steps}, {bucket, imm(1)});
    when(Compare::lt, steps, imm(0), [&] { move(steps, imm(0)); });
    when(Compare::eq, bucket, imm(last_bucket_), [&] { add(steps, -1); });
    return value_after(steps);
  }
  Operand value_after(Operand steps) {
    return build_.binary(Op::add, build_.binary(Op::mul, steps, imm(shape_.width)),
                         imm(shape_.start));
  }

  // 0, or a power of 2 that is as far from it as the bucket is from that of 0.
  Operand log_value(Operand bucket) {
    Operand value = make(0);
    Operand distance = build_.binary(Op::sub, bucket, imm(kLogZeroBucket));
    when(Compare::gt, distance, imm(0), [&] {
      build_.append(Op::shl, {value}, {imm(1), build_.binary(Op::sub, distance, imm(1))});
    });
    when(Compare::lt, distance, imm(0), [&] {
      Operand bits = build_.binary(Op::sub, imm(-1), distance);
      build_.append(Op::shl, {value}, {imm(-1), bits});
    });
    return value;
  }

  void measure() {
    label_ = build_.make_slot(kLabelCapacity);
    label_width_ = make(5);
    if (shape_.linear) {
      measure_linear();
    } else {
      for (Operand row : {first_, last_}) {
        make_label(row);
        keep_greater(label_width_, length_of(label_));
      }
    }
    build_.append(Op::str_copy, {label_}, {image_.literal("")});
    append_number(label_, highest_, imm(-1));
    count_width_ = length_of(label_);
    // So many to a character that the highest fits.
    scale_ =
        build_.binary(Op::div, build_.binary(Op::add, highest_, imm(widest_ - 1)), imm(widest_));
    when(Compare::lt, scale_, imm(1), [&] { move(scale_, imm(1)); });
  }

  // SystemTap measures a linear table by its start and by the value one bucket after the last.
  void measure_linear() {
    for (bool is_last : {false, true}) {
      Operand row = is_last ? last_ : first_;
      build_.append(Op::str_copy, {label_}, {image_.literal("")});
      append_number(label_, is_last ? value_after(last_) : imm(shape_.start), imm(-1));
      Operand length = build_.make_reg();
      move(length, length_of(label_));
      when(Compare::eq, row, imm(is_last ? last_bucket_ : 0), [&] { add(length, 1); });
      keep_greater(label_width_, length);
    }
  }

  // ---- rows
  void append_head() {
    append_fitted(image_.literal("value"), label_width_);
    append_text(slot_, " |" + std::string(static_cast<size_t>(widest_), '-') + " count\n");
  }

  void append_rows() {
    Operand bucket = build_.make_reg(), skipped = make(0);
    each(bucket, first_, last_, [&] {
      Operand shown = make(elision_ < 0 ? 1 : 0);
      find_data_near(shown, bucket);
      uint32_t elided = build_.make_block(), row = build_.make_block(), end = build_.make_block();
      build_.branch(Compare::eq, shown, imm(0), elided, row);
      build_.set_block(elided);
      move(skipped, imm(1));
      build_.jump(end);
      build_.set_block(row);
      when(Compare::ne, skipped, imm(0), [&] {
        append_fitted(image_.literal(""), label_width_);
        append_text(slot_, " ~\n");
        move(skipped, imm(0));
      });
      append_row(bucket);
      build_.jump(end);
      build_.set_block(end);
    });
  }

  // `shown` when a row that is no further away than the elision has data.
  void find_data_near(Operand shown, Operand bucket) {
    if (elision_ < 0) return;
    Operand near = build_.make_reg(), to = build_.make_reg();
    Operand from = build_.binary(Op::sub, bucket, imm(elision_));
    keep_greater(from, first_);
    build_.append(Op::add, {to}, {bucket, imm(elision_)});
    when(Compare::gt, to, last_, [&] { move(to, last_); });
    each(near, from, to,
         [&] { when(Compare::ne, count_at(near), imm(0), [&] { move(shown, imm(1)); }); });
  }

  void append_row(Operand bucket) {
    make_label(bucket);
    append_fitted(label_, label_width_);
    append_text(slot_, " |");
    Operand count = count_at(bucket);
    Operand bar = build_.binary(Op::div, count, scale_);
    build_.append(
        Op::str_append_fitted, {slot_},
        {slot_, image_.literal(std::string(static_cast<size_t>(widest_), '@')), imm(-1), bar}, 0);
    Operand room = build_.binary(Op::sub, imm(widest_ + 1), bar);
    append_number(slot_, count, build_.binary(Op::add, room, count_width_));
    append_text(slot_, "\n");
  }

  // A mark, a sign and 19 digits.
  static constexpr uint32_t kLabelCapacity = 24;

  IrBuilder& build_;
  ImageBuilder& image_;
  Operand slot_, statistic_;
  const HistogramShape& shape_;
  int64_t widest_, elision_;
  int64_t last_bucket_;
  Operand first_, last_, highest_, scale_, label_, label_width_, count_width_;
};

}  // namespace

void FunctionLowering::append_histogram(Operand slot, const FormatPiece& piece, Operand statistic) {
  const GlobalSpec& global = image_.image().globals[function_.stats[statistic.value]];
  TableText(build_, image_, slot, statistic, *global.statistic.histogram, style_of(piece)).append();
}

}  // namespace stapd
