// Random valid handlers in IR, for tests that run them in two places.
#pragma once

#include <random>
#include <string>

#include "runtime/image/program_image.h"
#include "translator/elaborate/program.h"
#include "translator/ir/ir_builder.h"
#include "translator/lower/image_builder.h"
#include "translator/lower/lay_out_globals.h"
#include "translator/lower/lay_out_regexes.h"

namespace stapd::test {

// An image whose one handler, functions[0], does random things to every kind of global and prints.
class RandomIr {
 public:
  explicit RandomIr(uint32_t seed) : random_(seed), builder_(program_, options_, image_) {}

  ProgramImage make() {
    add_globals();
    lay_out_globals(program_, image_);
    add_regexes();
    for (int i = 0; i < kFixedFormats; ++i) (void)builder_.add_format({}, {});
    image_.functions.emplace_back();
    ir::Function& function = image_.functions[0];
    function.name = "random";
    function.is_handler = true;
    IrBuilder build(function);
    build_ = &build;
    for (int i = 0; i < kRegisters; ++i) {
      regs_.push_back(build.make_reg());
      build.append(ir::Op::mov, {regs_.back()}, {ir::Operand::imm(number())});
    }
    for (uint32_t capacity : {8u, 16u, 16u, 64u, 100u, 512u}) {
      slots_.push_back(build.make_slot(capacity));
      build.append(ir::Op::str_copy, {slots_.back()}, {literal()});
    }
    statements(12, 0);
    build.append(ir::Op::done, {}, {});
    builder_.place({});
    return std::move(image_);
  }

 private:
  using Op = ir::Op;
  using Operand = ir::Operand;
  static constexpr int kRegisters = 8;
  enum Global : uint32_t {
    number_a,
    number_b,
    short_text,
    long_text,
    numbers,
    texts,
    samples,
    table
  };

  uint64_t pick(uint64_t n) { return random_() % n; }

  int64_t number() {
    switch (pick(6)) {
      case 0:
        return static_cast<int64_t>(pick(5)) - 2;
      case 1:
        return INT64_MIN;
      case 2:
        return INT64_MAX;
      case 3:
        return static_cast<int64_t>(random_()) * 4294967296 + random_();
      case 4:
        return -static_cast<int64_t>(pick(1000));
      default:
        return static_cast<int64_t>(pick(100));
    }
  }

  Operand literal() {
    static const char* const kTexts[] = {"",
                                         "a",
                                         "b",
                                         "seven77",
                                         "eight888",
                                         "fifteen chars!!",
                                         "sixteen chars!!!",
                                         "a text that is longer than sixteen",
                                         "comma, ",
                                         "zzz"};
    std::string text = kTexts[pick(std::size(kTexts))];
    if (pick(20) == 0) text = std::string(50 + pick(500), static_cast<char>('a' + pick(26)));
    return builder_.literal(text);
  }

  Operand reg() { return regs_[pick(regs_.size())]; }
  Operand integer() { return pick(3) == 0 ? Operand::imm(number()) : reg(); }
  Operand small() { return Operand::imm(static_cast<int64_t>(pick(40)) - 1); }
  Operand slot() { return slots_[pick(slots_.size())]; }
  Operand text() { return pick(3) == 0 ? literal() : slot(); }
  // A slot that others are appended to: any.
  Operand other_slot(Operand not_this) {
    Operand result = slot();
    while (result == not_this) result = slot();
    return result;
  }

  void add_global(const std::string& name, sem::Type type, std::vector<sem::Type> key,
                  uint32_t capacity, std::vector<uint32_t> key_capacity) {
    sem::Global global;
    global.name = name;
    global.type = type;
    global.key = std::move(key);
    global.capacity = capacity;
    global.key_capacity = std::move(key_capacity);
    global.max_entries = 6;
    program_.globals.push_back(global);
  }

  void add_globals() {
    using sem::Type;
    add_global("number_a", Type::integer, {}, 0, {});
    add_global("number_b", Type::integer, {}, 0, {});
    add_global("short_text", Type::string, {}, 16, {});
    add_global("long_text", Type::string, {}, 512, {});
    add_global("numbers", Type::integer, {Type::string, Type::integer}, 0, {512, 0});
    add_global("texts", Type::string, {Type::integer}, 512, {0});
    add_global("samples", Type::statistic, {}, 0, {});
    add_global("table", Type::statistic, {Type::string}, 0, {512});
    program_.globals[numbers].wrap = pick(2);
    program_.globals[table].wrap = pick(2);
    program_.globals[samples].statistic.histogram = HistogramShape{true, 0, 50, 10, 8};
    program_.globals[table].statistic.variance = true;
    program_.globals[table].statistic.bit_shift = static_cast<uint8_t>(pick(4));
    program_.globals[table].statistic.histogram = HistogramShape{false, 0, 0, 0, kLogBuckets};
  }

