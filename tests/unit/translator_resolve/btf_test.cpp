#include <gtest/gtest.h>

#include "tests/support/btf_builder.h"
#include "translator/resolve/btf_catalog.h"

namespace stapd::btf {
namespace {

using test::BtfBuilder;
using Id = BtfBuilder::Id;

// A piece of a kernel: what most tests look things up in.
class SmallKernel : public testing::Test {
 protected:
  SmallKernel() : catalog_(Catalog::from_bytes(build().bytes())) {}

  static BtfBuilder build() {
    BtfBuilder b;
    Id int_ = b.signed_integer("int", 4);
    Id char_ = b.signed_integer("char", 1);
    Id bool_ = b.integer("_Bool", 1, BTF_INT_BOOL);
    Id ulong = b.integer("long unsigned int", 8);
    Id uchar = b.integer("unsigned char", 1);
    Id u8 = b.typedef_("__u8", uchar);
    Id pid_t = b.typedef_("pid_t", b.typedef_("__kernel_pid_t", int_));
    Id mm_forward = b.forward("mm_struct");
    Id union_forward = b.forward("sigval", true);
    Id comm = b.array(char_, 16);
    Id inner = b.structure("", 8, {{"low", int_, 0}, {"high", int_, 32}});
    Id either = b.union_("", 8, {{"whole", ulong, 0}, {"", inner, 0}});
    b.structure("task_struct", 64,
                {{"pid", pid_t, 0},
                 {"comm", comm, 32},
                 {"", either, 192},
                 {"mm", b.pointer(mm_forward), 256},
                 {"value", b.pointer(union_forward), 320}});
    b.structure("mm_struct", 8, {{"users", b.volatile_(b.const_(ulong)), 0}});
    b.union_("sigval", 8, {{"number", int_, 0}});
    b.structure("flags", 8,
                {{"a", int_, 0, 3}, {"b", ulong, 3, 7}, {"wide", int_, 32, 32}, {"on", u8, 12, 1}});
    b.enumeration("state", {{"ASLEEP", -1}, {"AWAKE", 7}}, 4, true);
    b.enumeration("mask", {{"ALL", 0xffffffff}});
    b.enumeration64("huge", {{"FAR", 0x1234567890abcdef}, {"NEAR", 1}});
    b.function("vfs_read", ulong,
               {{"file", b.pointer(b.structure("file", 8, {}))},
                {"buf", b.pointer(b.const_(char_))},
                {"", BtfBuilder::kVoid}});
    b.typedef_("callback_t", b.pointer(b.prototype(BtfBuilder::kVoid, {})));
    b.typedef_("flag_t", bool_);
    b.typedef_("name_t", b.const_(comm));
    b.typedef_("grid_t", b.array(b.array(int_, 3), 5));
    b.variable("jiffies", b.volatile_(ulong));
    b.section(".data", 8, {});
    b.floating("double", 8);
    b.decl_tag("user", 1);
    return b;
  }
  Type get(std::string_view name) {
    Type type = catalog_.find_type(name);
    EXPECT_TRUE(type) << name;
    return type;
  }

