#!/usr/bin/env python3
"""The units: what systemd says of them without running them.

usage: units_test.py SOURCE_DIR KWSD
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

LIMIT = 20  # tenths of an exposure, out of 100


def main():
    source, kwsd = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd is not installed")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        for name in ("kwsd.service", "kwsd.socket"):
            unit = (source / "systemd" / name).read_text()
            pathlib.Path(folder, name).write_text(unit.replace("/usr/bin/kwsd", str(kwsd)))
        units = [str(path) for path in pathlib.Path(folder).iterdir()]
        verified = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
        complaints = [line for line in verified.stderr.splitlines() if "kwsd" in line]
        security = subprocess.run(["systemd-analyze", "security", "--offline=yes", f"--threshold={LIMIT}",
                                   "--no-pager", str(pathlib.Path(folder, "kwsd.service"))], capture_output=True, text=True)
        print(security.stdout.strip().splitlines()[-1])
        if verified.returncode or complaints or security.returncode:
            print("\n".join(complaints), security.stderr, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
