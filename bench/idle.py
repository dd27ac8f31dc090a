"""What a daemon weighs that has sessions and nothing to do."""

import re
import time
from pathlib import Path

from method import Skip
from ours import make_root, require_built, start_stapd
from producer import FUNCTION

SESSIONS = 10
LIMIT_MIB = 10
SETTLE_SECONDS = 2


def resident_besides_rings_mib(pid):
    """Resident memory without the rings, which are mapped BPF maps."""
    kib = 0
    counts = True
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            counts = "bpf-map" not in line
        elif counts and line.startswith("Rss:"):
            kib += int(line.split()[1])
    return kib / 1024


def measure(bin_folder, scratch, producer):
    """MiB of a stapd with sessions whose probe never hits; Skip says why not."""
    require_built(bin_folder, "stapd", "stapctl")
    # No thread is inside the function while nobody asks the producer to call it.
    text = f'probe process("{producer.path}").function("{FUNCTION}") {{ println(execname()) }}\n'
    names = [f"idle{number}" for number in range(SESSIONS)]
    root = make_root(scratch, {name: text for name in names})
    stapd = start_stapd(bin_folder, root, scratch / "idle.out")
    try:
        for name in names:
            stapd.wait_until_listed(name, 20)
        time.sleep(SETTLE_SECONDS)
        stapd.check_running(Skip)
        return resident_besides_rings_mib(stapd.process.pid)
    finally:
        stapd.control("stop", "--all")
        stapd.close()
