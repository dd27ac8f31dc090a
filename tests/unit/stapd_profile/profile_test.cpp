// Profiles from files: what replaces what, what is merged, what is refused and where.
#include <gtest/gtest.h>

#include <filesystem>

#include "stapd/profile/find_profiles.h"
#include "stapd/profile/profile_keys.h"
#include "tests/support/temp_folder.h"

namespace stapd {
namespace {

class Profiles : public testing::Test {
 protected:
  // Below the root; folders are made.
  void write(const std::string& path, const std::string& text) {
    std::filesystem::path whole = root_.file(path);
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  Paths paths() { return *Paths::of_root(root_.path()); }
  Result<Profile> read(const std::string& name) {
    std::optional<ProfileFiles> files = find_profile(paths(), name);
    if (!files) return fail(ErrorCode::not_found, "none");
    return read_profile(*files, paths());
  }
  // A profile with a script that is there.
  void write_profile(const std::string& rest) {
    write("etc/stapd/conf.d/p.stp", "probe begin {}");
    write("etc/stapd/conf.d/p.conf", "[Session]\nScript=p.stp\n" + rest);
  }
  std::string error_of(const std::string& rest) {
    write_profile(rest);
    Result<Profile> profile = read("p");
    return profile ? "" : profile.error().message.substr(root_.path().size());
  }

  test::TempFolder root_;
};

TEST_F(Profiles, EveryKey) {
  write_profile(
      "Description=what it is for\nArguments=one \"two three\" ''\nTarget=12\nStart=manual\n"
      "OnMissingProbe=warn\nErrorBudget=5/1min\nMaxSkipped=7\n"
      "[Memory]\nSize=64K\nKeep=1min\nTime=no\n");
  Result<Profile> profile = read("p");
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->name, "p");
  EXPECT_EQ(profile->description, "what it is for");
  EXPECT_EQ(profile->script_path, root_.file("etc/stapd/conf.d/p.stp"));
  EXPECT_EQ(profile->arguments, (std::vector<std::string>{"one", "two three", ""}));
  EXPECT_EQ(profile->target_pid, 12u);
  EXPECT_FALSE(profile->automatic);
  EXPECT_FALSE(profile->missing_probe_is_fatal);
  EXPECT_EQ(profile->error_budget, 5u);
  EXPECT_EQ(profile->error_window_ms, 60'000u);
  EXPECT_EQ(profile->max_skipped, 7u);
  EXPECT_EQ(profile->ring_bytes, 65536u);
  EXPECT_EQ(profile->keep_ns, 60'000'000'000u);
  EXPECT_FALSE(profile->record_time);
  EXPECT_TRUE(profile->warnings.empty());
}

TEST_F(Profiles, Defaults) {
  write_profile("");
  Result<Profile> profile = read("p");
  ASSERT_TRUE(profile);
  EXPECT_TRUE(profile->automatic);
  EXPECT_TRUE(profile->missing_probe_is_fatal);
  EXPECT_EQ(profile->error_budget, UINT32_MAX);
  EXPECT_EQ(profile->ring_bytes, 1u << 20);
  EXPECT_TRUE(profile->record_time);
}

TEST_F(Profiles, ALaterFolderReplacesAnEarlierOne) {
  write("run/stapd/conf.d/p.conf", "[Session]\nScript=p.stp\nDescription=run\nStart=manual\n");
  write("run/stapd/conf.d/p.stp", "");
  EXPECT_EQ(read("p")->description, "run");
  write_profile("Description=etc\n");
  Result<Profile> profile = read("p");
  EXPECT_EQ(profile->description, "etc");
  EXPECT_TRUE(profile->automatic) << "replaced, not merged";
  EXPECT_EQ(find_profiles(paths()).size(), 1u);
}

TEST_F(Profiles, DropInsOfAllFoldersAreMergedByName) {
  write_profile("Description=main\nArguments=a\n");
  write("etc/stapd/conf.d/p.conf.d/20-b.conf", "[Session]\nDescription=twenty\n");
  write("run/stapd/conf.d/p.conf.d/30-c.conf",
        "[Session]\nDescription=thirty\n[Memory]\nSize=2M\n");
  write("run/stapd/conf.d/p.conf.d/20-b.conf", "[Session]\nDescription=replaced\nStart=manual\n");
  write("etc/stapd/conf.d/p.conf.d/notes.txt", "no profile");
  Result<Profile> profile = read("p");
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->description, "thirty");
  EXPECT_EQ(profile->ring_bytes, 2u << 20);
  EXPECT_TRUE(profile->automatic);
  EXPECT_EQ(profile->arguments, std::vector<std::string>{"a"});
}

TEST_F(Profiles, AnEmptyAssignmentResets) {
  write_profile("Arguments=a b\nStart=manual\n[Memory]\nSize=2M\n");
  write("etc/stapd/conf.d/p.conf.d/x.conf", "[Session]\nArguments=\nStart=\n[Memory]\nSize=\n");
  Result<Profile> profile = read("p");
  ASSERT_TRUE(profile);
  EXPECT_TRUE(profile->arguments.empty());
  EXPECT_TRUE(profile->automatic);
  EXPECT_EQ(profile->ring_bytes, 1u << 20);
}

TEST_F(Profiles, ScriptsAreLookedForInScriptFoldersFirst) {
  write_profile("");
  write("run/stapd/script.d/p.stp", "");
  EXPECT_EQ(read("p")->script_path, root_.file("run/stapd/script.d/p.stp"));
  write("etc/stapd/script.d/p.stp", "");
  EXPECT_EQ(read("p")->script_path, root_.file("etc/stapd/script.d/p.stp"));
}

TEST_F(Profiles, UnknownKeysAreSaidWithTheirPlace) {
  write_profile("Scrpt=x\nSize=1M\n[Memory]\nsize=1M\n");
  Result<Profile> profile = read("p");
  ASSERT_TRUE(profile);
  std::string file = root_.file("etc/stapd/conf.d/p.conf");
  EXPECT_EQ(
      profile->warnings,
      (std::vector<std::string>{file + ":3: unknown key 'Scrpt=' in [Session]; ignored",
                                file + ":4: 'Size=' belongs into [Memory], not [Session]; ignored",
                                file + ":6: unknown key 'size=' in [Memory]; ignored"}));
}

TEST_F(Profiles, WithoutAScriptTheKeysThatMayHaveBeenMeantForItAreSaidInOneLine) {
  const std::string file = root_.file("etc/stapd/conf.d/p.conf");
  auto error_of = [&](const std::string& text) {
    write("etc/stapd/conf.d/p.conf", text);
    Result<Profile> profile = read("p");
    return profile ? "" : profile.error().message;
  };
  EXPECT_EQ(error_of("[Session]\nStart=manual\n"), file + ": no Script= in [Session]");
  EXPECT_EQ(error_of("[Session]\nScript=\n"), file + ": no Script= in [Session]");
  EXPECT_EQ(error_of("[Session]\nScirpt=p.stp\n"),
            file + ":2: unknown key 'Scirpt=' in [Session]; and no Script= in [Session]");
  EXPECT_EQ(error_of("Script=p.stp\n[Session]\nColour=red\n"),
            file + ":1: 'Script=' stands before any [Section]; " + file +
                ":3: unknown key 'Colour=' in [Session]; and no Script= in [Session]");
}

TEST_F(Profiles, RoundingIsSaid) {
  write_profile("[Memory]\nSize=100K\n");
  Result<Profile> profile = read("p");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->ring_bytes, 128u << 10);
  ASSERT_EQ(profile->warnings.size(), 1u);
  EXPECT_NE(profile->warnings[0].find("p.conf:4: Size=100K: rounded up to 128K"),
            std::string::npos);
  write_profile("[Memory]\nSize=1\n");
  EXPECT_EQ(read("p")->ring_bytes, 64u << 10);
}

TEST_F(Profiles, AnIndentedKeyIsAKey) {
  write_profile("  Description=one\n\tStart=manual\n");
  EXPECT_EQ(read("p")->description, "one");
  EXPECT_FALSE(read("p")->automatic);
}

TEST_F(Profiles, WrongOnesAreRefusedWithTheirPlace) {
  const std::string file = "/etc/stapd/conf.d/p.conf:";
  EXPECT_EQ(error_of("Start=perhaps\n"), file + "3: Start=perhaps: `auto` or `manual`");
  EXPECT_EQ(error_of("Target=unit:x.service\n"),
            file + "3: Target=unit:x.service: not yet supported: give a process id");
  EXPECT_EQ(error_of("Target=-3\n"), file + "3: Target=-3: not a count");
  EXPECT_EQ(error_of("Arguments=\"open\n"), file + "3: Arguments=\"open: a \" is not closed");
  EXPECT_EQ(error_of("MaxSkipped=-7\n"), file + "3: MaxSkipped=-7: not a count");
  EXPECT_EQ(error_of("ErrorBudget=/1min\n"), file + "3: ErrorBudget=/1min: not a count");
  EXPECT_EQ(error_of("ErrorBudget=5/1us\n"), file + "3: ErrorBudget=5/1us: a time from 1ms to 49d");
  EXPECT_EQ(error_of("ErrorBudget=5/50d\n"), file + "3: ErrorBudget=5/50d: a time from 1ms to 49d");
  EXPECT_EQ(error_of("ErrorBudget=10001/1h\n"),
            file + "3: ErrorBudget=10001/1h: at most 10000 errors in a time");
  EXPECT_EQ(error_of("[Memory]\nSize=0\n"), file + "4: Size=0: a ring has from 64K to 128M a CPU");
  EXPECT_EQ(error_of("[Memory]\nSize=1T\n"),
            file + "4: Size=1T: a ring has from 64K to 128M a CPU");
  EXPECT_EQ(error_of("[Trigger oom]\nWhen=oom\n")
                .find(file + "4: [Trigger oom]: nothing is saved by itself yet: "),
            0u);
  EXPECT_EQ(error_of("[Limits]\nCPU=1%\n")
                .find(file + "4: [Limits]: limits by what probes cost are not yet supported: "),
            0u);
  EXPECT_EQ(error_of("just words\n"),
            file + "3: neither [Section] nor Key=value, nor a comment (`#`)");
  EXPECT_EQ(error_of("Description=" + std::string(300, 'x') + "\n"),
            file + "3: the line is too long");
}

TEST_F(Profiles, Files) {
  write_profile("");
  EXPECT_FALSE(read("p")->has_files());
  write_profile(
      "[File]\nPath=/var/log/p-%F\nSize=1M\nCount=3\nMaxAge=2d\nTotalSize=10M\nKeepFree=1G\n"
      "Format=text\nCompression=none\n");
  Result<Profile> profile = read("p");
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_TRUE(profile->has_files());
  EXPECT_EQ(profile->files, (FileSettings{"/var/log/p-%F", 1u << 20, 3, 2 * 86'400'000'000'000ull,
                                          10u << 20, 1u << 30, FileSettings::Format::text, false}));
  write("etc/stapd/conf.d/p.conf.d/x.conf",
        "[File]\nPath=\nSize=\nCount=\nMaxAge=\nTotalSize=\nKeepFree=\nFormat=\nCompression=\n");
  profile = read("p");
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->files, FileSettings());
}

TEST_F(Profiles, FilesThatCannotBe) {
  std::string file = "/etc/stapd/conf.d/p.conf:";
  EXPECT_EQ(error_of("[File]\nPath=x\n"), file + "4: Path=x: an absolute path is needed");
  EXPECT_EQ(error_of("[File]\nPath=/x/\n"),
            file + "4: Path=/x/: a folder; a file's name is needed");
  EXPECT_EQ(error_of("[File]\nPath=/%Y/x\n"),
            file +
                "4: Path=/%Y/x: strftime directives belong into the file's name, not into its "
                "folder");
  EXPECT_EQ(error_of("[File]\nPath=/x/%n%100000Y\n").find(file + "4: Path=/x/%n%100000Y: "), 0u);
  EXPECT_EQ(error_of("[File]\nPath=/x\nFormat=xml\n"),
            file + "5: Format=xml: `recording` or `text`");
  EXPECT_EQ(error_of("[File]\nPath=/x\nCompression=9\n"),
            file + "5: Compression=9: `zstd` or `none`");
  EXPECT_EQ(error_of("[File]\nSize=1M\n"), "/etc/stapd/conf.d/p.conf: no Path= in [File]");
}

TEST_F(Profiles, TheFingerprintIsOfWhatIsRecorded) {
  write_profile("");
  std::string before = fingerprint_of(*read("p"));
  write_profile("Description=only words\nStart=manual\n");
  EXPECT_EQ(fingerprint_of(*read("p")), before);
  write_profile("[Memory]\nSize=2M\n");
  EXPECT_NE(fingerprint_of(*read("p")), before);
  write_profile("ErrorBudget=5\n");
  std::string counted = fingerprint_of(*read("p"));
  write_profile("ErrorBudget=5/1min\n");
  EXPECT_NE(fingerprint_of(*read("p")), counted);
  write_profile("[File]\nPath=/x\n");
  EXPECT_NE(fingerprint_of(*read("p")), before);
  write_profile("");
  write("etc/stapd/conf.d/p.stp", "probe end {}");
  EXPECT_NE(fingerprint_of(*read("p")), before);
}

TEST_F(Profiles, AScriptInScriptDIsOneToo) {
  write("etc/stapd/script.d/s.stp", "probe begin {}");
  Result<Profile> profile = read("s");
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->path, root_.file("etc/stapd/script.d/s.stp"));
  EXPECT_EQ(profile->script_path, profile->path);
  EXPECT_FALSE(profile->automatic) << "as a unit that nobody enabled";
  ASSERT_EQ(find_profiles(paths()).size(), 1u);

