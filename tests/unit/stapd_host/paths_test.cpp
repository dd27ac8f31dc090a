#include "stapd/host/paths.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace stapd {
namespace {

TEST(Paths, PinNamesHaveNoDotsAndComeBack) {
  for (const std::string name : {"plain", "with.dots", "a@b c", "ü", "%41", "..", "-_"}) {
    std::string encoded = encode_pin_name(name);
    EXPECT_EQ(encoded.find_first_of("./"), std::string::npos) << encoded;
    EXPECT_EQ(decode_pin_name(encoded), name);
  }
  EXPECT_EQ(encode_pin_name("a.b"), "a%2Eb");
  for (const char* foreign : {"", "name+new", "%2", "%41", "%zz"})
    EXPECT_EQ(decode_pin_name(foreign), "") << foreign;
}

TEST(Paths, InstancesDoNotMeet) {
  test::TempFolder one, two;
  Paths first = *Paths::of_root(one.path()), second = *Paths::of_root(two.path());
  EXPECT_NE(first.pin_folder, second.pin_folder);
  EXPECT_TRUE(first.pin_folder.starts_with("/sys/fs/bpf/stapd-"));
  EXPECT_EQ(Paths::of_root(one.path() + "/.")->pin_folder, first.pin_folder) << "one folder";
  EXPECT_EQ(first.private_socket, one.path() + "/run/stapd/private");
  for (const std::string& folder : first.profile_folders)
    EXPECT_TRUE(folder.starts_with(one.path())) << folder << ": shipped ones are not read";
  EXPECT_EQ(Paths::of_root("")->pin_folder, "/sys/fs/bpf/stapd");
  EXPECT_FALSE(Paths::of_root(one.path() + "/nosuch"));
}

}  // namespace
}  // namespace stapd
