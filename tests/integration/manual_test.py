#!/usr/bin/env python3
"""The manuals and the configuration file name every option of `kwsd run`, and no other.

usage: manual_test.py SOURCE_DIR COMMAND...
"""
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(sys.argv[1])


def main():
    text = subprocess.run([*sys.argv[2:], "run", "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^\s+(?:-\w,\s*)?--([a-z-]+)", text, re.M)) - {"help"}
    manual = (SOURCE / "config/man/kwsd.1").read_text().split(".SH OPTIONS OF KWSD RUN")[1].split(".SH EVENTS")[0]
    in_manual = set(re.findall(r"--([a-z-]+)", manual.replace("\\-", "-")))
    keys = set(re.findall(r"^# ([a-z-]+) = ", (SOURCE / "config/kwsd.toml").read_text(), re.M))
    names = (SOURCE / "config/man/kwsd.toml.5").read_text().split(".SH KEYS")[1].split(".SH RELOAD")[0].replace("\\-", "-")
    in_keys = {key for key in options if re.search(rf"(?<![\w-]){key}(?![\w-])", names)}
    failures = [f"{where}: {', '.join(sorted(difference))}" for where, difference in (
        ("not in kwsd.1", options - in_manual), ("only in kwsd.1", in_manual - options - {"help"}),
        ("not in config/kwsd.toml", options - keys - {"config"}), ("only in config/kwsd.toml", keys - options),
        ("not in kwsd.toml.5", options - in_keys - {"config"})) if difference]
    print("\n".join(failures) or f"{len(options)} options")
    return bool(failures or len(options) < 15)


if __name__ == "__main__":
    sys.exit(main())