  // The first half are tests, the others note their groups.
  void add_regexes() {
    for (regex::Wanted wanted : {regex::Wanted::test, regex::Wanted::groups})
      for (const char* text : {"(.)(a|ex)*t", "([a-z]+)([0-9]*)$", "^s|n(c*)", "((t)|h|[^a-f])*"}) {
        std::variant<regex::Automaton, regex::RegexError> made = regex::compile_regex(text, wanted);
        program_.regexes.push_back({text, wanted, std::get<regex::Automaton>(std::move(made))});
      }
    (void)lay_out_regexes(program_, image_);
  }

  void regex_op() {
    const auto half = static_cast<uint32_t>(program_.regexes.size() / 2);
    const auto which = static_cast<uint32_t>(pick(half));
    switch (pick(5)) {
      case 0:
        build_->append(Op::regex_test, {reg()}, {text()}, which);
        return;
      case 1:
        build_->append(Op::regex_groups, {reg()}, {});
        return;
      case 2:
        build_->append(Op::regex_group, {slot()}, {pick(2) ? small() : integer()});
        return;
      default:
        build_->append(Op::regex_match, {reg()}, {text()}, half + which);
        build_->append(Op::regex_group, {slot()}, {Operand::imm(static_cast<int64_t>(pick(3)))});
        return;
    }
  }

  void statements(int count, int depth) {
    for (int i = 0; i < count; ++i) {
      uint64_t choice = pick(30);
      if (choice == 0 && depth < 3)
        if_else(depth);
      else if (choice == 1 && depth < 2)
        loop(depth);
      else if (choice == 2 && depth < 2)
        foreach (depth)
          ;
      else if (choice < 12)
        integer_op();
      else if (choice < 19)
        string_op();
      else if (choice < 26)
        global_op();
      else
        print();
    }
  }

  void if_else(int depth) {
    uint32_t then = build_->make_block(), otherwise = build_->make_block(),
             end = build_->make_block();
    build_->branch(static_cast<ir::Compare>(pick(7)), reg(), integer(), then, otherwise);
    build_->set_block(then);
    statements(3, depth + 1);
    build_->jump(end);
    build_->set_block(otherwise);
    statements(2, depth + 1);
    build_->jump(end);
    build_->set_block(end);
  }

  void loop(int depth) {
    Operand round = build_->make_reg();
    build_->append(Op::mov, {round}, {Operand::imm(0)});
    uint32_t head = build_->make_block(), body = build_->make_block(), end = build_->make_block();
    build_->jump(head);
    build_->set_block(head);
    build_->branch(ir::Compare::lt, round, Operand::imm(static_cast<int64_t>(1 + pick(4))), body,
                   end);
    build_->set_block(body);
    statements(4, depth + 1);
    build_->append(Op::add, {round}, {round, Operand::imm(1)});
    build_->jump(head);
    build_->set_block(end);
  }

