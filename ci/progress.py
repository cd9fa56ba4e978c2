"""Says how far a long command is: on a terminal in a line that moves, otherwise in a line now and then."""
import sys
import time

# The seconds between two lines in a log.
PAUSE = 60


class Progress:
    """The progress of `total` steps, which take about the same time each. Lines go to standard error."""

    def __init__(self, name, total):
        self.name, self.total, self.done = name, total, 0
        self.start = self.told = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def step(self, what=""):
        """Counts one step as done."""
        self.done += 1
        if self.terminal:
            print(f"\r{self.line(what)}\033[K", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.told >= PAUSE and self.done < self.total:
            self.told = time.monotonic()
            print(self.line(what), file=sys.stderr, flush=True)

    def line(self, what):
        elapsed = time.monotonic() - self.start
        left = elapsed / self.done * (self.total - self.done)
        return f"{self.name}: {self.done} of {self.total}{what and f', {what}'}, about {duration(left)} left"

    def clear(self):
        """Removes the line that moves, before something else is printed."""
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def duration(seconds):
    """Returns a duration in words."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
