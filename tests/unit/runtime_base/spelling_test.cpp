#include "runtime/base/spelling.h"

#include <gtest/gtest.h>

namespace stapd {
namespace {

using Names = std::vector<std::string>;

TEST(Spelling, NearestFirstThenInOrder) {
  EXPECT_EQ(similar_names("strlen", {"substr", "strln", "strlen2", "zzz"}, 3),
            (Names{"strln", "strlen2", "substr"}));
}

TEST(Spelling, NothingThatIsTooFar) {
  EXPECT_EQ(nearest_name("execnam", {"execname", "pid"}), "execname");
  EXPECT_EQ(nearest_name("foo", {"execname", "pid"}), "");
  EXPECT_EQ(nearest_name("foo", {}), "");
}

TEST(Spelling, LongNamesAreBounded) {
  const std::string long_name(1'000'000, 'a');
  EXPECT_EQ(similar_names(long_name, {long_name + "b"}), (Names{long_name + "b"}));
}

}  // namespace
}  // namespace stapd
