#include "translator/tapset/tapset_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "translator/tapset/macro_library.h"

namespace stapd {
namespace {

namespace fs = std::filesystem;

class TapsetFolder : public testing::Test {
 protected:
  TapsetFolder() {
    std::string name = fs::temp_directory_path() / "stapd_tapset_XXXXXX";
    folder_ = mkdtemp(name.data());
    facts_.kernel_release = "6.1.0-13-amd64";
  }
  ~TapsetFolder() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text = "x") {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::vector<std::string> list(std::vector<std::string> paths, const char* extension = ".stp") {
    std::vector<std::string> names;
    for (std::string& path : paths) path = folder_ / path;
    for (const std::string& file : list_tapset_files(paths, facts_, extension))
      names.push_back(file.substr(folder_.string().size() + 1));
    return names;
  }

  fs::path folder_;
  ScriptFacts facts_;
};

TEST_F(TapsetFolder, SpecialPartsGoFirst) {
  for (const char* name : {"t/a.stp", "t/linux/b.stp", "t/x86_64/c.stp", "t/6.1/d.stp",
                           "t/6.1.0-13-amd64/x86_64/e.stp", "t/arm64/no.stp", "t/no.txt"})
    write(name);
  EXPECT_EQ(list({"t"}), (std::vector<std::string>{"t/linux/b.stp", "t/6.1.0-13-amd64/x86_64/e.stp",
                                                   "t/6.1/d.stp", "t/x86_64/c.stp", "t/a.stp"}));
}

TEST_F(TapsetFolder, TheFirstFileOfANameWins) {
  write("mine/a.stp");
  write("system/a.stp");
  write("system/b.stp");
  EXPECT_EQ(list({"mine", "system"}), (std::vector<std::string>{"mine/a.stp", "system/b.stp"}));
}

TEST_F(TapsetFolder, LinkedFilesAreReadOnce) {
  write("t/a.stp");
  fs::create_hard_link(folder_ / "t/a.stp", folder_ / "t/b.stp");
  EXPECT_EQ(list({"t"}).size(), 1u);
}

TEST_F(TapsetFolder, MissingFoldersAreNoFault) { EXPECT_TRUE(list({"nosuch"}).empty()); }

TEST_F(TapsetFolder, LongFilesAreNotRead) {
  write("a", std::string(2000, 'x'));
  EXPECT_TRUE(read_source_text(folder_ / "a", 2000));
  EXPECT_EQ(read_source_text(folder_ / "a", 1999).error().code, ErrorCode::limit);
  EXPECT_FALSE(read_source_text(folder_ / "nosuch", 10));
}

TEST_F(TapsetFolder, MacrosOfABadFileAreLeftOut) {
  write("t/a.stpm", "@define good %( 1 %)");
  write("t/b.stpm", "@define bad %( 1 %) x");
  SourceFiles files;
  Diagnostics diagnostics;
  const MacroLibrary library(files, {folder_ / "t"}, facts_, diagnostics);
  EXPECT_EQ(library.macros().count("good"), 1u);
  EXPECT_EQ(library.macros().count("bad"), 0u);
  EXPECT_EQ(diagnostics.errors(), 1u);
}

TEST_F(TapsetFolder, UnreadableMacroFileIsSaid) {
  fs::create_directories(folder_ / "t");
  fs::create_symlink("/proc/self/mem", folder_ / "t/a.stpm");
  SourceFiles files;
  Diagnostics diagnostics;
  const MacroLibrary library(files, {folder_ / "t"}, facts_, diagnostics);
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].kind, DiagnosticKind::tapset_not_readable);
}

}  // namespace
}  // namespace stapd
