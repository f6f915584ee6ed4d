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
        for path in [*(source / "systemd").glob("*.service"), *(source / "systemd").glob("*.socket")]:
            name, unit = path.name, path.read_text()
            pathlib.Path(folder, name).write_text(unit.replace("/usr/bin/kwsd", str(kwsd)))
        units = [str(path) for path in pathlib.Path(folder).iterdir()]
        verified = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
        complaints = [line for line in verified.stderr.splitlines() if "kwsd" in line]
        failed = verified.returncode or complaints
        for service in pathlib.Path(folder).glob("*.service"):
            security = subprocess.run(["systemd-analyze", "security", "--offline=yes", f"--threshold={LIMIT}", "--no-pager",
                                       str(service)], capture_output=True, text=True)
            print(security.stdout.strip().splitlines()[-1])
            failed = failed or security.returncode
            complaints += security.stderr.splitlines() if security.returncode else []
        print("\n".join(complaints), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
