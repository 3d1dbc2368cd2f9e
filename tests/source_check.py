"""What the checks of the source tree have in common: how they are called, and what they print."""
import pathlib
import sys


def main(name, violations, self_test=None):
    """The exit status. `violations` of a root are lines; with --self-test in its place, `self_test` runs."""
    if self_test and sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    found = list(violations(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found) if found else f"{name}: nothing to complain of")
    return 1 if found else 0
