"""A copy of the sources to plant bugs in, and the models to find them with."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "mutants" / "tree"


def prepare():
    """Makes the copy anew."""
    COPY.mkdir(parents=True, exist_ok=True)
    for part in ("src", "loom-tests", "benches", "tests", "examples"):
        shutil.rmtree(COPY / part, ignore_errors=True)
        shutil.copytree(ROOT / part, COPY / part)
    for name in ("Cargo.toml", "Cargo.lock", "README.md", "DESIGN.md"):
        shutil.copy(ROOT / name, COPY / name)


def run(model):
    """Whether the models whose names contain `model` fail (None if that cannot be told), and what they say."""
    env = dict(os.environ, RUSTFLAGS="--cfg loom -C debug-assertions -A warnings", RUST_BACKTRACE="0",
               CARGO_TARGET_DIR=str(ROOT / "target" / "mutants" / "build"))
    base = ["cargo", "test", "--release", "--lib", "--quiet", "models::"]
    built = subprocess.run(base + ["--no-run"], cwd=COPY, env=env, capture_output=True, text=True)
    if built.returncode:
        return None, built.stderr
    test = ["cargo", "test", "--release", "--lib", "--quiet", model]
    done = subprocess.run(test, cwd=COPY, env=env, capture_output=True, text=True, timeout=900)
    ran = re.search(r"running (\d+) test", done.stdout)
    if not ran or ran.group(1) == "0":
        return None, f"no model is called {model}"
    return done.returncode != 0, done.stdout + done.stderr


def test(arguments, limit):
    """Whether the tests that `cargo test` finds for these arguments fail, or take longer than `limit` seconds."""
    env = dict(os.environ, RUSTFLAGS="-A warnings", RUST_BACKTRACE="0",
               CARGO_TARGET_DIR=str(ROOT / "target" / "mutants" / "tests"))
    base = ["cargo", "test", "--quiet", "--locked"] + arguments
    built = subprocess.run(base + ["--no-run"], cwd=COPY, env=env, capture_output=True, text=True)
    if built.returncode:
        return None, built.stderr
    # A group of its own, which goes as a whole if it takes too long.
    done = subprocess.Popen(base, cwd=COPY, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)
    try:
        output, _ = done.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(done.pid, signal.SIGKILL)
        done.communicate()
        return True, "it takes too long"
    ran = re.search(r"running (\d+) test", output)
    if not ran or ran.group(1) == "0":
        return None, f"there is no test {arguments}"
    return done.returncode != 0, output


def plant(file, old, new):
    """Replaces a text that stands exactly once in a file of the copy's `src`; else tells how often it does."""
    path = COPY / "src" / file
    text = path.read_text()
    if text.count(old) != 1:
        return f"{file} holds the text {text.count(old)} times"
    path.write_text(text.replace(old, new))
    return None
