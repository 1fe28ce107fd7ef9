"""The table of coverage.sh: share of lines run in each room, and every line that raises an error but was never run."""

import json
import sys
from collections import defaultdict
from pathlib import Path


def lines_of_gcovr(path):
    """Give file -> (lines run, lines not run) of gcovr's JSON."""
    found = {}
    for file in json.loads(Path(path).read_text())["files"]:
        counts = defaultdict(int)
        for line in file["lines"]:
            counts[line["line_number"]] += line["count"]
        run = [number for number, count in counts.items() if count]
        found[file["file"]] = run, sorted(counts.keys() - run)
    return found


def lines_of_coverage(path):
    """Give file -> (lines run, lines not run) of coverage.py's JSON."""
    files = json.loads(Path(path).read_text())["files"]
    return {name: (file["executed_lines"], file["missing_lines"]) for name, file in files.items()}


def main(native, python):
    for files in (lines_of_gcovr(native), lines_of_coverage(python)):
        rooms = defaultdict(lambda: [0, 0])
        for name, (run, missed) in files.items():
            parts = Path(name).parts
            for room in (parts[0], "/".join(parts[:2]) if len(parts) > 2 else f"{parts[0]}/*"):
                rooms[room][0] += len(run)
                rooms[room][1] += len(run) + len(missed)
        for room, (run, lines) in sorted(rooms.items(), key=lambda entry: (entry[0].count("/"), entry[0])):
            print(f"{room:28}{100 * run / lines:6.1f} %  of {lines:6,} lines")
        print("error lines never run:")
        for name, (_, missed) in sorted(files.items()):
            text = Path(name).read_text().splitlines()
            for number in missed:
                if any(word in text[number - 1] for word in ("raise ", "throw ")):
                    print(f"    {name}:{number}: {text[number - 1].strip()}")


main(*sys.argv[1:])
