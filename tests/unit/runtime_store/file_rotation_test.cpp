// SystemTap's rules for -o and -S by names, sizes and counts; then our own limits.
#include "runtime/store/file_rotation.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/fault_files.h"
#include "tests/support/temp_folder.h"

namespace stapd {
namespace {

using test::FaultFiles;
using test::read_file;
using test::TempFolder;
using Names = std::vector<std::string>;

constexpr uint64_t kSecond = 1'000'000'000;

class Rotation : public testing::Test {
 protected:
  RotationOptions options(uint64_t size = 0, uint32_t count = 0) {
    RotationOptions options;
    options.path = folder_.file("out");
    options.size = size;
    options.count = count;
    return options;
  }
  static void write(FileRotation& files, int messages, size_t size = 100) {
    for (int i = 0; i < messages; ++i)
      ASSERT_TRUE(files.write_message(std::string(size, static_cast<char>('a' + i % 26))));
  }

  TempFolder folder_;
  FaultFiles layer_;
};

TEST_F(Rotation, WithoutSizeThereIsOneFileWithThePlainName) {
  FileRotation files(layer_, options());
  write(files, 100);
  EXPECT_EQ(folder_.names(), Names{"out"});
  EXPECT_EQ(read_file(folder_.file("out")).size(), 10'000u);
}

TEST_F(Rotation, WithSizeTheFirstFileIsNumberedToo) {
  FileRotation files(layer_, options(1000));
  write(files, 1);
  EXPECT_EQ(folder_.names(), Names{"out.0"});
}

TEST_F(Rotation, AStreamSwitchesAfterTheMessageThatWentOver) {
  FileRotation files(layer_, options(1000));
  write(files, 10);
  EXPECT_EQ(folder_.names(), Names{"out.0"});  // exactly the size: not over
  write(files, 1);
  EXPECT_EQ(folder_.names(), Names{"out.0"});
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out.0", "out.1"}));
  EXPECT_EQ(read_file(folder_.file("out.0")).size(), 1100u);  // one message over
}

TEST_F(Rotation, ExactlySoManyFilesRemain) {
  FileRotation files(layer_, options(1000, 2));
  write(files, 11 * 6 + 1);
  EXPECT_EQ(folder_.names(), (Names{"out.5", "out.6"}));
  EXPECT_EQ(files.number(), 6u);
  EXPECT_EQ(files.oldest(), 5u);
}

TEST_F(Rotation, AFileThatSomebodyElseDeletedIsNoError) {
  FileRotation files(layer_, options(1000, 2));
  write(files, 12);
  std::filesystem::remove(folder_.file("out.0"));
  write(files, 11);
  EXPECT_EQ(folder_.names(), (Names{"out.1", "out.2"}));
}

TEST_F(Rotation, ExistingFilesAreEmptied) {
  test::write_file(folder_.file("out.0"), std::string(5000, 'o'));
  FileRotation files(layer_, options(1000));
  write(files, 1);
  EXPECT_EQ(read_file(folder_.file("out.0")).size(), 100u);
}

TEST_F(Rotation, FilesAreForEverybodyTheUmaskAllows) {
  mode_t before = umask(027);
  FileRotation files(layer_, options());
  write(files, 1);
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat(folder_.file("out").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(Rotation, BulkFilesAreNamedByCpuAndNeverGoOver) {
  RotationOptions bulk = options(1000);
  bulk.bulk = true;
  bulk.cpu = 3;
  FileRotation files(layer_, bulk);
  write(files, 10);
  EXPECT_EQ(folder_.names(), Names{"out_cpu3.0"});
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out_cpu3.0", "out_cpu3.1"}));
  EXPECT_EQ(read_file(folder_.file("out_cpu3.0")).size(), 1000u);
  write(files, 1, 5000);  // more than a file holds: in a file of its own
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out_cpu3.0", "out_cpu3.1", "out_cpu3.2", "out_cpu3.3"}));
}

TEST_F(Rotation, BulkNamesWithoutSize) {
  RotationOptions bulk = options();
  bulk.bulk = true;
  bulk.cpu = 2;
  EXPECT_EQ(*rotated_name(bulk, 0, 0), folder_.file("out_2"));
  EXPECT_EQ(*rotated_name(bulk, 1, 0), folder_.file("out_cpu2.1"));
  bulk.path = "";
  EXPECT_EQ(*rotated_name(bulk, 0, 0), "stpd_cpu2");
}

TEST_F(Rotation, ASwitchThatWasAskedForComesWithTheNextMessage) {
  FileRotation files(layer_, options());
  write(files, 3);
  files.request_switch();
  files.request_switch();
  EXPECT_EQ(folder_.names(), Names{"out"});
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out", "out.1"}));
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out", "out.1"}));
}

TEST_F(Rotation, AskedForSwitchesDeleteAsTheOthersDo) {
  FileRotation files(layer_, options(1'000'000, 2));
  for (int i = 0; i < 5; ++i) {
    write(files, 1);
    files.request_switch();
  }
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out.4", "out.5"}));
}

TEST_F(Rotation, NamesAreExpandedWhenAFileIsOpened) {
  setenv("TZ", "UTC", 1);
  tzset();
  RotationOptions dated = options(1000, 2);
  dated.path = folder_.file("%Y%m%d-%H%M%S");
  layer_.clock = 1'795'000'000 * kSecond;
  FileRotation files(layer_, dated);
  write(files, 11);
  layer_.clock += kSecond;
  write(files, 11);
  layer_.clock += kSecond;
  write(files, 11);  // deletes the first by the name that it was opened with
  EXPECT_EQ(folder_.names(), (Names{"20261118-110641.1", "20261118-110642.2"}));
}

TEST_F(Rotation, NamesThatAreTooLongAreRefused) {
  RotationOptions bad = options();
  bad.path = "/" + std::string(4090, 'x');
  FileRotation files(layer_, bad);
  Status opened = files.open_next();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "Filename format is invalid or too long.");
}

TEST_F(Rotation, DevNullIsItself) {
  RotationOptions null = options(10, 2);
  null.path = "/dev/null";
  FileRotation files(layer_, null);
  write(files, 20);
  EXPECT_EQ(*rotated_name(null, 7, 0), "/dev/null");
  EXPECT_TRUE(std::filesystem::exists("/dev/null"));
}

TEST(RotationLimitsOption, AsSystemTapReadsIt) {
  EXPECT_EQ(parse_rotation_limits("1")->size, 1u << 20);
  EXPECT_EQ(parse_rotation_limits("1")->count, 0u);
  EXPECT_EQ(parse_rotation_limits("64,3")->size, 64u << 20);
  EXPECT_EQ(parse_rotation_limits("64,3")->count, 3u);
  EXPECT_EQ(parse_rotation_limits("0,3")->size, 0u);
  for (const char* wrong : {"x", "1x", "1,2x", "1,2,3", "1;2", "99999999999999999999"}) {
    auto limits = parse_rotation_limits(wrong);
    ASSERT_FALSE(limits) << wrong;
    EXPECT_EQ(limits.error().message, std::string("Invalid file size option '") + wrong + "'.");
  }
}

// ---- our own limits -----------------------------------------------------------------------------

TEST_F(Rotation, AgeSwitchesAndDeletes) {
  RotationOptions aged = options();
  aged.max_age = 8000 * kSecond;
  layer_.clock = 1'000'000 * kSecond;
  FileRotation files(layer_, aged);
  for (int i = 0; i < 20; ++i) {
    write(files, 1);
    layer_.clock += 1000 * kSecond;
  }
  // A file an eighth of the age; what was closed longer ago than the age is gone.
  Names names = folder_.names();
  EXPECT_EQ(names.size(), 10u);
  EXPECT_EQ(files.oldest(), 10u);
  EXPECT_EQ(files.number(), 19u);
  layer_.clock += 8000 * kSecond;
  files.expire();
  EXPECT_EQ(folder_.names(), Names{"out.19"});  // the open one stays
}

TEST_F(Rotation, SettingTheClockMakesNoFileOlderOrYounger) {
  RotationOptions aged = options();
  aged.max_age = 8000 * kSecond;
  layer_.clock = 100'000'000 * kSecond;
  FileRotation files(layer_, aged);
  auto go_on = [&](int steps) {
    for (int i = 0; i < steps; ++i) {
      write(files, 1);
      layer_.clock += 1000 * kSecond;
      files.expire();
    }
  };
  auto set_clock = [&](uint64_t by) {
    layer_.clock += by;
    layer_.clock_jump += by;
    files.expire();
  };
  go_on(20);
  Names names = folder_.names();
  EXPECT_EQ(names.size(), 9u);
  for (uint64_t jump : {40'000'000 * kSecond, -80'000'000 * kSecond}) {
    set_clock(jump);
    EXPECT_EQ(folder_.names(), names) << "nothing is old enough";
    go_on(4);
    EXPECT_EQ(folder_.names().size(), 9u) << "as many as ever";
    EXPECT_NE(folder_.names(), names) << "which are younger";
    names = folder_.names();
  }
}

TEST_F(Rotation, TheClockMayBeSetRightBeforeASwitch) {
  for (uint64_t jump : {7200 * kSecond, -7200 * kSecond}) {
    RotationOptions aged = options(1000);
    aged.path = folder_.file("out-%s");
    aged.max_age = 3600 * kSecond;
    layer_.clock = 1'000'000 * kSecond;
    layer_.clock_jump = 0;
    FileRotation files(layer_, aged);
    write(files, 11);
    layer_.clock += jump;
    layer_.clock_jump += jump;
    write(files, 11);
    EXPECT_EQ(folder_.names().size(), 2u) << "the first one is seconds old";
    auto expect_time = [&] {
      const RotatedFile& file = files.state().files.back();
      EXPECT_EQ(file.opened, layer_.clock);
      EXPECT_EQ(*rotated_name(aged, file.number, file.opened), file.path);
    };
    expect_time();
    // The same when there is no open file that could be closed.
    layer_.create_error = EACCES;
    files.request_switch();
    EXPECT_FALSE(files.write_message("x"));
    layer_.create_error = 0;
    layer_.clock += jump;
    layer_.clock_jump += jump;
    write(files, 1);
    EXPECT_EQ(folder_.names().size(), 3u);
    expect_time();
    layer_.clock += 3601 * kSecond;
    files.expire();
    EXPECT_EQ(folder_.names().size(), 1u) << "they grow old all the same";
    files.close();
    for (const std::string& path : folder_.files()) std::filesystem::remove(path);
  }
}

TEST_F(Rotation, AFileOfTheFutureIsOfNow) {
  RotationOptions aged = options();
  aged.max_age = 8000 * kSecond;
  layer_.clock = 1'000'000 * kSecond;
  test::write_file(folder_.file("out.0"), "written before the clock was set back");
  RotationState state{1, {{0, folder_.file("out.0"), 5'000'000 * kSecond, 5'000'000 * kSecond, 1}}};
  FileRotation files(layer_, aged, state);
  write(files, 1);
  EXPECT_EQ(folder_.names().size(), 2u);
  layer_.clock += 8001 * kSecond;
  files.expire();
  EXPECT_EQ(folder_.names(), Names{"out.1"});
}

TEST_F(Rotation, TheSumOfAllFilesIsLimited) {
  RotationOptions limited = options(1000);
  limited.total = 3500;
  FileRotation files(layer_, limited);
  for (int i = 0; i < 200; ++i) {
    write(files, 1);
    uint64_t sum = 0;
    for (const std::string& file : folder_.files()) sum += std::filesystem::file_size(file);
    ASSERT_LE(sum, 3500u + 100);
  }
  EXPECT_EQ(folder_.names().size(), 3u);
}

TEST_F(Rotation, FreeSpaceIsKeptByGivingOldFiles) {
  RotationOptions careful = options(2u << 20);
  careful.keep_free = 1000;
  FileRotation files(layer_, careful);
  write(files, 5, 1u << 20);
  EXPECT_EQ(folder_.names().size(), 2u);
  layer_.free = 999;
  Status written = files.write_message(std::string(1u << 20, 'x'));
  EXPECT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::limit);
  EXPECT_EQ(folder_.names().size(), 1u);  // the open one is never given
  layer_.free = 1001;
  write(files, 1);
}

// ---- what the disk does
// ----------------------------------------------------------------------------

TEST_F(Rotation, ShortAndInterruptedWritesAreContinued) {
  layer_.longest_write = 7;
  layer_.interrupts = 3;
  FileRotation files(layer_, options());
  ASSERT_TRUE(files.write_message("a message of more than seven bytes"));
  EXPECT_EQ(read_file(folder_.file("out")), "a message of more than seven bytes");
}

TEST_F(Rotation, AMessageIsThereWholeOrNotAtAll) {
  layer_.room = 250;
  FileRotation files(layer_, options());
  write(files, 2);
  Status written = files.write_message(std::string(100, 'x'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::limit);
  EXPECT_EQ(read_file(folder_.file("out")).size(), 200u);
  layer_.room = UINT64_MAX;
  write(files, 1);
  EXPECT_EQ(read_file(folder_.file("out")).size(), 300u);
  EXPECT_EQ(files.written(), 300u);
}

TEST_F(Rotation, AFileThatCannotBeOpenedIsTriedAgain) {
  FileRotation files(layer_, options(1000));
  write(files, 11);
  layer_.create_error = EACCES;
  EXPECT_FALSE(files.write_message("x"));
  EXPECT_FALSE(files.write_message("x"));
  layer_.create_error = 0;
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out.0", "out.1"}));
}

TEST_F(Rotation, ARestartGoesOnInTheSameFile) {
  RotationState state;
  {
    FileRotation files(layer_, options(1000, 3));
    write(files, 25);
    state = files.state();
  }
  state.files.back().size -= 50;  // half a message, that nobody wants
  FileRotation files(layer_, options(1000, 3), state);
  ASSERT_TRUE(files.reopen_last());
  EXPECT_FALSE(files.reopen_last()) << "it is open";
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out.0", "out.1", "out.2"}));
  EXPECT_EQ(read_file(folder_.file("out.2")).size(), 350u);
  EXPECT_EQ(files.written(), 350u);
}

TEST_F(Rotation, AFileThatIsWrittenBySomebodyElseIsNotReopened) {
  FileRotation other(layer_, options(1000));
  write(other, 1);
  FileRotation files(layer_, options(1000), other.state());
  Status reopened = files.reopen_last();
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().code, ErrorCode::busy);
  EXPECT_EQ(read_file(folder_.file("out.0")).size(), 100u);
}

TEST_F(Rotation, AFileThatSomebodyRemovedGivesWay) {
  FileRotation files(layer_, options(1000));
  write(files, 1);
  std::filesystem::remove(folder_.file("out.0"));
  files.expire();
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out.1"}));
}

TEST_F(Rotation, ARestartGoesOnWithTheNextNumber) {
  RotationState state;
  {
    FileRotation files(layer_, options(1000, 3));
    write(files, 25);
    state = files.state();
  }
  FileRotation files(layer_, options(1000, 3), state);
  write(files, 1);
  EXPECT_EQ(folder_.names(), (Names{"out.1", "out.2", "out.3"}));
}

}  // namespace
}  // namespace stapd
