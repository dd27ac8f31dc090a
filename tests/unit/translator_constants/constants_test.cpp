#include "translator/constants/constants.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>

namespace stapd {
namespace {

// The C library's idea of each, which is another source than our table.
TEST(Constants, HaveTheValuesOfTheCLibrary) {
  EXPECT_EQ(find_constant("ENOENT"), ENOENT);
  EXPECT_EQ(find_constant("O_CREAT"), O_CREAT);
  EXPECT_EQ(find_constant("O_CLOEXEC"), O_CLOEXEC);
  EXPECT_EQ(find_constant("AT_FDCWD"), AT_FDCWD);
  EXPECT_EQ(find_constant("MAP_ANONYMOUS"), MAP_ANONYMOUS);
  EXPECT_EQ(find_constant("SIGTRAP"), SIGTRAP);
  EXPECT_EQ(find_constant("AF_INET6"), AF_INET6);
  EXPECT_EQ(find_constant("PF_UNIX"), PF_UNIX);
  EXPECT_EQ(find_constant("SOCK_SEQPACKET"), SOCK_SEQPACKET);
  EXPECT_EQ(find_constant("SOCK_NONBLOCK"), SOCK_NONBLOCK);
  EXPECT_EQ(find_constant("SOL_SOCKET"), SOL_SOCKET);
  EXPECT_EQ(find_constant("MSG_CMSG_CLOEXEC"), MSG_CMSG_CLOEXEC);
  EXPECT_EQ(find_constant("TCGETS"), TCGETS);
  EXPECT_EQ(find_constant("PTRACE_SEIZE"), PTRACE_SEIZE);
}

TEST(Constants, OfEveryKind) {
  EXPECT_EQ(find_constant("IPPROTO_TCP"), 6) << "an enumerator";
  EXPECT_EQ(find_constant("FUSE_ROOT_ID"), 1) << "from a header that includes the C library's";
  EXPECT_EQ(find_constant("BLKGETSIZE64"), 0x80081272) << "made of sizeof";
  EXPECT_EQ(find_constant("S_IFMT"), 0170000);
  EXPECT_EQ(find_constant("BITS_PER_LONG"), 64);
  EXPECT_EQ(find_constant("EPOLLET"), 0x80000000);
}

TEST(Constants, SystemCalls) {
  EXPECT_EQ(find_constant("__NR_openat"), SYS_openat);
#ifdef __x86_64__
  EXPECT_EQ(find_constant("__NR_compat_open"), 5);
#endif
  EXPECT_FALSE(find_constant("__NR_nosuch"));
}

TEST(Constants, WhatIsNone) {
  EXPECT_FALSE(find_constant(""));
  EXPECT_FALSE(find_constant("NOSUCH"));
  EXPECT_FALSE(find_constant("ENOEN"));
  EXPECT_FALSE(find_constant("ENOENTX"));
  EXPECT_FALSE(find_constant("zzzzz"));
  EXPECT_FALSE(find_constant("sa_handler")) << "a macro that is no number";
  EXPECT_GT(constant_count(), 5000u);
}

TEST(Constants, NamesOfValues) {
  EXPECT_EQ(find_constant_name("RLIMIT_", 7), "RLIMIT_NOFILE");
  EXPECT_EQ(find_constant_name("RLIMIT_", 77), "");
  EXPECT_EQ(find_constant_name("NOSUCH_", 0), "");
}

}  // namespace
}  // namespace stapd
