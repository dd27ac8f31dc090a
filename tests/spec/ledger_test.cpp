// The loss ledger is exact: of what two processes on two CPUs produce, at once and faster than the
// smallest ring holds, every record is kept, overwritten or dropped. They count what they do
// themselves, and a statistic counts it a second time. With interrupts that record in between,
// records that are too long, and locks that both want.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "runtime/record/record_view.h"
#include "runtime/recorder/recorder.h"
#include "runtime/recorder/show_globals.h"
#include "translator/host/compile_here.h"

namespace stapd {
namespace {

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

// A process on a CPU of its own that makes `count` system calls getppid(1), getppid(2), ... when it
// is told to.
class Producer {
 public:
  Producer(int cpu, int64_t count) : count_(count) {
    EXPECT_EQ(pipe2(gate_, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ != 0) return;
    close(gate_[1]);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    char go;
    if (sched_setaffinity(0, sizeof set, &set) != 0 || read(gate_[0], &go, 1) != 1) _exit(1);
    for (int64_t number = 1; number <= count; ++number) syscall(SYS_getppid, number);
    _exit(0);
  }
  ~Producer() {
    close(gate_[0]);
    close(gate_[1]);
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void start() { EXPECT_EQ(write(gate_[1], "g", 1), 1); }
  void wait() {
    int status = 1;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    EXPECT_EQ(status, 0);
  }
  pid_t pid() const { return pid_; }
  int64_t count() const { return count_; }

 private:
  int64_t count_;
  int gate_[2] = {};
  pid_t pid_ = 0;
};

// A session and its producers; `numbers` are the script's arguments behind both pids.
class Overrun {
 public:
  Overrun(const std::string& script, std::mt19937& random, std::vector<int64_t> numbers = {})
      : a_(allowed_cpus().front(), 20'000 + random() % 40'000),
        b_(allowed_cpus().back(), 20'000 + random() % 40'000) {
    CompileOptions options;
    options.script_text = script;
    options.show_globals_at_end = false;
    options.macros["MAXTRYLOCK"] = "0";
    options.macros["MAXSKIPPED"] = "1000000000";  // skipping is what is counted here
    options.macros["MAXSTRINGLEN"] = "1024";
    options.arguments = {std::to_string(a_.pid()), std::to_string(b_.pid()),
                         std::to_string(SYS_getppid)};
    for (int64_t number : numbers) options.arguments.push_back(std::to_string(number));
    Result<CompileOutcome> compiled = compile_here(options, CompilePhase::generate);
    if (!compiled || !compiled->ok) {
      ADD_FAILURE() << (compiled ? compiled->diagnostics : compiled.error().message);
      return;
    }
    RecorderOptions recorder_options;
    recorder_options.segment_size = kMinSegmentSize;
    auto recorder = Recorder::start(
        std::make_shared<const ProgramImage>(std::move(*compiled->image)), recorder_options);
    if (recorder)
      recorder_ = std::move(*recorder);
    else
      ADD_FAILURE() << recorder.error().message;
  }

  // Lets them run, ends the session, and takes what the ring holds.
  bool run() {
    a_.start();
    b_.start();
    a_.wait();
    b_.wait();
    if (!recorder_) return false;
    Status stopped = recorder_->stop();
    EXPECT_TRUE(stopped) << stopped.error().message;
    window_.emplace(recorder_->reader().take());
    return true;
  }

  // By the producers themselves.
  int64_t events() const { return a_.count() + b_.count(); }
  const Producer& producer(int which) const { return which == 0 ? a_ : b_; }

  // By a statistic of the script, which has nothing to do with the ring.
  int64_t counted(const std::string& name) const {
    for (const GlobalSpec& global : recorder_->image().globals) {
      if (global.name != name) continue;
      std::string text;
      append_global(text, global, recorder_->map_access());
      size_t count = text.find("@count=");
      return count == text.npos ? 0 : std::atoll(text.c_str() + count + 7);
    }
    ADD_FAILURE() << "the script has no " << name;
    return -1;
  }

  SegmentLedger ledger() const { return window_->total(); }
  uint64_t dropped() const {
    SegmentLedger total = ledger();
    uint64_t sum = recorder_->recursion_misses();
    for (uint64_t cause : total.dropped) sum += cause;
    return sum;
  }
  uint64_t dropped(DropCause cause) const { return ledger().dropped[static_cast<size_t>(cause)]; }

  // produced = kept + overwritten + dropped, where `produced` is what somebody else counted.
  void expect_exact(int64_t produced) const {
    SegmentLedger total = ledger();
    EXPECT_EQ(static_cast<uint64_t>(produced), total.kept + total.overwritten + dropped());
    EXPECT_EQ(total.produced, total.kept + total.overwritten);
    EXPECT_EQ(total.in_flight + total.unreadable, 0u);
    EXPECT_TRUE(total.exact);
    EXPECT_GT(total.kept, 0u);
    int overrun = 0;
    for (uint32_t segment = 0; segment < window_->segments(); ++segment)
      overrun += window_->ledger(segment).overwritten > 0;
    EXPECT_GE(overrun, 2) << "the rings were not overrun";
  }

  // The first two integers of each record that is kept and has them, oldest first.
  std::vector<std::pair<int64_t, int64_t>> kept_numbers() {
    std::vector<std::pair<int64_t, int64_t>> numbers;
    window_->rewind();
    for (RingRecord record; window_->next(record);) {
      auto header = read_header(record.bytes);
      if (!header || header->format >= recorder_->image().formats.size()) continue;
      const RecordFormat& format = recorder_->image().formats[header->format];
      auto view = RecordView::parse_untrusted(record.bytes, format);
      if (view && format.fields.size() == 2)
        numbers.emplace_back(view->integer(0), view->integer(1));
    }
    return numbers;
  }

 private:
  Producer a_, b_;
  std::unique_ptr<Recorder> recorder_;
  std::optional<RingWindow> window_;
};

// $1 and $2 are the producers, $3 is the number of their system call.
constexpr const char* kIfProduced = "if ($id == $3 && (pid() == $1 || pid() == $2)) ";

std::string on_event(const std::string& statement) {
  return std::string("probe kernel.trace(\"sys_enter\") { ") + kIfProduced + statement + " }\n";
}

constexpr const char* kSecondCount = "global hits\n";

class Ledger : public testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    if (allowed_cpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
    random_.seed(GetParam());
  }
  std::mt19937 random_;
};

TEST_P(Ledger, OfTwoCpusThatOverrunTheirRings) {
  Overrun overrun(
      kSecondCount + on_event("printf(\"%d %d\\n\", pid(), $regs->di)") + on_event("hits <<< 1"),
      random_);
  if (!overrun.run()) return;
  EXPECT_EQ(overrun.counted("hits"), overrun.events());
  EXPECT_EQ(overrun.dropped(), 0u);
  overrun.expect_exact(overrun.events());
  // What is kept is the newest of each, without a hole.
  for (int which : {0, 1}) {
    const Producer& producer = overrun.producer(which);
    int64_t last = 0, holes = 0;
    for (auto [pid, number] : overrun.kept_numbers()) {
      if (pid != producer.pid()) continue;
      holes += last != 0 && number != last + 1;
      last = number;
    }
    EXPECT_EQ(last, producer.count());
    EXPECT_EQ(holes, 0);
  }
}

// The clock's interrupt hits handlers anywhere: between reserve and commit, with a frame of the
// scratch map in use, with the count being taken.
TEST_P(Ledger, WithHandlersThatInterruptHandlers) {
  const std::string text = "sprintf(\"%d and some text that is longer than sixteen bytes\", pid())";
  Overrun overrun(
      "global hits, ticks\n" + on_event("printf(\"%s %d\\n\", " + text + ", $regs->di)") +
          on_event("hits <<< 1") + "probe timer.profile.freq.hz($4) { printf(\"%s\\n\", " + text +
          ") ticks <<< 1 }\n",
      random_, {500 + static_cast<int64_t>(random_() % 3500)});
  if (!overrun.run()) return;
  EXPECT_EQ(overrun.counted("hits"), overrun.events());
  EXPECT_GT(overrun.counted("ticks"), 0);
  overrun.expect_exact(overrun.events() + overrun.counted("ticks"));
}

TEST_P(Ledger, WithRecordsThatAreTooLong) {
  const int64_t every = 50 + static_cast<int64_t>(random_() % 150);
  std::string doubled = "s = \"0123456789abcdef\" ", values;
  for (int i = 0; i < 6; ++i) doubled += "s = s . s ";
  std::string conversions;
  for (int i = 0; i < 9; ++i) {
    conversions += "%s";
    values += ", s";
  }
  Overrun overrun(
      kSecondCount +
          on_event("{ if ($regs->di % $4 == 0) { " + doubled + "printf(\"" + conversions + "\"" +
                   values + ") } else printf(\"%d %d\\n\", pid(), $regs->di) }") +
          on_event("hits <<< 1"),
      random_, {every});
  if (!overrun.run()) return;
  int64_t too_long = overrun.producer(0).count() / every + overrun.producer(1).count() / every;
  EXPECT_EQ(overrun.counted("hits"), overrun.events());
  EXPECT_EQ(overrun.dropped(DropCause::record_too_long), static_cast<uint64_t>(too_long));
  overrun.expect_exact(overrun.events());
}

// Both CPUs want the same locks and hardly wait: a handler that gets none is a record that was
// dropped. Where it ran, both globals moved as one.
TEST_P(Ledger, WithLocksThatBothWant) {
  Overrun overrun(
      "global hits, first, second\n" +
          on_event("{ first++ second = second + 1 printf(\"%d %d\\n\", first, second) }") +
          on_event("hits <<< 1"),
      random_);
  if (!overrun.run()) return;
  EXPECT_EQ(overrun.counted("hits"), overrun.events());
  EXPECT_EQ(overrun.dropped(DropCause::lock_timeout), overrun.dropped());
  overrun.expect_exact(overrun.events());
  RecordProperty("lock_timeouts", static_cast<int>(overrun.dropped()));
  int64_t torn = 0;
  for (auto [first, second] : overrun.kept_numbers()) torn += first != second;
  EXPECT_EQ(torn, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Ledger, testing::Range(1u, 6u));

}  // namespace
}  // namespace stapd