  void foreach (int depth) {
    ir::Function& function = image_.functions[0];
    static constexpr ir::Iteration::Sort kSorts[] = {
        ir::Iteration::Sort::none, ir::Iteration::Sort::key, ir::Iteration::Sort::value};
    static constexpr ir::Iteration::Sort kStatSorts[] = {
        ir::Iteration::Sort::count, ir::Iteration::Sort::sum,     ir::Iteration::Sort::min,
        ir::Iteration::Sort::max,   ir::Iteration::Sort::average, ir::Iteration::Sort::key};
    uint32_t global = std::array{numbers, texts, table}[pick(3)];
    ir::Iteration iteration;
    iteration.sort = global == table ? kStatSorts[pick(6)] : kSorts[pick(3)];
    iteration.key_part = static_cast<uint8_t>(pick(program_.globals[global].key.size()));
    iteration.descending = pick(2);
    int8_t index = static_cast<int8_t>(function.iterations.size());
    function.iterations.push_back(iteration);
    std::vector<Operand> open = {Operand::imm(static_cast<int64_t>(pick(5)) - 1)},
                         next = {build_->make_reg()};
    for (sem::Type type : program_.globals[global].key) {
      bool any = pick(4) != 0;
      open.push_back(any ? Operand::any() : type == sem::Type::string ? text() : integer());
      next.push_back(type == sem::Type::string ? slots_.back() : reg());
    }
    next.push_back(global == numbers ? reg() : global == texts ? slots_.back() : Operand{});
    if (global == texts && pick(2)) next.back() = {};
    Operand status = build_->make_reg();
    build_->append(Op::iter_open, {status}, open, global, index);
    uint32_t head = build_->make_block(), body = build_->make_block(), end = build_->make_block();
    build_->jump(head);
    build_->set_block(head);
    build_->append(Op::iter_next, next, {}, global, index);
    build_->branch(ir::Compare::ne, next[0], Operand::imm(0), body, end);
    build_->set_block(body);
    statements(3, depth + 1);
    print();
    build_->jump(head);
    build_->set_block(end);
    build_->append(Op::iter_close, {}, {}, global, index);
  }

  void integer_op() {
    static constexpr Op kOps[] = {Op::add,     Op::sub, Op::mul, Op::bit_and, Op::bit_or,
                                  Op::bit_xor, Op::shl, Op::sar, Op::shr};
    switch (pick(6)) {
      case 0:
        build_->append(Op::mov, {reg()}, {integer()});
        return;
      case 1:
        build_->append(pick(2) ? Op::neg : Op::bit_not, {reg()}, {integer()});
        return;
      case 2: {
        static constexpr Op kDivisions[] = {Op::div, Op::mod};
        Operand divisor = build_->binary(Op::bit_or, integer(), Operand::imm(1));
        build_->append(kDivisions[pick(2)], {reg()}, {integer(), divisor});
        return;
      }
      case 3:
        build_->append(Op::set, {reg()}, {integer(), integer()}, 0, static_cast<int8_t>(pick(7)));
        return;
      case 4: {
        static constexpr int8_t kWidths[] = {-8, 8, -16, 16, -32, 32, -5, 13};
        build_->append(Op::extend, {reg()}, {integer()}, 0, kWidths[pick(8)]);
        return;
      }
      default:
        build_->append(kOps[pick(std::size(kOps))], {reg()}, {integer(), integer()});
        return;
    }
  }

  void string_op() {
    Operand to = slot();
    switch (pick(12)) {
      case 10:
      case 11:
        return regex_op();
      case 0:
        build_->append(Op::str_copy, {to}, {text()});
        return;
      case 1:
        build_->append(Op::str_append, {to}, {to, text()});
        return;
      case 2:
        build_->append(Op::str_append_byte, {to}, {to, pick(2) ? integer() : Operand::imm('x')});
        return;
      case 3:
        build_->append(
            Op::str_append_number, {to}, {to, integer(), small(), small()},
            ir::number_spec(static_cast<ir::NumberBase>(pick(5)), static_cast<uint8_t>(pick(32))));
        return;
      case 4:
        // The flags of %s that strings in handlers know.
        build_->append(Op::str_append_fitted, {to}, {to, text(), small(), small()},
                       static_cast<uint32_t>(pick(2) ? FormatPiece::left : 0) |
                           (pick(2) ? FormatPiece::alternate : 0));
        return;
      case 5:
        build_->append(Op::str_length, {reg()}, {text()});
        return;
      case 6:
        build_->append(Op::str_byte, {reg()}, {text(), pick(2) ? small() : integer()});
        return;
      case 7:
        build_->append(Op::str_compare, {reg()}, {text(), text()});
        return;
      case 8:
        build_->append(Op::str_equal, {reg()}, {text(), text()});
        return;
      default: {
        Operand from = pick(2) ? literal() : other_slot(to);
        build_->append(Op::str_slice, {to},
                       {from, pick(2) ? small() : integer(), pick(2) ? small() : integer()});
      }
    }
  }

