// Every constant that the tapset names is in the table: a missing one would be an error for whoever
// uses the probe point.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "translator/constants/constants.h"

namespace stapd {
namespace {

namespace fs = std::filesystem;

TEST(Constants, OfTheTapsetAreKnown) {
  // @const("X"), and the macros that put their argument into one
  const std::regex use(R"re(@(?:const|__flag|__value|__member|__operation|__limit)\("(\w+)"\))re");
  int found = 0;
  for (const auto& entry : fs::recursive_directory_iterator(STAPD_SOURCE_DIR "/tapsets")) {
    if (entry.path().extension() != ".stp" && entry.path().extension() != ".stpm") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator it(text.begin(), text.end(), use), end; it != end; ++it, ++found) {
      EXPECT_TRUE(find_constant((*it)[1].str())) << entry.path().filename() << ": " << (*it)[1];
    }
  }
  EXPECT_GT(found, 1000);
}

}  // namespace
}  // namespace stapd
