"""Include lines: one direction between the rooms, and one door a library.

What a room may include is read from the DEPENDS lists of CMakeLists.txt, with what those depend on.
"""

import re
from pathlib import Path

import sources

_ROOM = re.compile(r"^stapd_room\(\s*([^\s)]+)([^)]*)\)", re.MULTILINE)
_INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)

# Library, pattern of its headers, the folders that may include them. The first that matches counts.
DOORS = [
    ("elfutils", r"elfutils/|(libelf|gelf|dwarf)\.h$", ("translator/resolve", "runtime/symbols")),
    # Read where kernel names are resolved, written where programs are loaded.
    ("libbpf's BTF", r"bpf/btf\.h$", ("translator/resolve", "runtime/load")),
    ("libbpf", r"bpf/", ("runtime/load",)),
    ("zstd", r"zstd(_errors)?\.h$", ("runtime/store",)),
    ("xxHash", r"xxh(ash|3)\.h$", ("runtime/store",)),
    ("sd-bus", r"systemd/sd-bus", ("stapd/bus", "ctl")),
    ("sd-event", r"systemd/sd-event", ("stapd/host", "ctl")),
    ("libsystemd", r"systemd/", ("stapd", "ctl")),
    ("Asio", r"boost/asio", ("stapd",)),
    ("inih", r"(ini\.h|INIReader\.h)$", ("stapd",)),
]
# Folders outside the rooms, and what of the rooms they may use.
TESTS = "tests"
BENCH = "bench"
LEAVES = ("stapd", "ctl")  # nobody includes these but themselves and the tests
# What compiles, what reads the running kernel into the KernelInfo that compiling takes, and regular
# expressions, which --where has as scripts have them.
TRANSLATOR_DOORS = ("translator/compile.h", "translator/host/compile_here.h",
                    "translator/resolve/read_running_kernel.h", "translator/regex/automaton.h")


def inside(path, folder):
    return str(path) == folder or str(path).startswith(folder + "/")


def top_of(path):
    return str(path).split("/")[0]


class Rooms:
    """The rooms of CMakeLists.txt and what each may use."""

    def __init__(self, cmake_text):
        self.depends = {}
        for folder, rest in _ROOM.findall(cmake_text):
            if folder.startswith("$"):
                continue
            words = rest.split()
            self.depends[folder] = words[words.index("DEPENDS") + 1:] if "DEPENDS" in words else []
        by_target = {folder.replace("/", "_"): folder for folder in self.depends}
        self.uses = {folder: self._closure(folder, by_target) for folder in self.depends}

    def _closure(self, folder, by_target):
        found, waiting = set(), [folder]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += [by_target[name] for name in self.depends[current] if name in by_target]
        return found

    def room_of(self, path):
        candidates = [folder for folder in self.depends if inside(path, folder)]
        return max(candidates, key=len, default=None)


def fault_of_own_include(rooms, path, header):
    """Why the file `path` may not include our header `header`, or None."""
    source_top, header_top = top_of(path), top_of(header)
    if source_top in (TESTS, BENCH):
        return None
    if header_top == TESTS:
        return "only tests and benches include tests"
    if header_top in LEAVES and source_top != header_top:
        return f"nobody includes {header_top}"
    if header_top == "translator" and source_top != "translator" and header not in TRANSLATOR_DOORS:
        return f"the translator's doors are {' and '.join(TRANSLATOR_DOORS)}"
    if source_top == BENCH or header_top == BENCH:
        return None if source_top == BENCH else "only bench includes bench"
    source_room, header_room = rooms.room_of(path), rooms.room_of(header)
    if source_room is None:
        return f"{Path(path).parent} is no room of CMakeLists.txt"
    if header_room not in rooms.uses[source_room]:
        return f"{source_room} does not DEPEND on {header_room}"
    return None


def fault_of_library_include(path, header):
    if top_of(path) in (TESTS, BENCH):
        return None
    for library, pattern, folders in DOORS:
        if re.match(pattern, header):
            if any(inside(path, folder) for folder in folders):
                return None
            return f"{library} is used in {' and '.join(folders)} only"
    return None


def check(root):
    rooms = Rooms(Path(root, "CMakeLists.txt").read_text())
    faults = []
    for path in sources.cpp_files(root):
        text = sources.read_text(root, path)
        for match in _INCLUDE.finditer(text):
            kind, header = match.groups()
            if kind == "<":
                fault = fault_of_library_include(path, header)
            elif not Path(root, header).is_file():
                fault = "no such file (quoted includes start at the root of the tree)"
            else:
                fault = fault_of_own_include(rooms, path, header)
            if fault:
                line = sources.line_of(text, match.start(2))
                faults.append(f"{path}:{line}: includes {header}: {fault}")
    return faults
