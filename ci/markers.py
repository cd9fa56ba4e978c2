"""Finds where planted bugs go: each has a marker, `// bug: its name`, on a line above the code that it changes.

A bug replaces the first place after its marker that has the same tokens as its text. White space and comments do not
count. So a bug survives reformatting, and the renaming of everything that its text does not mention.
"""
import re

TOKEN = re.compile(r"""
    (?P<skip>\s+|//[^\n]*|/\*.*?\*/)
  | b?r(?P<hashes>\#*)".*?"(?P=hashes)          # raw strings
  | b?"(?:\\.|[^"\\])*"                          # strings
  | b?'(?:\\.[^']*|[^'\\])'                      # characters
  | '\w+                                        # lifetimes
  | \w+
  | [=!<>]=|&&|\|\||=>|->|::|\.\.=?|[-+|&]=|\d+\.\d+
  | .
""", re.X | re.S)

MARKER = re.compile(r"^[ \t]*// bug: (.*)$", re.M)


def tokens(text, start=0):
    """Returns the tokens of Rust code from `start` on, each as text, start and end."""
    found = TOKEN.finditer(text, start)
    return [(match.group(), match.start(), match.end()) for match in found if match["skip"] is None]


def markers(source):
    """Returns the file and the offset after the marker of each name below `source`, and the names marked twice."""
    places, twice = {}, []
    for path in sorted(source.rglob("*.rs")):
        for match in MARKER.finditer(path.read_text()):
            for name in match[1].split("; "):
                if name in places:
                    twice.append(name)
                places[name] = (path, match.end())
    return places, twice


def find(text, start, wanted):
    """Returns start and end of the first place after `start` that has the tokens of `wanted`, or None."""
    want = [token for token, _, _ in tokens(wanted)]
    have = tokens(text, start)
    for i in range(len(have) - len(want) + 1):
        if all(have[i + j][0] == word for j, word in enumerate(want)):
            return have[i][1], have[i + len(want) - 1][2]
    return None
