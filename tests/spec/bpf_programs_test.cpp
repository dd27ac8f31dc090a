// Programs made from hand-written IR, through the kernel's verifier and run there. Needs root.
#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/image/ir_text.h"
#include "runtime/image/map_layout.h"
#include "runtime/load/load_program.h"
#include "runtime/record/record_layout.h"
#include "translator/bpf/disassemble.h"
#include "translator/bpf/generate.h"
#include "translator/ir/ir_builder.h"

namespace stapd {
namespace {

using ir::Op;
using ir::Operand;

// A session of one handler, run by test runs; its integer globals are looked at afterwards.
class BpfProgram : public testing::Test {
 protected:
  BpfProgram() {
    image_.maps.resize(kFixedMaps);
    image_.maps[kRingMap] = {"ring", MapSpec::Type::array, 4, 0, 0, true};
    image_.maps[kStateMap] = {"state", MapSpec::Type::array, 4, 4096, 1, true};
    image_.maps[kControlMap] = {"control", MapSpec::Type::ring_buffer, 0, 0, 4096, false};
    image_.maps[kScratchMap] = {"scratch", MapSpec::Type::array, 4, 64, 0, false};
    image_.maps[kDataMap] = {"data", MapSpec::Type::array, 4, 8, 1, false};
    handler_.name = "test";
    handler_.is_handler = true;
    builder_.emplace(handler_);
    facts_.lookup_percpu_elem = true;
  }

  uint32_t add_global(const std::string& name) {
    GlobalSpec global;
    global.name = name;
    global.state_offset = next_state_;
    next_state_ += 8;
    image_.globals.push_back(global);
    return static_cast<uint32_t>(image_.globals.size() - 1);
  }

  uint32_t literal(const std::string& text) {
    image_.literals.push_back(text);
    return static_cast<uint32_t>(image_.literals.size() - 1);
  }

  void store(uint32_t global, Operand value) {
    builder_->append(Op::global_store, {}, {value}, global);
  }

  void run(std::vector<uint64_t> arguments = {}) {
    if (!builder_->is_closed()) builder_->append(Op::done, {}, {});
    auto checked = ir::check(handler_, image_);
    ASSERT_TRUE(checked) << checked.error().message;
    bpf::DataPool data(image_.data);
    std::vector<bool> contended(image_.globals.size());
    auto program = bpf::generate_program(
        {image_, handler_, ProgramContext::raw_tracepoint, false, facts_, contended}, data);
    ASSERT_TRUE(program) << program.error().message;
    image_.maps[kScratchMap].value_size = std::max(64u, program->scratch_size);
    image_.maps.insert(image_.maps.end(), program->areas.begin(), program->areas.end());
    image_.maps[kDataMap].value_size = static_cast<uint32_t>(image_.data.size()) + 8;
    if (getenv("SHOW"))
      printf("%s%s", ir::to_text(handler_, image_).c_str(),
             bpf::disassemble(program->program).c_str());
    auto maps = MapSet::create(image_, kMinSegmentSize);
    ASSERT_TRUE(maps) << maps.error().message;
    maps_.emplace(std::move(*maps));
    auto fd = load_program(image_, program->program, *maps_);
    ASSERT_TRUE(fd) << fd.error().message << "\n"
                    << ir::to_text(handler_, image_) << bpf::disassemble(program->program);
    auto ran = run_program(fd->get(), arguments);
    ASSERT_TRUE(ran) << ran.error().message;
  }

  int64_t value_of(uint32_t global) {
    int64_t result;
    std::memcpy(&result, maps_->state() + image_.globals[global].state_offset, 8);
    return result;
  }

