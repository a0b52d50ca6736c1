"""A hunter that looks the answer up, to check the judge with.

It knows the planted suite by the name of its directory.  A suite whose name is given in `FAKE_...`
is answered wrongly, in one of the ways that the judge must notice:

    FAKE_SILENT=victim_cwd FAKE_KIND=file_report FAKE_ACCUSE=files \
        python benchmarks/flakes/hunt.py --hunter 'python benchmarks/flakes/fake_hunter.py'
"""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Final

# What the parts of a benchmark share lies one directory up.
sys.path.append(str(Path(__file__).parents[1]))

from flakes.expected import Flaky, read_plants

WAYS: Final = ("SILENT", "KIND", "CULPRITS", "COMMAND", "ACCUSE", "CRASH", "MISS")


def main() -> int:
    """Print a record of the suite in the current directory; 1 where it names a flaky test."""
    name = Path.cwd().name
    wrong = {way for way in WAYS if os.environ.get(f"FAKE_{way}") == name}
    if "CRASH" in wrong:
        raise SystemExit(3)
    if "SILENT" in wrong:
        return 0
    plants = read_plants(name)
    verdicts = [build_verdict(one, wrong) for plant in plants for one in plant.flaky]
    if "MISS" in wrong:
        verdicts = []
    if "ACCUSE" in wrong:
        verdicts.append({"nodeid": "x.py::x", "kind": "unknown", "culprits": [], "command": ""})
    print(json.dumps({"version": 1, "exit_code": int(bool(verdicts)), "verdicts": verdicts}))
    return int(bool(verdicts))


def build_verdict(flaky: Flaky, wrong: set[str]) -> dict[str, object]:
    """Build what a hunter should say of a test, or not."""
    culprits = flaky.culprits[0] if flaky.culprits else ()
    if "CULPRITS" in wrong:
        culprits = (*culprits, "x.py::x")
    last = "true" if "COMMAND" in wrong else shlex.join(["echo", flaky.test])
    return {
        "nodeid": flaky.test,
        "kind": "unknown" if "KIND" in wrong else flaky.kinds[0],
        "culprits": culprits,
        "command": f"{last}; exit 1" if "COMMAND" not in wrong else last,
    }


if __name__ == "__main__":
    sys.exit(main())
