#!/usr/bin/env python3
"""The units of the system and of a user's session: what systemd says of them without running them.

usage: units_test.py SOURCE_DIR KWSD
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LIMIT = 20  # tenths of an exposure, out of 100


def check(source, kwsd, options):
    """Prints the exposure of each service in the folder source; whether systemd complains of a unit there."""
    with tempfile.TemporaryDirectory() as folder:
        units = []
        for path in [*source.glob("*.service"), *source.glob("*.socket")]:
            units.append(pathlib.Path(folder, path.name))
            units[-1].write_text(path.read_text().replace("/usr/bin/kwsd", str(kwsd)))
        analyze = ["systemd-analyze", *options]
        env = {**os.environ, "XDG_RUNTIME_DIR": folder}
        verified = subprocess.run([*analyze, "verify", "--man=no", *map(str, units)], capture_output=True, text=True, env=env)
        complaints = [line for line in verified.stderr.splitlines() if "kwsd" in line]
        failed = verified.returncode or complaints
        for service in filter(lambda unit: unit.suffix == ".service", units):
            security = subprocess.run([*analyze, "security", "--offline=yes", f"--threshold={LIMIT}", "--no-pager", str(service)],
                                      capture_output=True, text=True, env=env)
            print(security.stdout.strip().splitlines()[-1])
            failed = failed or security.returncode
            complaints += security.stderr.splitlines() if security.returncode else []
        print("\n".join(complaints), file=sys.stderr)
    return bool(failed)


def main():
    source, kwsd = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd is not installed")
        return 77
    failed = [check(source / "systemd", kwsd, []), check(source / "systemd" / "user", kwsd, ["--user"])]
    return int(any(failed))


if __name__ == "__main__":
    sys.exit(main())
