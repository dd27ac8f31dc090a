#include "runtime/image/image_io.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/base/crc32c.h"
#include "runtime/image/image_fields.h"
#include "tests/support/sample_image.h"

namespace stapd {
namespace {

using test::sample_image;

// Converts to every member of an aggregate.
struct Anything {
  template <class T>
  operator T() const;
};
template <class T, class... Given>
constexpr size_t count_members() {
  if constexpr (requires { T{Given{}..., Anything{}}; })
    return count_members<T, Given..., Anything>();
  else
    return sizeof...(Given);
}
struct CountFields {
  size_t fields = 0;
  template <class... Fields>
  void operator()(Fields&...) {
    fields += sizeof...(Fields);
  }
};

template <class T>
class Described : public testing::Test {};
using Structs =
    testing::Types<RecordField, FormatPiece::Source, FormatPiece, HistogramShape, RecordFormat,
                   KeyPart, StatisticShape, GlobalSpec, MapSpec, ir::Operand, ir::Instr, ir::Block,
                   ir::Iteration, ir::LockSet, ir::Function, Relocation, ProgramSpec, ProbeSpec,
                   SourcePosition, Limits, ProgramImage>;
TYPED_TEST_SUITE(Described, Structs);

TYPED_TEST(Described, EveryMemberIsVisited) {
  CountFields count;
  TypeParam item{};
  visit_fields(count, item);
  EXPECT_EQ(count.fields, count_members<TypeParam>());
}

TEST(ImageIo, TheSampleIsValid) {
  Status valid = validate(sample_image());
  EXPECT_TRUE(valid) << valid.error().message;
}

TEST(ImageIo, WhatIsReadIsWhatWasWritten) {
  std::string bytes = encode_image(sample_image());
  auto image = decode_image_untrusted(bytes);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(encode_image(*image), bytes);
  // One field of each kind.
  EXPECT_EQ(image->script_text, sample_image().script_text);
  EXPECT_EQ(image->arguments, sample_image().arguments);
  EXPECT_EQ(image->limits.max_string, 256u);
  EXPECT_EQ(image->globals[0].init, -7);
  EXPECT_EQ(image->globals[3].statistic.histogram->stop, 100);
  EXPECT_EQ(image->functions[0].blocks[1].code[1].target[1], 1u);
  EXPECT_EQ(image->programs[0].lines[1].second, 2u);
  EXPECT_EQ(image->probes[0].order, -5);
  EXPECT_EQ(image->formats[0].pieces[1].width.value, 6);
}

TEST(ImageIo, AnEmptyImageHasTheFixedMaps) {
  ProgramImage image;
  EXPECT_FALSE(validate(image));
  image.maps.resize(kFixedMaps);
  EXPECT_TRUE(decode_image_untrusted(encode_image(image)));
}

TEST(ImageIo, Malformed_TruncatedAtEveryByte) {
  std::string bytes = encode_image(sample_image());
  for (size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(decode_image_untrusted(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode_image_untrusted(bytes + '\0'));
}

TEST(ImageIo, Malformed_EveryByteFlipped) {
  std::string bytes = encode_image(sample_image());
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int flip : {1, 0x80, 0xff}) {
      std::string wrong = bytes;
      wrong[i] = static_cast<char>(wrong[i] ^ flip);
      ASSERT_FALSE(decode_image_untrusted(wrong)) << i;
    }
  }
}

// A checksum is no defence against somebody who wants to: the bytes behind it are checked as well.
std::string with_right_checksum(std::string bytes) {
  std::string head = bytes.substr(8, 4) + bytes.substr(16, 8);
  uint32_t sum = crc32c(bytes.substr(24), crc32c(head));
  std::memcpy(bytes.data() + 12, &sum, sizeof sum);
  return bytes;
}

TEST(ImageIo, Malformed_WithARightChecksumIsRefusedOrConsistent) {
  std::string bytes = encode_image(sample_image());
  std::mt19937 random(1);
  size_t refused = 0, rounds = 20'000;
  for (size_t round = 0; round < rounds; ++round) {
    std::string wrong = bytes;
    for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes)
      wrong[24 + random() % (bytes.size() - 24)] = static_cast<char>(random());
    auto image = decode_image_untrusted(with_right_checksum(wrong));
    refused += !image;
    if (image) {
      EXPECT_TRUE(validate(*image));
    }
  }
  EXPECT_GT(refused, rounds / 4);
  EXPECT_LT(refused, rounds);  // a changed name is an image all the same
}

TEST(ImageIo, Malformed_CountsThatLieAllocateNothing) {
  std::string bytes = encode_image(sample_image());
  // The first field is the session's name: a length of 4 GiB.
  std::memset(bytes.data() + 24, 0xff, 4);
  auto image = decode_image_untrusted(with_right_checksum(bytes));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, ErrorCode::corrupt);
}

