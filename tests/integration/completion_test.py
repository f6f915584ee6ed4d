#!/usr/bin/env python3
"""Completion in bash, zsh and fish offers every command and option that --help names, and values where it has them.

usage: completion_test.py SOURCE_DIR PROGRAM...     skips, and says so, a shell that is not installed

Bash and fish are asked; zsh has no way to ask, so its function is called with stand-ins for what shows the matches.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

FOLDER = pathlib.Path(sys.argv[1]).resolve() / "config/completion"

BASH = """
. kwsd.bash
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_kwsd
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
_describe() { print -rl -- ${(@P)argv[-1]} }
compadd() { print -rl -- ${(@P)argv[-1]} }
_files() { print -rl -- *(N) }
words=("$@")
CURRENT=$#
. ./_kwsd
"""
FISH = 'source kwsd.fish; complete -C (string join " " -- $argv)'


def asked(shell, *words):
    """What the shell offers for the last of these words; names alone, and what it complains of."""
    command = {"bash": ["bash", "-c", BASH, "bash", *words], "zsh": ["zsh", "-f", "-c", ZSH, "zsh", *words],
               "fish": ["fish", "--no-config", "-c", FISH, *words]}[shell]
    told = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=60)
    names = {re.split("[:\t]", line)[0] for line in told.stdout.splitlines()}
    return {name for name in names if name.startswith(words[-1])}, told.stderr


def named(program, *command):
    """Options and commands in --help."""
    text = subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.M))
    commands = re.findall(r"^  (\w+)", text.partition("\nSubcommands:\n")[2].partition("\n\n")[0], re.M)
    return options, commands


def differences(shell, program):
    name = os.path.basename(program)
    options, commands = named(program)
    wanted = {("",): options | set(commands), ("--",): options, (commands[0], ""): {file.name for file in FOLDER.iterdir()}}
    for command in commands:
        wanted[command, "--"], its_commands = named(program, command)
        if its_commands:
            wanted[command, ""] = set(its_commands)
        if "--log-level" in wanted[command, "--"]:
            wanted[command, "--log-level", ""] = {"debug", "info", "warning", "error", "off"}
    for words, names in wanted.items():
        found, complaint = asked(shell, name, *words)
        if found != names or complaint:
            yield f"{shell}: {name} {' '.join(words)}: found {sorted(found)}, expected {sorted(names)} {complaint}"


def main():
    failures, shells = [], [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]
    for program in sys.argv[2:]:
        os.environ["PATH"] = os.path.dirname(os.path.abspath(program)) + ":" + os.environ["PATH"]
        for shell in shells:
            failures += differences(shell, program)
    print("\n".join(failures) or f"complete: {', '.join(shells)}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