  void global_op() {
    Operand status = build_->make_reg();
    switch (pick(16)) {
      case 0:
        build_->append(Op::global_load, {reg()}, {}, number_a);
        return;
      case 1:
        build_->append(Op::global_store, {}, {integer()}, number_b);
        return;
      case 2:
        build_->append(Op::global_add, {pick(2) ? reg() : Operand{}}, {integer()}, number_a);
        return;
      // What goes into a short string is short: widths are inferred so.
      case 3:
        build_->append(Op::global_store_string, {}, {pick(2) ? slots_[1] : slots_[0]}, short_text);
        return;
      case 4:
        build_->append(Op::global_store_string, {}, {text()}, long_text);
        return;
      case 5:
        build_->append(Op::global_load_string, {slots_[2]}, {}, short_text);
        return;
      case 6:
        build_->append(Op::global_load_string, {slots_.back()}, {}, long_text);
        return;
      case 7:
        build_->append(Op::array_store, {status}, {integer(), text(), key_number()}, numbers);
        return;
      case 8:
        build_->append(Op::array_load, {reg()}, {text(), key_number()}, numbers);
        return;
      case 9:
        build_->append(Op::array_add, {pick(2) ? reg() : Operand{}, status},
                       {integer(), text(), key_number()}, numbers);
        break;
      case 10:
        build_->append(Op::array_has, {reg()}, {text(), key_number()}, numbers);
        return;
      case 11:
        build_->append(Op::array_delete, {}, {key_number()}, texts);
        return;
      case 12:
        build_->append(Op::array_store_string, {status}, {text(), key_number()}, texts);
        break;
      case 13:
        build_->append(Op::array_load_string, {slots_.back()}, {key_number()}, texts);
        return;
      case 14:
        stat();
        return;
      default:
        if (pick(8) == 0)
          build_->append(Op::array_clear, {}, {},
                         std::array{numbers, texts, samples, table}[pick(4)]);
        return;
    }
    build_->append(Op::add, {reg()}, {status, Operand::imm(0)});
  }

  Operand key_number() { return pick(4) ? Operand::imm(static_cast<int64_t>(pick(4))) : integer(); }

  void stat() {
    Operand status = build_->make_reg();
    bool array = pick(2);
    std::vector<Operand> args = {integer()};
    if (array) args.push_back(text());
    build_->append(Op::stat_add, {status}, args, array ? table : samples);
    if (pick(2)) return;
    Operand statistic = build_->make_stat(array ? table : samples);
    build_->append(Op::stat_read, {statistic},
                   array ? std::vector<Operand>{text()} : std::vector<Operand>{},
                   array ? table : samples);
    static constexpr ir::StatField kFields[] = {ir::StatField::count,  ir::StatField::sum,
                                                ir::StatField::min,    ir::StatField::max,
                                                ir::StatField::bucket, ir::StatField::variance};
    ir::StatField field = kFields[pick(array ? 6 : 5)];
    build_->append(Op::stat_field, {reg()},
                   {statistic, Operand::imm(static_cast<int64_t>(pick(140)))}, 0,
                   static_cast<int8_t>(field));
    if (pick(3) == 0) print_histogram(statistic, array ? table : samples);
  }

  void print_histogram(Operand statistic, uint32_t global) {
    RecordFormat format;
    RecordField field;
    field.kind = RecordField::Kind::buckets;
    field.size = static_cast<uint16_t>(8 * program_.globals[global].statistic.histogram->buckets);
    format.fields = {field};
    format.histogram = *program_.globals[global].statistic.histogram;
    auto id = builder_.add_format(format, {});
    build_->append(Op::print, {}, {statistic}, *id);
  }

  void print() {
    RecordFormat format;
    std::vector<Operand> values;
    for (int i = static_cast<int>(pick(5)); i >= 0; --i) {
      RecordField field;
      if (pick(2)) {
        static constexpr uint16_t kSizes[] = {1, 2, 4, 8};
        field.size = kSizes[pick(4)];
        values.push_back(reg());
      } else {
        Operand value = slot();
        uint32_t capacity = image_.functions[0].slots[value.value];
        field.kind = capacity <= 16 ? RecordField::Kind::chars : RecordField::Kind::text;
        field.size = static_cast<uint16_t>(capacity <= 16 ? (capacity + 7) / 8 * 8 : 2);
        values.push_back(value);
      }
      format.fields.push_back(field);
    }
    auto id = builder_.add_format(format, {});
    build_->append(Op::print, {}, values, *id);
  }

  std::minstd_rand random_;
  sem::Program program_;
  LowerOptions options_;
  ProgramImage image_;
  ImageBuilder builder_;
  IrBuilder* build_ = nullptr;
  std::vector<Operand> regs_, slots_;
};

}  // namespace stapd::test
