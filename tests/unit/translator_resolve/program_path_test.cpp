#include "translator/resolve/program_path.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace stapd {
namespace {

namespace fs = std::filesystem;

class ProgramPaths : public testing::Test {
 protected:
  ProgramPaths() {
    folder_ =
        fs::canonical(fs::temp_directory_path()) / ("stapd-path-" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "bin");
    fs::create_directories(folder_ / "other");
    fs::copy_file(STAPD_ELF_PROGRAM, folder_ / "bin/prog");
    fs::copy_file(STAPD_ELF_PROGRAM, folder_ / "bin/probe");
    fs::create_symlink("prog", folder_ / "bin/link");
    script("bin/direct", "#!" + (folder_ / "bin/prog").string() + " -x\n");
    script("bin/spaces", "#! \t./bin/prog\n");
    script("bin/behind_env", "#!/usr/bin/env -S prog --flag\n");
    script("bin/twice", "#!" + (folder_ / "bin/direct").string() + "\n");
    script("bin/circle", "#!" + (folder_ / "bin/circle").string() + "\n");
    script("bin/text", "hello\n");
    script("bin/empty", "");
    script("other/prog", "plain", false);
  }
  ~ProgramPaths() override { fs::remove_all(folder_); }

  void script(const std::string& name, const std::string& text, bool executable = true) {
    std::ofstream(folder_ / name) << text;
    if (executable) fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  // The found paths below the folder, or the error.
  std::string find(const std::string& name) {
    std::string search = (folder_ / "nosuch").string() + "::" + (folder_ / "other").string() + ":" +
                         (folder_ / "bin").string();
    auto paths = resolve_program(name, {folder_.string(), search});
    if (!paths) return "error";
    std::string text;
    for (const std::string& p : *paths) {
      text += (text.empty() ? "" : " ") + fs::path(p).lexically_relative(folder_).string();
    }
    return text;
  }
  fs::path folder_;
};

TEST_F(ProgramPaths, BySearchPath) {
  EXPECT_EQ(find("prog"), "bin/prog") << "other/prog cannot be executed";
  EXPECT_EQ(find("nosuch"), "error");
  EXPECT_EQ(find(""), "error");
}

TEST_F(ProgramPaths, ByPath) {
  EXPECT_EQ(find("bin/prog"), "bin/prog");
  EXPECT_EQ(find("./bin/prog"), "bin/prog");
  EXPECT_EQ(find((folder_ / "bin/prog").string()), "bin/prog");
  EXPECT_EQ(find("./bin/link"), "bin/prog") << "without links";
  EXPECT_EQ(find("./prog"), "error");
  EXPECT_EQ(find("./bin"), "error");
}

TEST_F(ProgramPaths, ScriptsStandForTheirInterpreter) {
  EXPECT_EQ(find("direct"), "bin/prog");
  EXPECT_EQ(find("./bin/spaces"), "bin/prog");
  EXPECT_EQ(find("./bin/behind_env"), "bin/prog");
  EXPECT_EQ(find("./bin/twice"), "bin/prog");
  EXPECT_EQ(find("./bin/circle"), "error");
  EXPECT_EQ(find("./bin/text"), "error");
  EXPECT_EQ(find("./bin/empty"), "error");
}

TEST_F(ProgramPaths, Wildcards) {
  EXPECT_EQ(find("bin/pro*"), "bin/probe bin/prog");
  EXPECT_EQ(find("bin/*"), "bin/probe bin/prog") << "programs only, the link is one of them";
  EXPECT_EQ(find("pro[bg]*"), "error") << "not by the search path";
  EXPECT_EQ(find("nosuch/*"), "error");
}

TEST_F(ProgramPaths, TheErrorSaysWhatWasTried) {
  auto paths = resolve_program("prog", {"/", ""});
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().code, ErrorCode::not_found);
  EXPECT_NE(paths.error().message.find("empty $PATH"), std::string::npos);
}

}  // namespace
}  // namespace stapd
