"""Copies of the sources with planted bugs, and the models that look for them."""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess

import markers

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "target" / "mutants"
AT_A_TIME = min(os.cpu_count() or 1, 4)

# The models that are built with crossbeam-epoch itself.
EPOCHS = "epochs::"


class Tree:
    """A copy of the sources, and the place of its builds."""

    def __init__(self, number):
        self.path = HOME / f"tree{number}"
        self.number = number

    def prepare(self, whole=False):
        """Copies the sources afresh: all of them if `whole`, otherwise only what the models need."""
        self.path.mkdir(parents=True, exist_ok=True)
        for part in ("src", "loom-tests", "tests", "docs", "benches", "checks", "examples", "fuzz", "ci"):
            shutil.rmtree(self.path / part, ignore_errors=True)
            if whole or part in ("src", "loom-tests", "tests"):
                shutil.copytree(ROOT / part, self.path / part, ignore=shutil.ignore_patterns("target", "corpus"))
        for name in ("Cargo.lock", "README.md", "DESIGN.md"):
            shutil.copy(ROOT / name, self.path / name)
        manifest = (ROOT / "Cargo.toml").read_text()
        if not whole:
            manifest = re.sub(r"(?ms)^\[(dev-dependencies|\[(bench|test|example)\])\].*?(?=^\[|\Z)", "", manifest)
        (self.path / "Cargo.toml").write_text(manifest + "\n[workspace]\n")

    def plant(self, bug):
        """Plants a bug. Returns None, or the reason why the bug does not apply."""
        places, _ = markers.markers(self.path / "src")
        if bug.name not in places:
            return f"no marker says `// bug: {bug.name}`"
        path, start = places[bug.name]
        text = path.read_text()
        span = markers.find(text, start, bug.old)
        if not span:
            return f"{path.name} does not hold the text after its marker"
        path.write_text(text[:span[0]] + bug.new + text[span[1]:])
        return None

    def build(self, model=""):
        """Builds the program with the model. Returns its path, or None if that fails, and the compiler's output."""
        epochs = EPOCHS in model
        flags = "--cfg loom -C debug-assertions -A warnings" + (" --cfg crossbeam_loom" if epochs else "")
        place = HOME / f"build{self.number}{'-epochs' if epochs else ''}"
        env = dict(os.environ, RUSTFLAGS=flags, CARGO_TARGET_DIR=str(place), CARGO_PROFILE_RELEASE_DEBUG="false",
                   CARGO_INCREMENTAL="1")
        command = ["cargo", "test", "--release", "--lib", "--features", "net", "--no-run", "--quiet", "--message-format=json"]
        done = subprocess.run(command, cwd=self.path, env=env, capture_output=True, text=True)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        programs = [message["executable"] for message in messages if message.get("executable")]
        said = done.stderr + "".join(m["message"]["rendered"] for m in messages if m.get("message"))
        return (programs[-1] if done.returncode == 0 and programs else None), said


def killer(program, wanted, **env):
    """Runs the models whose names contain one of `wanted`, in that order, until one fails.

    Returns the name of the model that failed, False if all pass, or None if there are none; and the output.
    """
    listed = subprocess.run([program, "--list", "models::"], capture_output=True, text=True).stdout
    models = re.findall(r"^(\S+): test$", listed, re.M)
    chosen = list(dict.fromkeys(model for part in wanted for model in models if part in model))
    if not chosen:
        return None, f"no model is called {' or '.join(wanted)}"
    for model in chosen:
        done = subprocess.run([program, "--exact", model], env=dict(os.environ, RUST_BACKTRACE="0", **env),
                              capture_output=True, text=True, errors="replace", timeout=1800)
        if done.returncode:
            return model.split("models::")[1], done.stdout + done.stderr
    return False, ""


def each(jobs, work, at_a_time=AT_A_TIME):
    """Yields what `work` returns for each of the jobs, in their order. Runs `at_a_time` jobs in parallel."""
    pool = concurrent.futures.ThreadPoolExecutor(at_a_time)
    try:
        yield from pool.map(work, jobs)
    finally:
        # Ctrl-C starts no more of them.
        pool.shutdown(cancel_futures=True)
