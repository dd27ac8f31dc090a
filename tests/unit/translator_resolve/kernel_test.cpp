// What is read of the kernel as text: configuration, CPUs, lists of functions.
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "tests/support/btf_builder.h"
#include "translator/resolve/kernel_functions.h"
#include "translator/resolve/read_running_kernel.h"

namespace stapd {
namespace {

namespace fs = std::filesystem;

TEST(KernelConfig, Lines) {
  auto config = parse_kernel_config(
      "#\n# General\n#\nCONFIG_HZ=250\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_NAME=\"a b\"\n"
      "CONFIG_EMPTY=\"\"\nnonsense\nCONFIG_LAST=m");
  EXPECT_EQ(config.size(), 5u);
  EXPECT_EQ(config["CONFIG_HZ"], "250");
  EXPECT_EQ(config["CONFIG_NAME"], "a b");
  EXPECT_EQ(config["CONFIG_EMPTY"], "");
  EXPECT_EQ(config["CONFIG_LAST"], "m");
  EXPECT_FALSE(config.contains("CONFIG_B"));
}

TEST(CpuCount, OfAList) {
  EXPECT_EQ(parse_cpu_count("0\n"), 1u);
  EXPECT_EQ(parse_cpu_count("0-3\n"), 4u);
  EXPECT_EQ(parse_cpu_count("0-3,8-11"), 12u);
  EXPECT_EQ(parse_cpu_count(""), 0u);
  EXPECT_EQ(parse_cpu_count("x"), 0u);
  EXPECT_EQ(parse_cpu_count("0-3x"), 0u);
  EXPECT_EQ(parse_cpu_count("99999999999"), 0u);
}

class FakeRoot : public testing::Test {
 protected:
  FakeRoot() : root_(fs::temp_directory_path() / ("stapd-root-" + std::to_string(::getpid()))) {
    write("sys/devices/system/cpu/possible", "0-5\n");
  }
  ~FakeRoot() override { fs::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  fs::path root_;
};

TEST_F(FakeRoot, KernelWithoutAnything) {
  auto info = read_running_kernel({.root = root_});
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->possible_cpus, 6u);
  EXPECT_TRUE(info->config.empty());
  EXPECT_FALSE(info->features.tracepoint_events);
  EXPECT_FALSE(info->release.empty());
  EXPECT_EQ(info->btf_path, root_.string() + "/sys/kernel/btf/vmlinux");
}

TEST_F(FakeRoot, Tracefs) {
  fs::create_directories(root_ / "sys/kernel/debug/tracing/events/syscalls");
  auto info = read_running_kernel({.root = root_});
  ASSERT_TRUE(info);
  EXPECT_EQ(info->tracefs_path, root_.string() + "/sys/kernel/debug/tracing");
  EXPECT_TRUE(info->features.tracepoint_events);
}

TEST_F(FakeRoot, ConfigOfBootAndOfProc) {
  write("boot/config-6.9.9-test", "CONFIG_FROM=boot\n");
  EXPECT_EQ(read_kernel_config("6.9.9-test", root_)["CONFIG_FROM"], "boot");
  EXPECT_TRUE(read_kernel_config("6.9.10", root_).empty());
  fs::create_directories(root_ / "proc");
  gzFile packed = ::gzopen((root_ / "proc/config.gz").c_str(), "wb");
  ::gzputs(packed, "CONFIG_FROM=proc\n");
  ::gzclose(packed);
  EXPECT_EQ(read_kernel_config("6.9.9-test", root_)["CONFIG_FROM"], "proc");
  write("proc/config.gz", "not packed at all");
  EXPECT_EQ(read_kernel_config("6.9.9-test", root_)["CONFIG_FROM"], "boot");
}

class FunctionsOfAKernel : public FakeRoot {
 protected:
  FunctionsOfAKernel() : catalog_(btf::Catalog::from_bytes(build())) {
    write("kallsyms",
          "ffffffff81000000 T vfs_read\nffffffff81000010 t only_symbol\nffffffff81000020 D data\n"
          "ffffffffc0000000 t in_module\t[drv]\nbroken\n");
    write("traceable", "vfs_read\nin_module [drv]\n");
  }
  static std::string build() {
    test::BtfBuilder b;
    auto int_ = b.signed_integer("int", 4);
    b.function("vfs_read", int_, {{"file", int_}});
    b.function("vfs_write", int_, {});
    b.structure("vfs_thing", 4, {});
    return b.bytes();
  }
  KernelFunctions functions(const std::string& traceable) {
    return KernelFunctions(catalog_, {(root_ / "kallsyms").string(), (root_ / traceable).string()});
  }
  std::string matching(const std::string& pattern, const std::string& traceable = "nosuch") {
    std::string names;
    KernelFunctions all = functions(traceable);
    for (const KernelFunction& f : all.find_matching(pattern)) names += f.name + " ";
    return names;
  }
  btf::Catalog catalog_;
};

TEST_F(FunctionsOfAKernel, ByName) {
  KernelFunctions all = functions("nosuch");
  ASSERT_TRUE(all.find("vfs_read"));
  EXPECT_EQ(all.find("vfs_read")->type.parameters().size(), 1u);
  ASSERT_TRUE(all.find("only_symbol"));
  EXPECT_FALSE(all.find("only_symbol")->type);
  EXPECT_TRUE(all.find("in_module"));
  EXPECT_FALSE(all.find("data"));
  EXPECT_FALSE(all.find("vfs_thing"));
}

TEST_F(FunctionsOfAKernel, ByPattern) {
  EXPECT_EQ(matching("vfs_*"), "vfs_read vfs_write ");
  EXPECT_EQ(matching("*_symbol"), "only_symbol ") << "of the symbols, for want of types";
  EXPECT_EQ(matching("vfs_*", "traceable"), "vfs_read ");
  EXPECT_EQ(matching("nosuch*"), "");
}

}  // namespace
}  // namespace stapd
