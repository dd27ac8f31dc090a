#include "ctl/show/output_queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "runtime/base/unique_fd.h"

namespace stapd::ctl {
namespace {

class OutputQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(ends_), 0);
    read_.reset(ends_[0]);
    write_.reset(ends_[1]);
    signal(SIGPIPE, SIG_IGN);
  }

  std::string take(size_t most) {
    std::string text(most, '\0');
    ssize_t got = read(read_.get(), text.data(), most);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }

  int ends_[2];
  UniqueFd read_, write_;
};

TEST_F(OutputQueueTest, AFullPipeHoldsUpNobody) {
  std::string all;
  for (int i = 0; all.size() < 300'000; ++i) all += std::to_string(i) + "\n";
  OutputQueue queue;
  queue.to(write_.get()) += all;
  ASSERT_TRUE(queue.write_ready());
  EXPECT_GT(queue.size(), 0u);
  EXPECT_EQ(queue.next_fd(), write_.get());
  std::string got;
  while (got.size() < all.size()) {
    got += take(10'000);
    ASSERT_TRUE(queue.write_ready());
  }
  EXPECT_EQ(got, all);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_fd(), -1);
}

TEST_F(OutputQueueTest, WhoTakesNothingIsNotWaitedForForLong) {
  OutputQueue queue;
  queue.to(write_.get()) += "some";
  auto done = queue.write_while_taken(10);
  ASSERT_TRUE(done);
  EXPECT_TRUE(*done);
  EXPECT_EQ(take(100), "some");
  queue.to(write_.get()) += std::string(300'000, 'x');
  done = queue.write_while_taken(10);
  ASSERT_TRUE(done);
  EXPECT_FALSE(*done);
  EXPECT_GT(queue.size(), 0u);
  read_.reset();
  EXPECT_FALSE(queue.write_while_taken(10));
}

TEST_F(OutputQueueTest, FilesKeepTheirOrder) {
  int other[2];
  ASSERT_EQ(pipe(other), 0);
  UniqueFd other_read(other[0]), other_write(other[1]);
  OutputQueue queue;
  queue.to(write_.get()) += std::string(200'000, 'a');
  queue.to(other_write.get()) += "b";
  queue.to(write_.get()) += "c";
  ASSERT_TRUE(queue.write_ready());
  // What was put in later waits for what was put in before, whatever file it is for.
  fcntl(other_read.get(), F_SETFL, O_NONBLOCK);
  char c = 0;
  EXPECT_EQ(read(other_read.get(), &c, 1), -1);
  std::string got;
  while (got.size() < 200'001) {
    got += take(50'000);
    ASSERT_TRUE(queue.write_ready());
  }
  EXPECT_EQ(got.back(), 'c');
  EXPECT_EQ(read(other_read.get(), &c, 1), 1);
}

TEST_F(OutputQueueTest, AReaderThatIsGoneIsAnError) {
  read_.reset();
  OutputQueue queue;
  queue.to(write_.get()) += "x";
  Status written = queue.write_ready();
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("Broken pipe"), std::string::npos);
}

TEST_F(OutputQueueTest, WaitsForAFileThatDoesNotBlock) {
  fcntl(write_.get(), F_SETFL, O_NONBLOCK);
  pid_t reader = fork();
  if (reader == 0) {
    write_.reset();
    size_t bytes = 0;
    for (std::string part; !(part = take(4096)).empty();) bytes += part.size();
    _exit(bytes == 500'000 ? 0 : 1);
  }
  OutputQueue queue;
  queue.to(write_.get()) += std::string(500'000, 'x');
  EXPECT_TRUE(queue.write_all());
  write_.reset();
  int status = -1;
  waitpid(reader, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace stapd::ctl
