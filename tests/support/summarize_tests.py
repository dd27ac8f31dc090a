#!/usr/bin/python3
"""Sums up a ctest run by label: summarize_tests.py BUILD_FOLDER RESULTS_XML."""

import collections
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree


def labels_by_test(build_folder):
    """What ctest's result file leaves out: the labels of each test."""
    listing = subprocess.run(
        ["ctest", "--test-dir", build_folder, "--show-only=json-v1"],
        check=True, capture_output=True, text=True).stdout
    found = {}
    for test in json.loads(listing)["tests"]:
        properties = {entry["name"]: entry["value"] for entry in test.get("properties", [])}
        found[test["name"]] = properties.get("LABELS", ["(no label)"])
    return found


def outcome(case):
    """passed, failed or skipped. Only a test that says so itself, or is switched off, is skipped:
    a missing program or a failed fixture is called `skipped` by ctest too, and is a failure."""
    if case.get("status") == "run":
        return "passed"
    skipped = case.find("skipped")
    if case.get("status") == "disabled" or (
            skipped is not None and skipped.get("message", "").startswith("SKIP_")):
        return "skipped"
    return "failed"


def last_line(case):
    """The reason of a skip is the last line that the test printed."""
    lines = (case.findtext("system-out") or "").strip().splitlines()
    return lines[-1].strip() if lines else "did not run"


def print_table(cases, labels):
    rows = collections.defaultdict(collections.Counter)
    for case in cases:
        for label in labels.get(case.get("name"), ["(no label)"]):
            rows[label][outcome(case)] += 1
            rows[label]["seconds"] += float(case.get("time") or 0)
    print(f"\n{'label':<14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>10}")
    for label in sorted(rows):
        row = rows[label]
        print(f"{label:<14}{row['passed']:>8}{row['failed']:>8}{row['skipped']:>9}"
              f"{row['seconds']:>10.1f}")


def main():
    build_folder, results = sys.argv[1:]
    cases = list(ElementTree.parse(results).getroot().iter("testcase"))
    print_table(cases, labels_by_test(build_folder))
    by_outcome = collections.defaultdict(list)
    for case in cases:
        by_outcome[outcome(case)].append(case)
    print()
    for case in by_outcome["skipped"]:
        print(f"skipped {case.get('name')}: {last_line(case)}")
    for case in by_outcome["failed"]:
        print(f"FAILED {case.get('name')}    again: "
              f"./dev test -R '^{re.escape(case.get('name'))}$'")
    print(f"{len(cases)} tests: {len(by_outcome['passed'])} passed, "
          f"{len(by_outcome['failed'])} failed, {len(by_outcome['skipped'])} skipped")


if __name__ == "__main__":
    main()
