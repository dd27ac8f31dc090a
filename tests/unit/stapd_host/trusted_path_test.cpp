// Who could change a file that says what runs in the kernel.
#include "stapd/host/trusted_path.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp_folder.h"

namespace stapd {
namespace {

constexpr uid_t kNobody = 65534;

class TrustedPath : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "owners can only be set by root";
    std::filesystem::create_directories(root_.file("folder"));
    std::ofstream(file()) << "text";
  }
  std::string file() const { return root_.file("folder/file"); }
  std::string folder() const { return root_.file("folder"); }
  static std::string error_of(const std::string& path) {
    Status status = check_trusted(path);
    return status ? "" : status.error().message;
  }
  static bool says(const std::string& path, const std::string& text) {
    return error_of(path).find(text) != std::string::npos;
  }

  test::TempFolder root_;
};

TEST_F(TrustedPath, RootsOwn) {
  EXPECT_EQ(error_of(file()), "");
  EXPECT_EQ(error_of(root_.file("folder/not there")), "");
  chmod(file().c_str(), 0664);
  EXPECT_EQ(error_of(file()), "") << "the group is root";
}

TEST_F(TrustedPath, AnotherOwner) {
  ASSERT_EQ(chown(file().c_str(), kNobody, 0), 0);
  EXPECT_TRUE(says(file(), file() + ": it can be changed by user 65534, who owns it"));
  ASSERT_EQ(chown(file().c_str(), 0, 0), 0);
  ASSERT_EQ(chown(folder().c_str(), kNobody, 0), 0);
  EXPECT_TRUE(says(file(), file() + ": " + folder() + " can be changed by user 65534"));
  EXPECT_TRUE(says(root_.file("folder/not there"), "user 65534")) << "who could make it";
}

TEST_F(TrustedPath, BitsOfOthers) {
  chmod(file().c_str(), 0646);
  EXPECT_TRUE(says(file(), "by everybody"));
  EXPECT_TRUE(says(file(), "`chmod go-w " + file() + "`"));
  chmod(file().c_str(), 0664);
  ASSERT_EQ(chown(file().c_str(), 0, kNobody), 0);
  EXPECT_TRUE(says(file(), "by group 65534"));
  chmod(file().c_str(), 0644);
  EXPECT_EQ(error_of(file()), "");
  chmod(folder().c_str(), 0757);
  EXPECT_TRUE(says(file(), folder() + " can be changed by everybody"));
}

TEST_F(TrustedPath, AStickyFolderKeepsRootsFiles) {
  chmod(folder().c_str(), 01777);
  EXPECT_EQ(error_of(file()), "");
  ASSERT_EQ(chown(file().c_str(), kNobody, 0), 0);
  EXPECT_TRUE(says(file(), "user 65534"));
}

TEST_F(TrustedPath, WhatALinkLeadsTo) {
  std::filesystem::create_directories(root_.file("other"));
  std::filesystem::create_symlink(file(), root_.file("other/link"));
  EXPECT_EQ(error_of(root_.file("other/link")), "");
  chmod(folder().c_str(), 0777);
  EXPECT_TRUE(says(root_.file("other/link"), folder() + " can be changed by everybody"));
  chmod(folder().c_str(), 0755);
  chmod(root_.file("other").c_str(), 0777);
  EXPECT_TRUE(says(root_.file("other/link"), "other can be changed by everybody"))
      << "who could put another link";
}

TEST_F(TrustedPath, ARelativePathIsMeantFromHere) {
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder());
  chmod(folder().c_str(), 0777);
  EXPECT_TRUE(says("file", folder() + " can be changed by everybody"));
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace stapd