TEST(ImageIo, AnotherVersionIsNamed) {
  std::string bytes = encode_image(sample_image());
  bytes[8] = 99;
  auto image = decode_image_untrusted(bytes);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, ErrorCode::unsupported);
  EXPECT_NE(image.error().message.find("99"), std::string::npos);
}

TEST(ImageIo, OtherFilesAreNoImages) {
  EXPECT_EQ(decode_image_untrusted("").error().message, "this is no program image");
  EXPECT_EQ(decode_image_untrusted("#!/usr/bin/stap\n").error().message,
            "this is no program image");
}

// ---- validate: one thing wrong at a time
// ---------------------------------------------------------

struct Wrong {
  const char* name;
  void (*change)(ProgramImage&);
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class Validate : public testing::TestWithParam<Wrong> {};

TEST_P(Validate, Refuses) {
  ProgramImage image = sample_image();
  GetParam().change(image);
  Status valid = validate(image);
  ASSERT_FALSE(valid);
  EXPECT_EQ(valid.error().code, ErrorCode::corrupt);
  EXPECT_FALSE(decode_image_untrusted(encode_image(image)));
}

ir::Instr& instr(ProgramImage& image, size_t block, size_t index) {
  return image.functions[0].blocks[block].code[index];
}

ir::Instr& instr_of_helper(ProgramImage& image, size_t index) {
  return image.functions[1].blocks[0].code[index];
}

const Wrong kWrongs[] = {
    {"a_map_is_missing", [](ProgramImage& x) { x.maps.resize(4), x.globals.clear(); }},
    {"map_name_too_long", [](ProgramImage& x) { x.maps[5].name = "sixteen_bytes_xx"; }},
    {"map_of_global", [](ProgramImage& x) { x.globals[2].map = 7; }},
    {"map_value_too_small", [](ProgramImage& x) { x.maps[6].value_size = 32; }},
    {"scalar_outside_state", [](ProgramImage& x) { x.globals[0].state_offset = 1020; }},
    {"lock_outside_state", [](ProgramImage& x) { x.globals[2].lock_offset = 1017; }},
    {"sequence_outside_state", [](ProgramImage& x) { x.globals[2].sequence_offset = 0xfffffff0; }},
    {"key_outside", [](ProgramImage& x) { x.globals[2].key[1].offset = 17; }},
    {"array_without_key", [](ProgramImage& x) { x.globals[2].key.clear(); }},
    {"string_without_capacity", [](ProgramImage& x) { x.globals[1].capacity = 0; }},
    {"too_many_buckets", [](ProgramImage& x) { x.globals[3].statistic.histogram->buckets = 129; }},
    {"regex_classes_outside_data", [](ProgramImage& x) { x.regexes[0].class_offset = 33; }},
    {"regex_table_outside_data", [](ProgramImage& x) { x.regexes[0].entries = 7; }},
    {"regex_moves_outside_data", [](ProgramImage& x) { x.regexes[0].moves = 0xffffffff; }},
    {"regex_of_no_classes", [](ProgramImage& x) { x.regexes[0].classes = 0; }},
    {"regex_of_too_many_groups", [](ProgramImage& x) { x.regexes[0].groups = 128; }},
    {"regex_of_instruction", [](ProgramImage& x) { instr_of_helper(x, 1).aux = 1; }},
    {"regex_without_groups_noted", [](ProgramImage& x) { x.regexes[0].groups = 0; }},
    {"relocation_outside", [](ProgramImage& x) { x.programs[0].relocations[0].insn = 2; }},
    {"relocation_of_no_map", [](ProgramImage& x) { x.programs[0].relocations[0].map = 7; }},
    {"subprograms_in_disorder",
     [](ProgramImage& x) {
       x.programs[0].subprograms = {1, 0};
     }},
    {"subprogram_outside",
     [](ProgramImage& x) {
       x.programs[0].subprograms = {0, 2};
     }},
    {"line_of_no_position", [](ProgramImage& x) { x.programs[0].lines[0].second = 3; }},
    {"handler_of_probe", [](ProgramImage& x) { x.probes[0].handler = 3; }},
    {"handler_is_a_function", [](ProgramImage& x) { x.probes[0].handler = 1; }},
    {"program_of_probe", [](ProgramImage& x) { x.probes[0].program = 1; }},
    {"position_of_probe", [](ProgramImage& x) { x.probes[0].where = 3; }},
    {"condition_of_probe", [](ProgramImage& x) { x.probes[0].condition = 1; }},
    {"function_of_condition", [](ProgramImage& x) { x.conditions[0].function = 3; }},
    {"condition_that_takes_something", [](ProgramImage& x) { x.conditions[0].function = 1; }},
    {"condition_that_returns_nothing",
     [](ProgramImage& x) { x.functions[2].blocks[0].code.back().args.clear(); }},
    {"condition_outside_state", [](ProgramImage& x) { x.conditions[0].state_offset = 1016; }},
    {"condition_told", [](ProgramImage& x) { x.functions[2].blocks[0].code[2].aux = 1; }},
    {"format_of_no_probe", [](ProgramImage& x) { x.formats[0].probe = 1; }},
    {"format_outside_record", [](ProgramImage& x) { x.formats[0].fields[0].offset = 1000; }},
    {"format_prints_no_field", [](ProgramImage& x) { x.formats[0].pieces[1].value.value = 9; }},
    {"histogram_of_format", [](ProgramImage& x) { x.formats[0].histogram.buckets = 1000; }},
    {"parameter", [](ProgramImage& x) { x.functions[1].params[0].value = 2; }},
    {"result_kind",
     [](ProgramImage& x) { x.functions[1].blocks[0].code.back().args[0] = ir::Operand::slot(0); }},
    {"slot_of_no_size", [](ProgramImage& x) { x.functions[0].slots[0] = 0; }},
    {"slot_too_large", [](ProgramImage& x) { x.functions[0].slots[0] = 1u << 31; }},
    {"frame_too_large", [](ProgramImage& x) { x.functions[0].slots.assign(100, 1u << 20); }},
    {"too_many_registers", [](ProgramImage& x) { x.functions[0].registers = 0xffffffff; }},
    {"stat_of_no_statistic", [](ProgramImage& x) { x.functions[0].stats[0] = 0; }},
    {"lock_of_no_global", [](ProgramImage& x) { x.functions[0].lock_sets[0].globals[1] = 4; }},
    {"no_blocks", [](ProgramImage& x) { x.functions[0].blocks.clear(); }},
    {"register_of_operand", [](ProgramImage& x) { instr(x, 0, 1).dst[0].value = 4; }},
    {"negative_register", [](ProgramImage& x) { instr(x, 0, 1).dst[0].value = -1; }},
    {"literal_of_operand", [](ProgramImage& x) { instr(x, 2, 3).args[1].value = 2; }},
    {"target_of_jump", [](ProgramImage& x) { instr(x, 0, 4).target[0] = 4; }},
    {"jump_nowhere", [](ProgramImage& x) { instr(x, 0, 4).target[0] = ir::kNoBlock; }},
    {"half_a_branch", [](ProgramImage& x) { instr(x, 1, 1).target[1] = ir::kNoBlock; }},
    {"comparison", [](ProgramImage& x) { instr(x, 1, 1).sub = 10; }},
    {"context_value", [](ProgramImage& x) { instr(x, 0, 1).sub = 100; }},
    {"position_of_instruction", [](ProgramImage& x) { instr(x, 0, 0).where = 3; }},
    {"global_of_instruction", [](ProgramImage& x) { instr(x, 0, 2).aux = 4; }},
    {"array_of_wrong_kind", [](ProgramImage& x) { instr(x, 0, 2).aux = 3; }},
    {"key_too_short", [](ProgramImage& x) { instr(x, 0, 2).args.pop_back(); }},
    {"key_of_wrong_type", [](ProgramImage& x) { instr(x, 0, 2).args[1] = ir::Operand::reg(0); }},
    {"wildcard_in_a_key", [](ProgramImage& x) { instr(x, 0, 2).args[1] = ir::Operand::any(); }},
    {"iteration", [](ProgramImage& x) { instr(x, 0, 3).sub = 1; }},
    {"negative_iteration", [](ProgramImage& x) { instr(x, 0, 3).sub = -1; }},
    {"values_of_print", [](ProgramImage& x) { instr(x, 2, 2).args.pop_back(); }},
    {"format_of_print", [](ProgramImage& x) { instr(x, 2, 2).aux = 1; }},
    {"call_of_a_handler", [](ProgramImage& x) { instr(x, 2, 3).aux = 0; }},
    {"arguments_of_call", [](ProgramImage& x) { instr(x, 2, 3).args.pop_back(); }},
    {"argument_of_wrong_type",
     [](ProgramImage& x) { instr(x, 2, 3).args[1] = ir::Operand::reg(0); }},
};

INSTANTIATE_TEST_SUITE_P(Image, Validate, testing::ValuesIn(kWrongs),
                         [](const auto& wrong) { return wrong.param.name; });

}  // namespace
}  // namespace stapd