  write("etc/stapd/script.d/s.options", "STAP_OPTIONS=-g -s 2\n");
  EXPECT_EQ(read("s")->ring_bytes, 2u << 20);
  EXPECT_TRUE(read("s")->options.guru);
  write("etc/stapd/conf.d/s.conf.d/more.conf", "[Memory]\nSize=4M\n");
  EXPECT_EQ(read("s")->ring_bytes, 4u << 20) << "drop-ins come later";
  write("etc/stapd/script.d/s.options", "STAP_OPTIONS=-c ls\n");
  EXPECT_EQ(read("s").error().message.substr(root_.path().size()),
            "/etc/stapd/script.d/s.options:1: option '-c' is nothing for a session: a session "
            "outlives every command");
}

TEST_F(Profiles, AConfTakesTheScriptsPlace) {
  write("etc/stapd/script.d/s.stp", "probe begin {}");
  write("etc/stapd/script.d/s.options", "STAP_OPTIONS=-g\n");
  write("run/stapd/conf.d/s.conf", "[Session]\nScript=s.stp\n");
  ASSERT_EQ(find_profiles(paths()).size(), 1u);
  EXPECT_EQ(find_profiles(paths())[0].path, root_.file("run/stapd/conf.d/s.conf"));
  EXPECT_FALSE(read("s")->options.guru);
  EXPECT_TRUE(read("s")->automatic);
}

