#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "translator/resolve/debug_data.h"
#include "translator/resolve/elf_symbols.h"
#include "translator/resolve/library_path.h"

namespace stapd {
namespace {

namespace fs = std::filesystem;
const std::string kLibrary = STAPD_ELF_LIBRARY;
const std::string kProgram = STAPD_ELF_PROGRAM;
const std::string kStripped = STAPD_ELF_FOLDER "/stripped.so";
const std::string kEmbedded = STAPD_ELF_FOLDER "/embedded.so";

ElfFile open(const std::string& path) {
  auto file = ElfFile::open(path);
  if (!file) ADD_FAILURE() << file.error().message;
  return std::move(*file);
}

std::string names(const std::string& path, const std::string& pattern) {
  std::string text;
  for (const ElfFunction& f : find_functions(open(path), pattern)) text += f.name + " ";
  return text;
}

TEST(ElfSymbols, ByNameAndByPattern) {
  EXPECT_EQ(names(kLibrary, "exported"), "exported ");
  EXPECT_EQ(names(kLibrary, "exported_data"), "") << "data is no function";
  EXPECT_EQ(names(kLibrary, "nosuch"), "");
  EXPECT_EQ(names(kLibrary, ""), "");
  EXPECT_EQ(names(kLibrary, "exported*s"), "exported_alias ");
  EXPECT_EQ(names(kLibrary, "hidden_one"), "hidden_one ");
}

TEST(ElfSymbols, OneAddressMayHaveSeveralNames) {
  ElfFile file = open(kLibrary);
  auto a = find_functions(file, "exported"), b = find_functions(file, "exported_alias");
  ASSERT_EQ(a.size(), 1u);
  ASSERT_EQ(b.size(), 1u);
  EXPECT_EQ(a[0].address, b[0].address);
  EXPECT_EQ(a[0].offset, b[0].offset);
  EXPECT_GT(a[0].size, 0u);
}

TEST(ElfSymbols, VersionsAreCutOff) { EXPECT_EQ(names(kLibrary, "versioned"), "versioned "); }

TEST(ElfSymbols, ChoosersAreMarked) {
  auto found = find_functions(open(kLibrary), "chooser");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].is_chooser);
  EXPECT_FALSE(find_functions(open(kLibrary), "exported")[0].is_chooser);
}

TEST(ElfSymbols, StrippedFilesKeepTheirDynamicSymbols) {
  EXPECT_EQ(names(kStripped, "exported"), "exported ");
  EXPECT_EQ(names(kStripped, "hidden_one"), "");
}

TEST(ElfSymbols, EmbeddedSymbolsAreUnpacked) {
  EXPECT_EQ(names(kEmbedded, "hidden_one"), "hidden_one ");
  auto whole = find_functions(open(kLibrary), "hidden_one");
  auto embedded = find_functions(open(kEmbedded), "hidden_one");
  ASSERT_EQ(embedded.size(), 1u);
  EXPECT_EQ(embedded[0].address, whole[0].address);
  EXPECT_EQ(embedded[0].offset, whole[0].offset);
  EXPECT_EQ(names(kEmbedded, "exported"), "exported ") << "once, though two tables have it";
}

TEST(ElfSymbols, OffsetsLeadToTheCode) {
  ElfFile file = open(kProgram);
  auto found = find_functions(file, "program_function");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(file.file_offset_of_code(found[0].address), found[0].offset);
  EXPECT_EQ(file.read(found[0].offset, found[0].size).size(), found[0].size);
  EXPECT_FALSE(file.file_offset_of_code(UINT64_MAX));
}

#ifdef __x86_64__
TEST(ProbeSite, IsBehindEndbr) {
  ElfFile file = open(kLibrary);
  auto skip = [&](const char* name) {
    ElfFunction f = find_functions(file, name).at(0);
    return choose_probe_site(file, f) - f.offset;
  };
  EXPECT_EQ(skip("starts_with_push"), 0u);
  EXPECT_EQ(skip("endbr_then_push"), 4u);
  EXPECT_EQ(skip("endbr_then_mov"), 0u);
  EXPECT_EQ(skip("only_endbr"), 0u) << "not into the next function";
}
#endif

TEST(ElfFiles, WhatTheyNeed) {
  ElfFile file = open(kProgram);
  EXPECT_NE(file.interpreter().find("/ld-"), std::string::npos);
  EXPECT_TRUE(open(kLibrary).interpreter().empty());
  EXPECT_GE(open(kLibrary).build_id().size(), 16u);
  ElfFile::Dynamic dynamic = file.dynamic();
  EXPECT_FALSE(dynamic.needed.empty());
  EXPECT_FALSE(dynamic.runpath.empty() && dynamic.rpath.empty());
}

