// BTF of a kernel or module that is not what it should be: every accessor on every type.
#include "tests/fuzz/fuzzer.h"
#include "tests/support/btf_builder.h"
#include "translator/resolve/btf_catalog.h"
#include "translator/resolve/kernel_functions.h"
#include "translator/resolve/tracepoints.h"

namespace stapd {
namespace {

using test::BtfBuilder;

void look_at(btf::Type type) {
  (void)type.text();
  (void)type.size();
  (void)type.is_signed();
  (void)type.is_bool();
  (void)type.is_char();
  (void)type.elements();
  (void)type.target().name();
  (void)type.find_member("low");
  (void)type.find_enumerator("AWAKE");
  for (uint32_t i = 0; i < type.member_count() && i < 100; ++i) {
    (void)btf::load_of_bit_field(type.member(i));
  }
  (void)type.parameters();
  (void)type.result().name();
}

BtfBuilder small_kernel() {
  BtfBuilder b;
  auto int_ = b.signed_integer("int", 4);
  auto inner = b.union_("", 8, {{"low", int_, 0}, {"high", int_, 0}});
  auto task =
      b.structure("task_struct", 64, {{"pid", b.typedef_("pid_t", int_), 0}, {"", inner, 64}});
  b.structure("flags", 8, {{"a", int_, 0, 3}, {"b", int_, 3, 7}});
  b.enumeration("state", {{"ASLEEP", -1}, {"AWAKE", 7}}, 4, true);
  b.enumeration64("huge", {{"FAR", 1}});
  b.tracepoint("sched_switch", {{"prev", b.pointer(task)}, {"next", b.pointer(b.const_(task))}});
  b.function("vfs_read", int_, {{"file", b.pointer(b.forward("file"))}, {"", 0}});
  b.typedef_("grid_t", b.array(b.array(int_, 3), 5));
  b.section(".data", 8, {{b.variable("jiffies", b.volatile_(int_)), 0, 8}});
  b.decl_tag("user", 1);
  b.floating("double", 8);
  return b;
}

}  // namespace

std::vector<std::string> test::fuzz_seeds() {
  BtfBuilder kernel = small_kernel();
  BtfBuilder module(kernel, true);
  module.structure("driver", 8, {{"owner", module.pointer(3), 0}});
  return {kernel.bytes(), module.bytes(), BtfBuilder().bytes()};
}

}  // namespace stapd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stapd;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  btf::Catalog catalog = btf::Catalog::from_bytes(bytes);
  catalog.for_each(~btf::Kinds{0}, "", look_at);
  (void)catalog.find_type("struct task_struct");
  (void)catalog.find_enumerator("FAR");
  (void)Tracepoints(catalog, "/nonexistent").find("*");
  (void)KernelFunctions(catalog, {"/nonexistent", "/nonexistent"}).find_matching("*");

  btf::Catalog good = btf::Catalog::from_bytes(small_kernel().bytes());
  if (good.add_module_bytes("module", bytes)) good.for_each(~btf::Kinds{0}, "", look_at);
  return 0;
}
