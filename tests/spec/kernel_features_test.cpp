#include "runtime/load/kernel_features.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace stapd {
namespace {

KernelFeatures none() {
  KernelFeatures f;
  f.bpf_loop = f.for_each_map_elem = f.lookup_percpu_elem = f.current_task_btf = false;
  f.uprobe_multi = f.kprobes = f.tracepoint_events = false;
  return f;
}

TEST(KernelFeatures, OfTheHost) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  KernelFeatures features = none();
  Status status = probe_kernel_features(features);
  ASSERT_TRUE(status) << status.error().message;
  std::printf(
      "bpf_loop %d, for_each_map_elem %d, lookup_percpu_elem %d, current_task_btf %d, "
      "uprobe_multi %d, kprobes %d\n",
      features.bpf_loop, features.for_each_map_elem, features.lookup_percpu_elem,
      features.current_task_btf, features.uprobe_multi, features.kprobes);
  // Each came with a version that has all the ones before it.
  EXPECT_LE(features.bpf_loop, features.for_each_map_elem);
  EXPECT_LE(features.lookup_percpu_elem, features.bpf_loop);
  EXPECT_LE(features.uprobe_multi, features.lookup_percpu_elem);
  EXPECT_TRUE(features.current_task_btf) << "5.11, while we need 5.12";
}

TEST(KernelFeatures, AreFoundSoon) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    KernelFeatures features;
    auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(probe_kernel_features(features));
    auto time = std::chrono::steady_clock::now() - start;
    best = std::min(best, std::chrono::duration<double, std::milli>(time).count());
  }
  std::printf("all features: %.2f ms\n", best);
  EXPECT_LT(best, 10);
}

TEST(KernelFeatures, WithoutRights) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give it up";
  pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    KernelFeatures features;
    Status status = probe_kernel_features(features);
    ::_exit(!status && status.error().code == ErrorCode::permission_denied ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace stapd
