"""Counts tests from what the test runners left behind; called by scripts/test.

    tally.py meson LOG.json      meson's log of one suite: cmocka programs, or programs that end with a line
                                 "N passed, N failed"
    tally.py pytest FOLDER       a <name>.xml (JUnit), <name>.log and <name>.status per pytest process

Prints the full output of what failed, and as its last line "passed failed skipped".
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

RUNNING = re.compile(r"^\[=+\].*\bRunning (\d+) test\(s\)", re.MULTILINE)
PASSED = re.compile(r"^\[ +PASSED +\] (\d+) test\(s\)", re.MULTILINE)
SKIPPED = re.compile(r"^\[ +SKIPPED +\] (?:tests: )?(\d+) test\(s\)", re.MULTILINE)
LAST_LINE = re.compile(r"^(\d+) passed, (\d+) failed$")


def total(pattern, text):
    return sum(int(number) for number in pattern.findall(text))


def count_program(output, succeeded):
    """(passed, failed, skipped) of one test program. What was started and did not pass has failed, so that a crash
    counts; a program that fails after its last case, or runs none, counts as one failure."""
    lines = output.strip().splitlines()
    last = LAST_LINE.match(lines[-1]) if lines else None
    if last:
        passed, failed, skipped = int(last[1]), int(last[2]), 0
    else:
        passed, skipped = total(PASSED, output), total(SKIPPED, output)
        failed = max(0, total(RUNNING, output) - passed - skipped)
    if failed == 0 and (not succeeded or passed + skipped == 0):
        failed = 1
    return passed, failed, skipped


def tally_meson(log):
    passed, failed, skipped = 0, 0, 0
    for line in log.read_text().splitlines() if log.exists() else []:
        test = json.loads(line)
        streams = [test.get("stdout") or "", test.get("stderr") or ""]
        counts = count_program("\n".join(filter(None, reversed(streams))), test["result"] == "OK")
        passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
        if counts[1]:
            print(f"-- {test['name']}: {test['result']}, exit {test.get('returncode')}")
            for stream in filter(None, streams):
                print(stream.rstrip("\n"))
    return passed, failed, skipped


def count_junit(xml):
    """{test: "passed", "failed" or "skipped"}; a test whose teardown failed appears twice, and has failed."""
    results = {}
    for case in ElementTree.parse(xml).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            results[name] = "failed"
        elif case.find("skipped") is not None:
            results.setdefault(name, "skipped")
        else:
            results.setdefault(name, "passed")
    return list(results.values())


def tally_pytest(folder):
    nothing_selected = "5"
    passed, failed, skipped = 0, 0, 0
    for status in sorted(folder.glob("*.status")):
        code = status.read_text().strip()
        xml = status.with_suffix(".xml")
        results = count_junit(xml) if xml.exists() else []
        failures = results.count("failed")
        if failures == 0 and code not in ("0", nothing_selected):
            failures = 1
        passed, failed, skipped = passed + results.count("passed"), failed + failures, skipped + results.count("skipped")
        if failures:
            print(f"-- {status.stem}: pytest exit {code}")
            print(status.with_suffix(".log").read_text(errors="replace").rstrip("\n"))
    return passed, failed, skipped


def main(kind, where):
    tally = {"meson": tally_meson, "pytest": tally_pytest}[kind]
    print(*tally(Path(where)))


if __name__ == "__main__":
    main(*sys.argv[1:])