  Catalog catalog_;
};

TEST_F(SmallKernel, FindsByNameAndKind) {
  EXPECT_EQ(get("task_struct").kind(), Kind::structure);
  EXPECT_EQ(get("struct task_struct"), get("task_struct"));
  EXPECT_EQ(get("union sigval").kind(), Kind::union_);
  EXPECT_EQ(get("enum state").kind(), Kind::enumeration);
  EXPECT_FALSE(catalog_.find_type("union task_struct"));
  EXPECT_FALSE(catalog_.find_type("task_struc"));
  EXPECT_FALSE(catalog_.find_type("task_structs"));
  EXPECT_FALSE(catalog_.find_type(""));
  EXPECT_FALSE(catalog_.find_type("vfs_read")) << "a function is no type";
  EXPECT_FALSE(catalog_.find_type(std::string_view("int\0x", 5)));
  EXPECT_TRUE(catalog_.find_function("vfs_read"));
  EXPECT_FALSE(catalog_.find_function("int"));
}

TEST_F(SmallKernel, FindsTheSameByScanAndByIndex) {
  Type first = get("task_struct");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(get("task_struct"), first);
  EXPECT_FALSE(catalog_.find_type("absent"));
  EXPECT_EQ(get("mm_struct").kind(), Kind::structure) << "and not the forward declaration";
}

TEST_F(SmallKernel, KnowsCsSpellingsOfBasicTypes) {
  EXPECT_EQ(get("unsigned long"), get("long unsigned int"));
  EXPECT_EQ(get("bool"), get("_Bool"));
  EXPECT_FALSE(catalog_.find_type("long long"));
}

TEST_F(SmallKernel, IntegersHaveSizeAndSign) {
  EXPECT_EQ(get("pid_t").size(), 4u);
  EXPECT_TRUE(get("pid_t").is_signed());
  EXPECT_EQ(get("unsigned long").size(), 8u);
  EXPECT_FALSE(get("unsigned long").is_signed());
  EXPECT_TRUE(get("flag_t").is_bool());
  EXPECT_FALSE(get("pid_t").is_bool());
  EXPECT_TRUE(get("char").is_char());
  EXPECT_TRUE(get("__u8").is_char());
  EXPECT_FALSE(get("flag_t").is_char());
  EXPECT_EQ(get("double").size(), 8u);
}

TEST_F(SmallKernel, MembersOfAnonymousParts) {
  Type task = get("task_struct");
  EXPECT_EQ(task.member_count(), 5u);
  auto offset = [&](std::string_view name) {
    auto m = task.find_member(name);
    return m ? static_cast<int>(m->offset()) : -1;
  };
  EXPECT_EQ(offset("pid"), 0);
  EXPECT_EQ(offset("comm"), 4);
  EXPECT_EQ(offset("whole"), 24);
  EXPECT_EQ(offset("low"), 24);
  EXPECT_EQ(offset("high"), 28);
  EXPECT_EQ(offset("mm"), 32);
  EXPECT_EQ(offset("absent"), -1);
  EXPECT_EQ(offset(""), -1);
  EXPECT_FALSE(get("pid_t").find_member("pid"));
}

TEST_F(SmallKernel, ArraysAndTheirSizes) {
  Type comm = get("name_t");
  EXPECT_TRUE(comm.is_array());
  EXPECT_EQ(comm.stripped().elements(), 16u);
  EXPECT_EQ(comm.size(), 16u);
  EXPECT_TRUE(comm.stripped().target().is_char());
  EXPECT_EQ(get("grid_t").size(), 60u);
  EXPECT_EQ(get("grid_t").elements(), 5u);
}

TEST_F(SmallKernel, ForwardDeclarationsAreCompleted) {
  Type forward = get("task_struct").find_member("mm")->type.target();
  EXPECT_EQ(forward.kind(), Kind::forward);
  EXPECT_EQ(forward.size(), 0u);
  EXPECT_EQ(catalog_.completed(forward), get("struct mm_struct"));
  Type value = get("task_struct").find_member("value")->type.target();
  EXPECT_EQ(catalog_.completed(value), get("union sigval"));
  EXPECT_EQ(catalog_.completed(get("int")), get("int"));
}

TEST_F(SmallKernel, BitFields) {
  Type flags = get("struct flags");
  Member a = *flags.find_member("a"), b = *flags.find_member("b");
  EXPECT_EQ(a.bit_size, 3u);
  EXPECT_EQ(b.bit_offset, 3u);
  EXPECT_EQ(b.bit_size, 7u);
  BitFieldLoad load = load_of_bit_field(b);
  EXPECT_EQ(load.offset, 0u);
  EXPECT_EQ(load.bytes, 2);
  EXPECT_EQ(load.shift, 3);
  EXPECT_EQ(load.bits, 7);
  load = load_of_bit_field(*flags.find_member("on"));
  EXPECT_EQ(load.offset, 1u);
  EXPECT_EQ(load.bytes, 1);
  EXPECT_EQ(load.shift, 4);
  EXPECT_EQ(load_of_bit_field(*flags.find_member("wide")).bytes, 4);
  EXPECT_EQ(get("task_struct").find_member("pid")->bit_size, 0u);
}

TEST(BitFieldLoads, CrossBoundaries) {
  BitFieldLoad load = load_of_bit_field({"", {}, 60, 10});  // over the first 8 bytes
  EXPECT_EQ(load.offset, 7u);
  EXPECT_EQ(load.bytes, 8);
  EXPECT_EQ(load.shift, 4);
  EXPECT_EQ(load_of_bit_field({"", {}, 0, 64}).bytes, 8);
  EXPECT_EQ(load_of_bit_field({"", {}, 1, 64}).bytes, 0) << "no 8-byte load covers 9 bytes";
  EXPECT_EQ(load_of_bit_field({"", {}, 0, 200}).bytes, 0);
  EXPECT_EQ(load_of_bit_field({"", {}, 0, 0}).bytes, 0);
}

TEST(OldBitFields, WidthInTheIntegerType) {
  BtfBuilder b;
  // bits 2 to 4 of an unsigned int, as encoders wrote it before the flag existed
  Id narrow = b.integer("unsigned int", 4, 2 << 8);
  std::string bytes = b.bytes();
  bytes[sizeof(btf_header) + sizeof(btf_type)] = 3;  // nr_bits
  bytes[sizeof(btf_header) + sizeof(btf_type) + 2] = 2;
  BtfBuilder whole = b;
  (void)whole.structure("s", 4, {{"f", narrow, 8}});
  std::string all = whole.bytes();
  all.replace(sizeof(btf_header), 16, bytes.substr(sizeof(btf_header), 16));
  Catalog catalog = Catalog::from_bytes(all);
  auto member = catalog.find_type("struct s").find_member("f");
  ASSERT_TRUE(member);
  EXPECT_EQ(member->bit_offset, 10u);
  EXPECT_EQ(member->bit_size, 3u);
}

TEST_F(SmallKernel, Enumerators) {
  EXPECT_EQ(catalog_.find_enumerator("ASLEEP")->value, -1);
  EXPECT_EQ(catalog_.find_enumerator("AWAKE")->value, 7);
  EXPECT_EQ(catalog_.find_enumerator("ALL")->value, 0xffffffff);
  EXPECT_EQ(catalog_.find_enumerator("FAR")->value, 0x1234567890abcdef);
  EXPECT_FALSE(catalog_.find_enumerator("NOWHERE"));
  EXPECT_EQ(get("enum state").find_enumerator("AWAKE"), 7);
  EXPECT_FALSE(get("enum state").find_enumerator("FAR"));
  EXPECT_TRUE(get("enum state").is_signed());
  EXPECT_FALSE(get("enum mask").is_signed());
  EXPECT_EQ(get("enum huge").size(), 8u);
}

TEST(OldEnumerations, AreSigned) {
  BtfBuilder b;
  b.enumeration("e", {{"MINUS", -1}});
  Catalog catalog = Catalog::from_bytes(b.bytes());
  EXPECT_EQ(catalog.find_enumerator("MINUS")->value, -1);
  EXPECT_TRUE(catalog.find_type("enum e").is_signed());
}

TEST_F(SmallKernel, FunctionsAndTheirParameters) {
  Type read = catalog_.find_function("vfs_read");
  auto parameters = read.parameters();
  ASSERT_EQ(parameters.size(), 3u);
  EXPECT_EQ(parameters[0].name, "file");
  EXPECT_EQ(parameters[1].type.text(), "char const*");
  EXPECT_EQ(read.result().name(), "long unsigned int");
  EXPECT_EQ(get("callback_t").result().kind(), Kind::void_);
  EXPECT_TRUE(get("callback_t").result()) << "void is a type";
  EXPECT_FALSE(get("int").result());
  EXPECT_TRUE(get("int").parameters().empty());
}

TEST(Variables, HaveTheSizeOfTheirType) {
  BtfBuilder b;
  b.variable("jiffies", b.volatile_(b.integer("long unsigned int", 8)));
  Catalog catalog = Catalog::from_bytes(b.bytes());
  EXPECT_EQ(catalog.find("jiffies", kind_set(Kind::variable)).size(), 8u);
}

TEST_F(SmallKernel, ForEachByPrefix) {
  std::vector<std::string> names;
  catalog_.for_each(kStructureKinds, "m", [&](Type t) { names.emplace_back(t.name()); });
  EXPECT_EQ(names, std::vector<std::string>{"mm_struct"});
}

TEST(TypeText, IsWhatSystemTapLists) {
  BtfBuilder b;
  Id int_ = b.signed_integer("int", 4), char_ = b.signed_integer("char", 1);
  Id s = b.structure("s", 4, {});
  Id const_char = b.const_(char_);
  std::vector<std::pair<Id, std::string>> cases = {
      {b.pointer(const_char), "char const*"},
      {b.const_(b.pointer(char_)), "char* const"},
      {b.pointer(s), "struct s*"},
      {b.typedef_("st", s), "st"},
      {b.enumeration("en", {}), "enum en"},
      {b.pointer(b.prototype(int_, {{"", int_}, {"", b.pointer(char_)}})), "int (*) (int, char*)"},
      {b.pointer(b.const_(BtfBuilder::kVoid)), "void const*"},
      {b.pointer(b.volatile_(int_)), "int volatile*"},
      {b.restrict_(b.pointer(char_)), "char* restrict"},
      {b.pointer(b.array(int_, 3)), "int[]*"},
      {b.pointer(b.const_(b.pointer(const_char))), "char const* const*"},
      {b.pointer(b.forward("fw")), "struct fw*"},
      {b.pointer(b.forward("uw", true)), "union uw*"},
      {b.pointer(b.prototype(BtfBuilder::kVoid, {})), "void (*) (void)"},
      {b.pointer(b.structure("", 4, {})), "struct {...}*"},
      {b.pointer(b.prototype(int_, {{"", b.pointer(const_char)}, {"", BtfBuilder::kVoid}})),
       "int (*) (char const*, ...)"},
      {b.pointer(b.type_tag("user", char_)), "char*"},
  };
  std::string bytes = b.bytes();
  auto blob = Blob::parse_untrusted(FileBytes(bytes));
  ASSERT_TRUE(blob) << blob.error().message;
  for (const auto& [id, text] : cases) EXPECT_EQ((Type{blob->get(), id}.text()), text);
}

TEST(SplitBtf, ModulesReferToTheKernel) {
  BtfBuilder kernel;
  Id int_ = kernel.signed_integer("int", 4);
  Id task = kernel.structure("task_struct", 8, {{"pid", int_, 0}});
  BtfBuilder module(kernel, true);
  module.structure("driver", 16, {{"owner", module.pointer(task), 0}, {"number", int_, 64}});

  Catalog catalog = Catalog::from_bytes(kernel.bytes());
  ASSERT_TRUE(catalog.add_module_bytes("drv", module.bytes()));
  Type driver = catalog.find_type("struct driver");
  ASSERT_TRUE(driver);
  Member owner = *driver.find_member("owner");
  EXPECT_EQ(owner.type.target(), catalog.find_type("task_struct")) << "one type, one value";
  EXPECT_EQ(owner.type.text(), "struct task_struct*");
  EXPECT_EQ(driver.find_member("number")->type.name(), "int");
}

TEST(NoTypes, OneClearMessage) {
  Catalog catalog("/nonexistent/btf/vmlinux");
  EXPECT_FALSE(catalog.find_type("task_struct"));
  Status status = catalog.open();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unsupported);
  EXPECT_NE(status.error().message.find("CONFIG_DEBUG_INFO_BTF"), std::string::npos);
  EXPECT_NE(status.error().message.find("/nonexistent/btf/vmlinux"), std::string::npos);
  EXPECT_FALSE(catalog.open_module("ext4"));
}

TEST(NoTypes, ModuleNamesAreNotPaths) {
  Catalog catalog = Catalog::from_bytes(BtfBuilder().bytes());
  Status status = catalog.open_module("../../etc/passwd");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
}

// ---- bytes that are no BTF ----------------------------------------------------------------------

Status parse(const std::string& bytes) {
  auto blob = Blob::parse_untrusted(FileBytes(bytes));
  if (!blob) return tl::unexpected(blob.error());
  return {};
}

TEST(Malformed, Header) {
  std::string good = BtfBuilder().bytes();
  ASSERT_TRUE(parse(good));
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse(good.substr(0, 23)));
  auto with = [&](size_t at, char byte) {
    std::string bytes = good;
    bytes[at] = byte;
    return parse(bytes);
  };
  EXPECT_EQ(with(0, 'x').error().code, ErrorCode::corrupt);
  EXPECT_EQ(with(2, 9).error().code, ErrorCode::unsupported);
  EXPECT_FALSE(with(4, 0)) << "header length";
  EXPECT_FALSE(with(15, 0x7f)) << "length of the types";
  EXPECT_FALSE(with(23, 0x7f)) << "length of the strings";
  std::string swapped = good;
  std::swap(swapped[0], swapped[1]);
  EXPECT_EQ(parse(swapped).error().code, ErrorCode::unsupported);
}

