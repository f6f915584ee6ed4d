#!/usr/bin/env python3
"""The manual of a program names its every command; those of kwsd and its configuration file every option of
`kwsd run`, and no other.

usage: manual_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd or kwsd-train, behind an emulator where there is one
"""
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]


def told(*arguments):
    return subprocess.run([*COMMAND, *arguments, "--help"], capture_output=True, text=True, check=True).stdout


def manual(name):
    return (SOURCE / "config/man" / name).read_text().replace("\\-", "-")


def check_commands(page):
    commands = set(re.findall(r"^  (\w+)", told().partition("\nSubcommands:\n")[2].partition("\n\n")[0], re.M))
    return [("commands not in the manual", {c for c in commands if not re.search(rf"\b{c}\b", page)}),
            ("commands of --help", set() if len(commands) > 4 else {"too few"})]


def check_run_options(page):
    options = set(re.findall(r"^\s+(?:-\w,\s*)?--([a-z-]+)", told("run"), re.M)) - {"help"}
    in_manual = set(re.findall(r"--([a-z-]+)", page.split(".SH OPTIONS OF KWSD RUN")[1].split(".SH EVENTS")[0]))
    server = {option for option in re.findall(r"^\s+--([a-z-]+)", told("wyoming"), re.M) if option.startswith("server-")}
    keys = set(re.findall(r"^# ([a-z-]+) = ", (SOURCE / "config/kwsd.toml").read_text(), re.M))
    names = manual("kwsd.toml.5").split(".SH KEYS")[1].split(".SH RELOAD")[0]
    in_keys = {key for key in options | server if re.search(rf"(?<![\w-]){key}(?![\w-])", names)}
    return [("not in kwsd.1", options - in_manual), ("only in kwsd.1", in_manual - options - {"help"}),
            ("not in config/kwsd.toml", (options | server) - keys - {"config"}),
            ("only in config/kwsd.toml", keys - options - server),
            ("not in kwsd.toml.5", (options | server) - in_keys - {"config"}),
            ("not in kwsd.1, WYOMING", {o for o in server if f"--{o}" not in page.split(".SH WYOMING")[1].split(".SH WEBSOCKET")[0]}),
            ("options of --help", set() if len(options) > 15 else {"too few"})]


def main():
    name = pathlib.Path(COMMAND[-1]).name
    page = manual(f"{name}.1")
    checks = check_commands(page) + (check_run_options(page) if name == "kwsd" else [])
    failures = [f"{where}: {', '.join(sorted(difference))}" for where, difference in checks if difference]
    print("\n".join(failures) or f"{name}: the manual is complete")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
