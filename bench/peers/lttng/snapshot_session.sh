#!/bin/bash
# Runs PRODUCER CPU under LTTng as a flight recorder: a snapshot session whose buffers overwrite, with a
# session daemon of our own. snapshot_session.sh SCRATCH PRODUCER CPU; the producer has our stdin and
# stdout. At its end a snapshot is taken; exit status 0 says that it holds events.
set -euo pipefail
readonly SCRATCH=$1
shift

# The daemon of root has one fixed place, and perhaps the host runs one: ours gets a place of its own.
if [[ ! -v STAPD_BENCH_UNSHARED ]]; then
  STAPD_BENCH_UNSHARED=1 exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc -- "$0" "$SCRATCH" "$@"
fi
mkdir -p /run/lttng "$SCRATCH"
mount -t tmpfs lttng /run/lttng
mount -t tmpfs shm /dev/shm
export LTTNG_HOME=$SCRATCH HOME=$SCRATCH

{
  lttng-sessiond --daemonize --no-kernel
  lttng create bench --snapshot --output="$SCRATCH/snapshot"
  lttng enable-channel --userspace --overwrite --subbuf-size=1M --num-subbuf=4 channel
  lttng enable-event --userspace --channel=channel 'stapd_bench:*'
  lttng start
} >"$SCRATCH/lttng.log" 2>&1

LTTNG_UST_REGISTER_TIMEOUT=-1 "$@"
{
  lttng snapshot record
  lttng destroy
} >>"$SCRATCH/lttng.log" 2>&1
[[ $(du -sm "$SCRATCH/snapshot" | cut -f1) -ge 1 ]]