  ProgramImage image_;
  ir::Function handler_;
  std::optional<IrBuilder> builder_;
  bpf::CodegenFacts facts_;
  std::optional<MapSet> maps_;
  uint32_t next_state_ = 1024;
};

TEST_F(BpfProgram, Arithmetic) {
  uint32_t g = add_global("g"), h = add_global("h");
  Operand a = builder_->make_reg();
  builder_->append(Op::argument, {a}, {}, 0);
  Operand b = builder_->binary(Op::div, a, Operand::imm(-3));
  store(g, b);
  store(h, builder_->binary(Op::mod, a, Operand::imm(-3)));
  run({static_cast<uint64_t>(-100)});
  EXPECT_EQ(value_of(g), 33);
  EXPECT_EQ(value_of(h), -1);
}

TEST_F(BpfProgram, LoopInSegments) {
  uint32_t g = add_global("g");
  Operand i = builder_->make_reg(), sum = builder_->make_reg();
  builder_->append(Op::mov, {i}, {Operand::imm(0)});
  builder_->append(Op::mov, {sum}, {Operand::imm(0)});
  uint32_t head = builder_->make_block(), body = builder_->make_block(),
           end = builder_->make_block();
  builder_->jump(head);
  builder_->set_block(head);
  builder_->branch(ir::Compare::lt, i, Operand::imm(1000), body, end);
  builder_->set_block(body);
  builder_->append(Op::add, {sum}, {sum, i});
  builder_->append(Op::add, {i}, {i, Operand::imm(1)});
  builder_->jump(head);
  builder_->set_block(end);
  store(g, sum);
  run();
  EXPECT_EQ(value_of(g), 499500);
}

TEST_F(BpfProgram, StringBuilding) {
  uint32_t length = add_global("length"), order = add_global("order"), equal = add_global("equal"),
           byte = add_global("byte");
  Operand s = builder_->make_slot(64), t = builder_->make_slot(512);
  builder_->append(Op::str_copy, {s}, {Operand::literal(literal("x="))});
  builder_->append(Op::str_append_number, {s},
                   {s, Operand::imm(-1234567), Operand::imm(12), Operand::imm(-1)},
                   ir::number_spec(ir::NumberBase::decimal, 0));
  builder_->append(Op::str_append, {s}, {s, Operand::literal(literal("|"))});
  builder_->append(Op::str_append_number, {s},
                   {s, Operand::imm(0xbeef), Operand::imm(-1), Operand::imm(-1)},
                   ir::number_spec(ir::NumberBase::hex, FormatPiece::alternate));
  builder_->append(Op::str_copy, {t}, {s});
  builder_->append(Op::str_append_fitted, {t},
                   {t, Operand::literal(literal("abcdef")), Operand::imm(6), Operand::imm(3)}, 0);
  builder_->append(Op::str_append_byte, {t}, {t, Operand::imm('!')});
  Operand r = builder_->make_reg();
  builder_->append(Op::str_length, {r}, {t});
  store(length, r);
  uint32_t expected = literal("x=    -1234567|0xbeef   abc!");
  builder_->append(Op::str_equal, {r}, {t, Operand::literal(expected)});
  store(equal, r);
  builder_->append(Op::str_compare, {r}, {s, t});
  store(order, r);
  builder_->append(Op::str_byte, {r}, {t, Operand::imm(7)});
  store(byte, r);
  run();
  EXPECT_EQ(value_of(length), 28);
  EXPECT_EQ(value_of(equal), 1);
  EXPECT_EQ(value_of(order), -1);
  EXPECT_EQ(value_of(byte), '1');
}

TEST_F(BpfProgram, ArraysAndStatistics) {
  uint32_t found = add_global("found"), count = add_global("count"), sum = add_global("sum"),
           max = add_global("max");
  GlobalSpec array;
  array.name = "a";
  array.is_array = true;
  array.key = {{true, 0, 16}, {false, 16, 8}};
  array.key_size = 24;
  array.max_entries = 4;
  array.sequence_offset = 2048;
  array.map = static_cast<uint32_t>(image_.maps.size());
  image_.maps.push_back({"a", MapSpec::Type::hash, 24, 16, 4, false});
  uint32_t a = static_cast<uint32_t>(image_.globals.size());
  image_.globals.push_back(array);
  GlobalSpec stat = array;
  stat.name = "s";
  stat.kind = ValueKind::statistic;
  stat.map = static_cast<uint32_t>(image_.maps.size());
  stat.statistic.histogram = HistogramShape{false, 0, 0, 0, kLogBuckets};
  stat.statistic.variance = true;
  image_.maps.push_back(
      {"s", MapSpec::Type::percpu_hash, 24, stat_value_size(stat.statistic), 4, false});
  uint32_t s = static_cast<uint32_t>(image_.globals.size());
  image_.globals.push_back(stat);

  Operand name = builder_->make_slot(16);
  builder_->append(Op::context_string, {name}, {});
  Operand status = builder_->make_reg(), now = builder_->make_reg();
  for (int i = 0; i < 3; ++i) {
    builder_->append(Op::array_add, {now, status}, {Operand::imm(5), name, Operand::imm(7)}, a);
    builder_->append(Op::stat_add, {status}, {Operand::imm(10 * i), name, Operand::imm(7)}, s);
  }
  store(found, now);
  Operand t = builder_->make_stat(s);
  builder_->append(Op::stat_read, {t}, {name, Operand::imm(7)}, s);
  for (auto [global, field] :
       {std::pair{count, ir::StatField::count}, std::pair{sum, ir::StatField::sum},
        std::pair{max, ir::StatField::max}}) {
    builder_->append(Op::stat_field, {now}, {t, Operand::imm(0)}, 0, static_cast<int8_t>(field));
    store(global, now);
  }
  run();
  EXPECT_EQ(value_of(found), 15);
  EXPECT_EQ(value_of(count), 3);
  EXPECT_EQ(value_of(sum), 30);
  EXPECT_EQ(value_of(max), 20);
}

TEST_F(BpfProgram, ForeachSortedWithLimit) {
  uint32_t keys = add_global("keys"), sum = add_global("sum"), rounds = add_global("rounds");
  GlobalSpec array;
  array.name = "a";
  array.is_array = true;
  array.key = {{true, 0, 64}, {false, 64, 8}};
  array.key_size = 72;
  array.max_entries = 100;
  array.sequence_offset = 2048;
  array.map = static_cast<uint32_t>(image_.maps.size());
  image_.maps.push_back({"a", MapSpec::Type::hash, 72, 16, 100, false});
  uint32_t a = static_cast<uint32_t>(image_.globals.size());
  image_.globals.push_back(array);
  Operand name = builder_->make_slot(64), key = builder_->make_slot(64);
  Operand status = builder_->make_reg(), more = builder_->make_reg(), number = builder_->make_reg(),
          value = builder_->make_reg(), all = builder_->make_reg(), count = builder_->make_reg();
  builder_->append(Op::mov, {all}, {Operand::imm(0)});
  builder_->append(Op::mov, {count}, {Operand::imm(0)});
  for (int i = 0; i < 40; ++i) {
    builder_->append(Op::str_copy, {name},
                     {Operand::literal(literal("a name that is not short "))});
    builder_->append(Op::str_append_number, {name},
                     {name, Operand::imm(i % 10), Operand::imm(-1), Operand::imm(-1)},
                     ir::number_spec(ir::NumberBase::decimal, 0));
    builder_->append(Op::array_add, {Operand{}, status},
                     {Operand::imm(i), name, Operand::imm(i % 20)}, a);
  }
  handler_.iterations.push_back({ir::Iteration::Sort::value, 0, true});
  builder_->append(Op::iter_open, {status}, {Operand::imm(3), Operand::any(), Operand::any()}, a,
                   0);
  uint32_t head = builder_->make_block(), body = builder_->make_block(),
           end = builder_->make_block();
  builder_->jump(head);
  builder_->set_block(head);
  builder_->append(Op::iter_next, {more, key, number, value}, {}, a, 0);
  builder_->branch(ir::Compare::ne, more, Operand::imm(0), body, end);
  builder_->set_block(body);
  builder_->append(Op::mul, {all}, {all, Operand::imm(1000)});
  builder_->append(Op::add, {all}, {all, value});
  builder_->append(Op::str_length, {number}, {key});
  builder_->append(Op::add, {count}, {count, number});
  builder_->jump(head);
  builder_->set_block(end);
  builder_->append(Op::iter_close, {}, {}, a, 0);
  store(keys, count);
  store(sum, all);
  store(rounds, more);
  run();
  // Elements i and i + 20 share a key: the greatest sums are 19 + 39, 18 + 38, 17 + 37.
  EXPECT_EQ(value_of(sum), 58056054);
  EXPECT_EQ(value_of(keys), 3 * 26);
  EXPECT_EQ(value_of(rounds), 0);
}

TEST_F(BpfProgram, Record) {
  RecordFormat format;
  format.fixed_size = 56;
  format.fields = {{RecordField::Kind::signed_integer, 16, 8, ""},
                   {RecordField::Kind::chars, 24, 16, ""},
                   {RecordField::Kind::text, 40, 2, ""},
                   {RecordField::Kind::text, 42, 2, ""},
                   {RecordField::Kind::unsigned_integer, 44, 4, ""}};
  image_.formats.push_back(format);
  Operand name = builder_->make_slot(16), text = builder_->make_slot(512),
          other = builder_->make_slot(512);
  builder_->append(Op::context_string, {name}, {});
  builder_->append(Op::str_copy, {text}, {Operand::literal(literal("some longer text"))});
  builder_->append(Op::str_copy, {other}, {Operand::literal(literal("second"))});
  Operand pid = builder_->make_reg();
  builder_->append(Op::context, {pid}, {}, 0, static_cast<int8_t>(ir::ContextValue::pid));
  builder_->append(Op::print, {}, {Operand::imm(-5), name, text, other, pid}, 0);
  run();
  const std::byte* segment = maps_->ring();
  for (uint32_t cpu = 0; cpu + 1 < maps_->ring_shape().segments; ++cpu) {
    const auto* control =
        reinterpret_cast<const SegmentControl*>(segment + cpu * maps_->ring_shape().stride);
    if (control->head == 0) continue;
    uint32_t offset = -(head_units(control->head) * 8) & (kMinSegmentSize - 1);
    const std::byte* record = reinterpret_cast<const std::byte*>(control) + kControlSize + offset;
    uint64_t header;
    std::memcpy(&header, record, 8);
    EXPECT_EQ(header, record_header(1, kCommitted, 56 + 16 + 8, 0));
    int64_t number;
    std::memcpy(&number, record + 16, 8);
    EXPECT_EQ(number, -5);
    EXPECT_STREQ(reinterpret_cast<const char*>(record + 24), "unit_spec_bpf_p");
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(record + 56), 16), "some longer text");
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(record + 72), 6), "second");
    uint32_t pid_field;
    std::memcpy(&pid_field, record + 44, 4);
    EXPECT_EQ(pid_field, static_cast<uint32_t>(getpid()));
    return;
  }
  FAIL() << "no record";
}