TEST(Libraries, OfAProgram) {
  ElfFile file = open(kProgram);
  auto found = resolve_library(file, "libelf_functions.so", "/");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, std::vector<std::string>{fs::canonical(kLibrary)}) << "by its RUNPATH";
  auto libc = resolve_library(file, "libc.so*", "/");
  ASSERT_TRUE(libc) << libc.error().message;
  EXPECT_NE(libc->at(0).find("/libc.so"), std::string::npos);
  EXPECT_GE(resolve_library(file, "*", "/")->size(), 3u) << "and the dynamic linker";
  EXPECT_EQ(resolve_library(file, "libnosuch.so", "/").error().code, ErrorCode::not_found);
  EXPECT_EQ(resolve_library(file, "./stripped.so", STAPD_ELF_FOLDER)->at(0),
            fs::canonical(kStripped));
}

TEST(LinkerCache, OfBytes) {
  std::string strings = std::string("libx.so.1\0/lib/libx.so.1\0/lib/v3/libx.so.1\0", 44);
  std::string cache = "glibc-ld.so.cache1.1";
  auto word = [&](uint32_t v) { cache.append(reinterpret_cast<const char*>(&v), 4); };
  word(3);
  word(static_cast<uint32_t>(strings.size()));
  for (int i = 0; i < 5; ++i) word(0);
  uint32_t start = 48 + 3 * 24;
  auto entry = [&](uint32_t flags, uint32_t path, uint32_t capabilities) {
    word(flags);
    word(start);
    word(start + path);
    word(0);
    word(capabilities);
    word(0);
  };
  entry(0x0303, 25, 2);
  entry(0x0003, 25, 0);
  entry(0x0303, 10, 0);
  cache += strings;
  auto found = parse_linker_cache_untrusted("old format " + cache, EM_X86_64);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].second, "/lib/libx.so.1");
  EXPECT_EQ(found[1].second, "/lib/v3/libx.so.1") << "for some processors, so last";
  EXPECT_EQ(parse_linker_cache_untrusted(cache, EM_386).size(), 1u);
  for (size_t size = 0; size < cache.size(); ++size) {
    (void)parse_linker_cache_untrusted(std::string_view(cache).substr(0, size), EM_X86_64);
  }
}

// ---- files that are none of these
// -----------------------------------------------------------------

class BadFiles : public testing::Test {
 protected:
  BadFiles() : path_(fs::temp_directory_path() / ("stapd-elf-" + std::to_string(::getpid()))) {}
  ~BadFiles() override { fs::remove(path_); }
  std::string write(std::string_view bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return path_;
  }
  ErrorCode code(std::string_view bytes) {
    auto file = ElfFile::open(write(bytes));
    return file ? ErrorCode::internal : file.error().code;
  }
  fs::path path_;
};

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(BadFiles, AreErrors) {
  std::string good = slurp(kLibrary);
  EXPECT_EQ(code(""), ErrorCode::invalid_argument);
  EXPECT_EQ(code("#!/bin/sh\n"), ErrorCode::invalid_argument);
  std::string bytes = good;
  bytes[16] = 1;  // ET_REL
  EXPECT_EQ(code(bytes), ErrorCode::invalid_argument);
  bytes = good;
  bytes[18] = 99;  // e_machine
  EXPECT_EQ(code(bytes), ErrorCode::unsupported);
  EXPECT_EQ(ElfFile::open("/nonexistent").error().code, ErrorCode::not_found);
  EXPECT_EQ(ElfFile::open("/tmp").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(ElfFile::open("/dev/null").error().code, ErrorCode::invalid_argument);
}

TEST_F(BadFiles, CutAnywhere) {
  std::string good = slurp(kEmbedded);
  for (size_t size = 0; size < good.size(); size += 97) {
    auto file = ElfFile::open(write(std::string_view(good).substr(0, size)));
    if (!file) continue;
    for (const ElfFunction& f : find_functions(*file, "*")) (void)choose_probe_site(*file, f);
    (void)file->dynamic();
    (void)file->build_id();
    (void)file->interpreter();
  }
}

TEST_F(BadFiles, DebugDataThatDoesNotUnpack) {
  std::string bytes = slurp(kEmbedded);
  size_t xz = bytes.find(
      "\xfd"
      "7zXZ");
  ASSERT_NE(xz, std::string::npos);
  bytes[xz + 40] ^= 0xff;
  ElfFile file = open(write(bytes));
  EXPECT_EQ(read_debug_data(file).error().code, ErrorCode::corrupt);
  EXPECT_EQ(find_functions(file, "exported").size(), 1u) << "the rest still counts";
  EXPECT_EQ(*read_debug_data(open(kLibrary)), "");
}

}  // namespace
}  // namespace stapd
