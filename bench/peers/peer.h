// What the hand-written peers have in common. One program for each hook, with the same body: the
// raw tracepoint of system calls, the same as a plain tracepoint, and a function of a program.
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define PEER_PROGRAMS(body)                                                            \
  SEC("raw_tp/sys_enter") int peer_syscall(void* context) { return body; }             \
  SEC("tp/raw_syscalls/sys_enter") int peer_tracepoint(void* context) { return body; } \
  SEC("uprobe") int peer_call(void* context) { return body; }                          \
  char LICENSE[] SEC("license") = "Dual BSD/GPL"
