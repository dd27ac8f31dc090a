#include "translator/resolve/tracepoints.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/btf_builder.h"

namespace stapd {
namespace {

using test::BtfBuilder;
namespace fs = std::filesystem;

class TracepointNames : public testing::Test {
 protected:
  TracepointNames() : catalog_(btf::Catalog::from_bytes(build().bytes())) {
    tracefs_ = fs::temp_directory_path() / ("stapd-tracefs-" + std::to_string(::getpid()));
    for (const char* event : {"sched/sched_switch", "sched/sched_wakeup", "irq/softirq_entry"}) {
      fs::create_directories(tracefs_ / "events" / event);
    }
    std::ofstream(tracefs_ / "events/enable") << "0\n";
    std::ofstream(tracefs_ / "available_events")
        << "sched:sched_switch\nsched:sched_wakeup\nirq:softirq_entry\n";
  }
  ~TracepointNames() override { fs::remove_all(tracefs_); }

  static BtfBuilder build() {
    BtfBuilder b;
    auto task = b.pointer(b.structure("task_struct", 8, {}));
    auto bool_ = b.integer("_Bool", 1, BTF_INT_BOOL);
    b.tracepoint("sched_switch", {{"preempt", bool_}, {"prev", task}, {"next", task}});
    b.tracepoint("sched_wakeup", {{"p", task}});
    b.tracepoint("softirq_entry", {{"vec_nr", bool_}});
    b.tracepoint("pelt_cfs_tp", {{"rq", task}});
    // An older kernel, or one whose compiler renamed the function
    b.typedef_("btf_trace_nameless",
               b.pointer(b.prototype(BtfBuilder::kVoid, {{"", task}, {"", task}, {"", bool_}})));
    b.function("__traceiter_no_arguments", BtfBuilder::kVoid, {{"__data", task}});
    b.function("sched_fork", BtfBuilder::kVoid, {});
    return b;
  }
  std::string find(std::string_view pattern) {
    Tracepoints tracepoints(catalog_, tracefs_);
    auto found = tracepoints.find(pattern);
    if (!found) return found.error().message;
    std::string text;
    for (const Tracepoint& t : *found) {
      text += (text.empty() ? "" : " ") + t.full_name() + "(";
      for (const auto& a : t.arguments) text += std::string(a.name) + ",";
      text += ")";
    }
    return text;
  }

  btf::Catalog catalog_;
  fs::path tracefs_;
};

TEST_F(TracepointNames, ByNameAndBySystem) {
  EXPECT_EQ(find("sched_switch"), "sched:sched_switch(preempt,prev,next,)");
  EXPECT_EQ(find("sched:sched_switch"), "sched:sched_switch(preempt,prev,next,)");
  EXPECT_EQ(find("irq:sched_switch"), "");
  EXPECT_EQ(find("sched_fork"), "") << "a function is no tracepoint";
  EXPECT_EQ(find("no_such"), "");
  EXPECT_EQ(find(""), "");
}

TEST_F(TracepointNames, ArgumentsWithoutNames) {
  EXPECT_EQ(find("nameless"), "nameless(arg1,arg2,)");
  EXPECT_EQ(find("no_arguments"), "no_arguments()");
}

TEST_F(TracepointNames, Wildcards) {
  EXPECT_EQ(find("sched_w*"), "sched:sched_wakeup(p,)");
  EXPECT_EQ(find("sched:*"), "sched:sched_switch(preempt,prev,next,) sched:sched_wakeup(p,)");
  EXPECT_EQ(find("s[co]*_?w*"), "sched:sched_switch(preempt,prev,next,)");
  EXPECT_EQ(find("*:pelt*"), "pelt_cfs_tp(rq,)");
  EXPECT_EQ(find("i*:*"), "irq:softirq_entry(vec_nr,)");
  EXPECT_EQ(find("*nameless"), "nameless(arg1,arg2,)") << "the typedef alone";
}

TEST_F(TracepointNames, WithoutTracefs) {
  Tracepoints tracepoints(catalog_, "/nonexistent");
  ASSERT_TRUE(tracepoints.find("sched_switch"));
  EXPECT_EQ(tracepoints.find("sched_switch")->at(0).system, "");
  EXPECT_EQ(tracepoints.find("sched_*")->size(), 2u);
  EXPECT_EQ(tracepoints.find("sched:sched_switch")->at(0).full_name(), "sched:sched_switch");
  auto group = tracepoints.find("sched:*");
  ASSERT_FALSE(group);
  EXPECT_NE(group.error().message.find("/nonexistent"), std::string::npos);
}

TEST_F(TracepointNames, OfModules) {
  BtfBuilder kernel = build();
  BtfBuilder module(kernel, true);
  module.tracepoint("drv_event", {{"dev", 1}});
  ASSERT_TRUE(catalog_.add_module_bytes("drv", module.bytes()));
  EXPECT_EQ(find("drv_event"), "drv_event(dev,)");
  EXPECT_EQ(find("drv_*"), "drv_event(dev,)");
}

TEST(NoTypes, IsAnError) {
  btf::Catalog catalog("/nonexistent/vmlinux");
  Tracepoints tracepoints(catalog, "/sys/kernel/tracing");
  EXPECT_EQ(tracepoints.find("sched_switch").error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace stapd