TEST(Malformed, Types) {
  BtfBuilder b;
  b.structure("s", 4, {{"f", 1, 0}});
  std::string good = b.bytes();
  ASSERT_TRUE(parse(good));
  size_t info = sizeof(btf_header) + 4;
  std::string bytes = good;
  bytes[info] = 2;  // one member more than there is
  EXPECT_EQ(parse(bytes).error().code, ErrorCode::corrupt);
  bytes = good;
  bytes[info + 3] = 31;
  EXPECT_EQ(parse(bytes).error().code, ErrorCode::unsupported) << "unknown kind";
  bytes = good;
  bytes.back() = 'x';
  EXPECT_EQ(parse(bytes).error().code, ErrorCode::corrupt) << "string without end";
}

TEST(Malformed, ReferencesThatLeadNowhere) {
  BtfBuilder b;
  Id pointer = b.pointer(77);
  Id circle = b.typedef_("circle", 2);
  Id self = b.structure("self", 4, {{"", 3, 0}, {"", 3, 0}, {"", 3, 0}});
  Id rows = b.array(4, 1 << 20);
  auto blob = Blob::parse_untrusted(FileBytes(b.bytes()));
  ASSERT_TRUE(blob);
  auto type = [&](Id id) { return Type{blob->get(), id}; };
  EXPECT_EQ(type(pointer).target().kind(), Kind::void_);
  EXPECT_EQ(type(pointer).target().name(), "");
  EXPECT_EQ(type(circle).stripped().kind(), Kind::void_);
  EXPECT_EQ(type(circle).size(), 0u);
  EXPECT_FALSE(type(self).find_member("x")) << "and returns soon";
  EXPECT_EQ(type(rows).size(), 0u);
  EXPECT_EQ(type(99).text(), "void");
  EXPECT_FALSE(Type{}.find_member("x"));
  EXPECT_EQ(Type{}.text(), "");
  EXPECT_EQ(Type{}.kind(), Kind::void_);
}

TEST(Malformed, SizesDoNotWrap) {
  BtfBuilder b;
  Id id = b.integer("int", 4);
  for (int i = 0; i < 20; ++i) id = b.array(id, 0xffffffff);
  auto blob = Blob::parse_untrusted(FileBytes(b.bytes()));
  EXPECT_EQ((Type{blob->get(), id}.size()), UINT64_MAX);
}

}  // namespace
}  // namespace stapd::btf
