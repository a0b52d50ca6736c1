"""The command line: which verb is asked for, what is printed, and the exit code.

The only module that prints; what a verb does is in `commands`.
"""

import argparse
import json
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from typing import Final

from .commands import NAMES, load_verb
from .commands.progress import Progress
from .commands.verb import ExitCode, Outcome, Verb
from .errors import InfraError

PROG: Final = f"python -m {__package__}"

JSON_VERSION: Final = 1

EPILOG: Final = """\
exit codes:
  0  sound
  1  a finding: the text says which
  2  a mistake in the arguments, the configuration or the tests' own code
  3  a failure of this program
  130  interrupted, with nothing found until then
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb, print what it found, and return the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = build_parser(words[:1] if words and words[0] in NAMES else NAMES)
    found, rest = parser.parse_known_args(words)
    verb: Verb = found.verb
    if rest and not verb.takes_pytest_args:
        parser.error(f"{verb.name} doesn't know {' '.join(rest)}")
    found.pytest_args = rest
    found.progress = Progress(sys.stderr, width=shutil.get_terminal_size().columns - 1)
    try:
        outcome = verb.run(found)
    except InfraError as error:
        print(error, file=sys.stderr)  # noqa: T201  the module that prints
        return ExitCode.USAGE
    except Exception:  # noqa: BLE001  a failure of ours must not look like a finding
        traceback.print_exc()
        return ExitCode.FAILURE
    _print(outcome, is_json=found.json)
    return outcome.exit_code


def build_parser(names: Sequence[str] = NAMES) -> argparse.ArgumentParser:
    """Build the parser that knows some of the verbs; unless one is asked for, it shows all."""
    parser = argparse.ArgumentParser(
        prog=PROG,
        description="Look at, check and tune how a pytest suite runs in parallel.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name in names:
        _add_verb(verbs, load_verb(name))
    return parser


def _add_verb(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", verb: Verb) -> None:
    own = " [options]" if verb.add_arguments is not None else ""
    suffix = f"{own} [pytest's arguments ...]" if verb.takes_pytest_args else ""
    sub = verbs.add_parser(
        verb.name,
        help=verb.summary,
        description=verb.description.replace("{prog}", f"{PROG} {verb.name}"),
        epilog=EPILOG,
        usage=f"%(prog)s [--json]{suffix}" if verb.takes_pytest_args else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    sub.add_argument("--json", action="store_true", help="print JSON instead of text")
    if verb.add_arguments is not None:
        verb.add_arguments(sub)
    sub.set_defaults(verb=verb)


def _print(outcome: Outcome, *, is_json: bool) -> None:
    data = {"version": JSON_VERSION, "exit_code": outcome.exit_code, **outcome.data}
    text = json.dumps(data, indent=2) if is_json else outcome.text
    try:
        print(text, flush=True)  # noqa: T201  the module that prints
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; Python would complain again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
