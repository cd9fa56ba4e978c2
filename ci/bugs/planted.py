"""The type of a planted bug, and the list of all bugs."""
from typing import NamedTuple


class Bug(NamedTuple):
    name: str
    old: str
    new: str
    stages: dict


BUGS: list[Bug] = []


def bug(name, old, new, **stages):
    BUGS.append(Bug(name, old, new, stages))
