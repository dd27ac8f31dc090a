// LTTng's code for the event in provider.h.
#define TRACEPOINT_CREATE_PROBES
#define TRACEPOINT_DEFINE
#include "bench/peers/lttng/provider.h"
