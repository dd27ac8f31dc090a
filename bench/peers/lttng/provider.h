// The LTTng-UST event of the bench: three integers and a name, as the other peers record.
#undef TRACEPOINT_PROVIDER
#define TRACEPOINT_PROVIDER stapd_bench

#undef TRACEPOINT_INCLUDE
#define TRACEPOINT_INCLUDE "bench/peers/lttng/provider.h"

// Included several times by LTTng's own headers, each time with other meanings of the macros.
#if !defined(STAPD_BENCH_PROVIDER_H) || defined(TRACEPOINT_HEADER_MULTI_READ)
#define STAPD_BENCH_PROVIDER_H

#include <lttng/tracepoint.h>

TRACEPOINT_EVENT(stapd_bench, hit, TP_ARGS(int, pid, int, tid, int, uid, const char*, comm),
                 TP_FIELDS(ctf_integer(int, pid, pid) ctf_integer(int, tid, tid)
                               ctf_integer(int, uid, uid) ctf_string(comm, comm)))

#endif

#include <lttng/tracepoint-event.h>
