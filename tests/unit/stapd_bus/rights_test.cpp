// What each call needs, and what is said to those who may not.
#include "stapd/bus/rights.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stapd::bus {
namespace {

TEST(Rights, WhatChangesSomethingNeedsMoreThanReading) {
  for (const char* member : {"ListSessions", "GetSession", "GetStatistics", "TakeSnapshot",
                             "DumpGlobals", "GetAll", "Introspect", "Ping"})
    EXPECT_EQ(needed_right(member), Right::read) << member;
  for (const char* member :
       {"Start", "Restart", "Stop", "StartSession", "RestartSession", "StopSession"})
    EXPECT_EQ(needed_right(member), Right::control) << member;
  for (const char* member : {"StopAll", "Reload"})
    EXPECT_EQ(needed_right(member), Right::manage) << member;
  for (const char* member : {"OpenRecording", "OpenEarlier", "Set", "SomethingNew"})
    EXPECT_EQ(needed_right(member), Right::root) << member;
}

TEST(Rights, RootHasAllAndAStrangerNone) {
  EXPECT_EQ(right_of(0, {}), Right::root);
  EXPECT_EQ(right_of(12345, {12345}), Right::none);
  EXPECT_EQ(right_of(static_cast<uid_t>(-1), {0}), Right::none);
  EXPECT_EQ(right_of_user(4294967000u), Right::none) << "no such user";
}

TEST(Rights, GroupsOfThisHost) {
  const std::pair<const char*, Right> groups[] = {
      {"stapusr", Right::read}, {"stapsys", Right::control}, {"stapdev", Right::manage}};
  for (auto [name, right] : groups) {
    group* entry = getgrnam(name);
    if (!entry) GTEST_SKIP() << "there is no group " << name << " here";
    EXPECT_EQ(right_of(12345, {7, entry->gr_gid}), right);
  }
}

TEST(Rights, ThoseWhoMayAreNamed) {
  EXPECT_EQ(holders_of(Right::read), "root and the groups stapusr, stapsys and stapdev");
  EXPECT_EQ(holders_of(Right::control), "root and the groups stapsys and stapdev");
  EXPECT_EQ(holders_of(Right::manage), "root and the group stapdev");
  EXPECT_EQ(holders_of(Right::root), "root alone");
}

TEST(Rights, ThePeerOfASocketIsAskedOfTheKernel) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_EQ(right_of_peer(pair[0]), geteuid() == 0 ? Right::root : Right::none);
  close(pair[0]);
  close(pair[1]);
  EXPECT_EQ(right_of_peer(pair[0]), Right::none) << "no socket";
}

}  // namespace
}  // namespace stapd::bus