TEST_F(Profiles, TheFirstScriptFolderThatHasOneGivesIt) {
  write("run/stapd/script.d/s.stp", "probe begin {}");
  EXPECT_EQ(find_profiles(paths())[0].path, root_.file("run/stapd/script.d/s.stp"));
  write("etc/stapd/script.d/s.stp", "probe begin {}");
  EXPECT_EQ(find_profiles(paths())[0].path, root_.file("etc/stapd/script.d/s.stp"));
  EXPECT_EQ(read("s")->path, root_.file("etc/stapd/script.d/s.stp"));
}

TEST_F(Profiles, WhatOthersCanWriteIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "our own files are another user's, then";
  const std::string why = ": it can be changed by everybody";
  auto refusal_of = [&](const std::string& name, const std::string& file) {
    namespace fs = std::filesystem;
    fs::permissions(root_.file(file), fs::perms::others_write, fs::perm_options::add);
    Result<Profile> profile = read(name);
    fs::permissions(root_.file(file), fs::perms::others_write, fs::perm_options::remove);
    return profile
               ? ""
               : profile.error().message.substr(root_.path().size() + 1, file.size() + why.size());
  };
  write_profile("");
  write("etc/stapd/conf.d/p.conf.d/more.conf", "");
  write("etc/stapd/script.d/s.stp", "probe begin {}");
  write("etc/stapd/script.d/s.options", "STAP_OPTIONS=-I " + root_.file("tapsets"));
  write("tapsets/deep/t.stp", "");
  const std::pair<const char*, const char*> files[] = {{"p", "etc/stapd/conf.d/p.conf"},
                                                       {"p", "etc/stapd/conf.d/p.stp"},
                                                       {"p", "etc/stapd/conf.d/p.conf.d/more.conf"},
                                                       {"s", "etc/stapd/script.d/s.stp"},
                                                       {"s", "etc/stapd/script.d/s.options"},
                                                       {"s", "tapsets/deep/t.stp"}};
  for (auto [name, file] : files) {
    EXPECT_TRUE(read(name)) << file;
    EXPECT_EQ(refusal_of(name, file), file + why);
  }
}

TEST_F(Profiles, NamesThatAreNoneFindNothing) {
  write_profile("");
  for (const char* name : {"", ".", "..", "../conf.d/p", "p.conf", "/etc/passwd"})
    EXPECT_FALSE(find_profile(paths(), name)) << name;
}

}  // namespace
}  // namespace stapd
