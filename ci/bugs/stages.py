"""Runs each stage of the checks on a copy of the sources with a planted bug.

A stage is a function of the copy and of what the bug names for that stage. It returns whether the bug is noticed (None
if that cannot be decided), and the output.
"""
import os
import re
import signal
import subprocess

from mutants import HOME, killer

# A run that takes more seconds than this hangs, which counts as noticed.
LIMIT = 900

# A soak finds a bug by chance, so there are up to SOAKS runs of SOAK seconds.
SOAKS, SOAK = 8, 60

REPORT = re.compile(r"(Address|Leak|Thread)Sanitizer|Invalid (read|write|free)|definitely lost|ninitialised|panicked"
                    r"|Undefined Behavior|memory leaked")


class Skipped(Exception):
    """The machine lacks what the stage needs."""


def run(tree, command, limit=LIMIT, **env):
    """Runs a command in a group that is killed after `limit` seconds. Returns the exit status and the output."""
    process = subprocess.Popen(command, cwd=tree.path, env=dict(os.environ, RUST_BACKTRACE="0", **env), text=True,
                               errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        said, _ = process.communicate(timeout=limit)
        return process.returncode, said
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return -signal.SIGKILL, "it hangs"


def build(tree, name):
    return str(HOME / f"build{tree.number}-{name}")


def cargo_test(tree, name, wanted, flags, **env):
    """Runs the tests that `cargo test` finds for the arguments `wanted`."""
    env |= {"RUSTFLAGS": f"{flags} -A warnings", "CARGO_TARGET_DIR": build(tree, name)}
    command = ["cargo", "test", "--quiet", "--locked", *wanted.split()]
    failed, said = run(tree, command + ["--no-run"], **env)
    if failed:
        return None, said
    failed, said = run(tree, command, **env)
    if not re.search(r"running [1-9]", said) and said != "it hangs":
        return None, f"there is no test for {wanted}"
    return bool(failed), said


def models(tree, model):
    program, said = tree.build(model)
    return killer(program, [model]) if program else (None, said)


def schedules(tree, scenario):
    flags = "--cfg shuttle -C debug-assertions"
    return cargo_test(tree, "schedules", f"--release --lib scenarios::{scenario}", flags, SCHEDULE_SEED="1")


def programs(tree, test):
    # The flag leaves out dependencies that are slow to build. The fixed seed makes the programs the same in each run,
    # and there are more of them than by default, so that chance has no part in the result.
    return cargo_test(tree, "programs", f"--lib programs::{test}", "--cfg corepool_test_hooks", PROPTEST_RNG_SEED="1",
                      PROPTEST_CASES="2000")


def tests(tree, wanted):
    return cargo_test(tree, "tests", wanted, "")


def fuzz(tree, target):
    failed, said = run(tree, ["ci/fuzz", "30", target], FUZZ_TARGET_DIR=build(tree, "fuzz"))
    return (bool(failed) if not failed or "ci/fuzz: " in said else None), said


def sanitizer(stage):
    def sanitize(tree, wanted):
        failed, said = run(tree, ["ci/sanitize", stage, *wanted.split()], SANITIZE_TARGET_DIR=build(tree, stage),
                           CARGO_TARGET_DIR=build(tree, stage))
        if not failed and ": skipped, " in said:
            raise Skipped(said.strip().splitlines()[-1])
        return (bool(failed) if not failed or REPORT.search(said) else None), said
    return sanitize


def miri(tree, wanted):
    failed, said = run(tree, ["ci/miri", *wanted.split()], MIRI_TARGET_DIR=build(tree, "miri"))
    if not failed and ": skipped, " in said:
        raise Skipped(said.strip().splitlines()[-1])
    return (bool(failed) if not failed or REPORT.search(said) else None), said


def page(tree, _):
    failed, said = run(tree, ["ci/page"], DASHBOARD_TARGET_DIR=build(tree, "page"))
    return (bool(failed) if not failed or "ci/page: " in said else None), said


def soak(tree, which):
    command = ["ci/soak-rt", str(SOAK)] if which == "rt" else ["ci/soak", str(SOAK), "--patience", "10"]
    env = {"SOAK_FLAGS": "-A warnings", "SOAK_TARGET_DIR": build(tree, "soak")}
    for _ in range(SOAKS):
        failed, said = run(tree, command, **env)
        if failed:
            return (None if "error: could not compile" in said else True), said
    return False, said


STAGES = {
    "models": models,
    "schedules": schedules,
    "programs": programs,
    "fuzz": fuzz,
    "tests": tests,
    "address": sanitizer("address"),
    "thread": sanitizer("thread"),
    "memcheck": sanitizer("memcheck"),
    "miri": miri,
    "page": page,
    "soak": soak,
}

# These stages use all cores.
ALONE = {"fuzz", "soak", "thread"}
