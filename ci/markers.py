"""Where the planted bugs go: each has a marker in the source, `// bug: its name`, on a line above the code that it changes.

What a bug replaces is the first place after its marker that reads the same, token by token. White space and comments do
not count, so that a bug survives reformatting, and the renaming of all that its text does not mention.
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
    """The tokens of Rust code from `start` on: text, start and end of each."""
    found = TOKEN.finditer(text, start)
    return [(match.group(), match.start(), match.end()) for match in found if match["skip"] is None]


def markers(source):
    """The file and the offset after the marker, of each name that is marked below `source`; and names marked twice."""
    places, twice = {}, []
    for path in sorted(source.rglob("*.rs")):
        for match in MARKER.finditer(path.read_text()):
            for name in match[1].split("; "):
                if name in places:
                    twice.append(name)
                places[name] = (path, match.end())
    return places, twice


def find(text, start, wanted):
    """Start and end of the first place after `start` that has the tokens of `wanted`."""
    want = [token for token, _, _ in tokens(wanted)]
    have = tokens(text, start)
    for i in range(len(have) - len(want) + 1):
        if all(have[i + j][0] == word for j, word in enumerate(want)):
            return have[i][1], have[i + len(want) - 1][2]
    return None