TEST_F(BpfProgram, PlainRecordNeedsNoFrame) {
  facts_.current_task_btf = true;
  facts_.task_comm_offset = 0;  // wherever: what is recorded does not matter here
  RecordFormat format;
  format.fixed_size = 56;
  format.fields = {{RecordField::Kind::signed_integer, 16, 8, ""},
                   {RecordField::Kind::signed_integer, 24, 8, ""},
                   {RecordField::Kind::unsigned_integer, 48, 4, ""},
                   {RecordField::Kind::chars, 32, 16, ""}};
  image_.formats.push_back(format);
  Operand a = builder_->make_reg(), b = builder_->make_reg(), c = builder_->make_reg(),
          name = builder_->make_slot(16);
  builder_->append(Op::argument, {a}, {}, 0);
  builder_->append(Op::argument, {b}, {}, 1);
  builder_->append(Op::context, {c}, {}, 0, static_cast<int8_t>(ir::ContextValue::pid));
  builder_->append(Op::context_string, {name}, {});
  builder_->append(Op::print, {}, {a, b, c, name}, 0);
  run({1, 2});
  EXPECT_EQ(image_.maps[kScratchMap].value_size, 64u);
}

TEST_F(BpfProgram, LocksAndGlobals) {
  uint32_t g = add_global("g"), h = add_global("h");
  image_.globals[g].lock_offset = 512;
  image_.globals[h].lock_offset = 576;
  handler_.lock_sets.push_back({{g, h}});
  Operand status = builder_->make_reg();
  builder_->append(Op::lock, {status}, {}, 0);
  uint32_t skip = builder_->make_block(), go = builder_->make_block();
  builder_->branch(ir::Compare::ne, status, Operand::imm(0), skip, go);
  builder_->set_block(skip);
  builder_->append(Op::skip, {}, {}, 0, static_cast<int8_t>(DropCause::lock_timeout));
  builder_->set_block(go);
  Operand v = builder_->make_reg();
  builder_->append(Op::global_add, {v}, {Operand::imm(41)}, g);
  builder_->append(Op::global_add, {Operand{}}, {v}, h);
  builder_->append(Op::unlock, {}, {}, 0);
  run();
  EXPECT_EQ(value_of(g), 41);
  EXPECT_EQ(value_of(h), 41);
}

}  // namespace
}  // namespace stapd
