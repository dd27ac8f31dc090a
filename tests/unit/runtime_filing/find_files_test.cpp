// Which files are a session's own: rotation deletes them, so nothing else may be taken for one.
#include "runtime/filing/find_files.h"

#include <gtest/gtest.h>

#include "runtime/filing/file_settings.h"
#include "tests/support/temp_folder.h"

namespace stapd {
namespace {

class FindFiles : public testing::Test {
 protected:
  // The names that are found among those, with their numbers.
  std::vector<std::pair<std::string, uint32_t>> find(const std::string& name,
                                                     const std::vector<std::string>& there) {
    for (const std::string& file : there) test::write_file(folder_.file(file), "x");
    std::vector<std::pair<std::string, uint32_t>> found;
    for (const RotatedFile& file : find_rotated_files(folder_.file(name)))
      found.emplace_back(file.path.substr(folder_.path().size() + 1), file.number);
    return found;
  }

  test::TempFolder folder_;
};

using Found = std::vector<std::pair<std::string, uint32_t>>;

TEST_F(FindFiles, ByNumber) {
  EXPECT_EQ(find("rec", {"rec.10", "rec.9", "rec", "rec.0"}),
            (Found{{"rec", 0}, {"rec.0", 0}, {"rec.9", 9}, {"rec.10", 10}}));
}

TEST_F(FindFiles, NamesThatWeWouldNotWriteAreNotOurs) {
  EXPECT_EQ(find("rec", {"rec.01", "rec.", "rec.1.gz", "rec.-1", "rec.x", "arec.1", "rec1",
                         "rec.99999999999", "rec.1 "}),
            Found());
}

TEST_F(FindFiles, OfATimeTheNameMustBeOne) {
  EXPECT_EQ(find("rec-%Y-%m-%d", {"rec-2026-11-21.3", "rec-2026-11-21", "rec-2026-13-21.4",
                                  "rec-2026-11-31.5", "rec-log.6", "rec-2026-11-1.7"}),
            (Found{{"rec-2026-11-21", 0}, {"rec-2026-11-21.3", 3}}));
}

TEST_F(FindFiles, ANameThatIsAllTimeTakesNoOther) {
  EXPECT_EQ(find("%Y", {"syslog.1", "2026.1", "20x6.2", "kern.log"}), (Found{{"2026.1", 1}}));
}

TEST_F(FindFiles, TheDayOfTheWeekMustFit) {
  EXPECT_EQ(find("%a-%F", {"Sat-2026-11-21.1", "Mon-2026-11-21.2"}),
            (Found{{"Sat-2026-11-21.1", 1}}));
}

TEST_F(FindFiles, FoldersAndLinksAreLeftAlone) {
  std::filesystem::create_directory(folder_.file("rec.3"));
  std::filesystem::create_symlink("/etc/passwd", folder_.file("rec.4"));
  EXPECT_EQ(find("rec", {"rec.1"}), (Found{{"rec.1", 1}}));
}

TEST_F(FindFiles, WithoutAFolderThereAreNone) {
  EXPECT_TRUE(find_rotated_files("/nowhere/at/all/rec").empty());
  EXPECT_TRUE(find_rotated_files("/dev/null").empty());
}

TEST_F(FindFiles, PathsThatCannotBe) {
  EXPECT_TRUE(check_file_path("/var/log/rec-%F"));
  EXPECT_FALSE(check_file_path(""));
  EXPECT_FALSE(check_file_path("var/log/rec"));
  EXPECT_FALSE(check_file_path("/var/log/"));
  EXPECT_FALSE(check_file_path("/var/%Y/rec"));
  EXPECT_FALSE(check_file_path("/" + std::string(5000, 'x')));
}

}  // namespace
}  // namespace stapd
