#!/usr/bin/env python3
""".ci/release with packages that are ready and a throw-away key: versions, files, signatures, the same bytes twice.

usage: release_test.py SOURCE_DIR KWSD
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOOLS = ("reprepro", "gpg", "faketime", "dpkg-deb", "git")
RELEASES = ("bookworm", "trixie")


def run(*command, cwd=None, env=None, expected=0):
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == expected, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def names_of(source):
    if (source / ".git").exists():
        return run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=source).split("\0")
    names = (path.relative_to(source) for path in source.rglob("*"))
    return [str(name) for name in names if name.parts[0] != "build"]


def make_clone(source, folder):
    """A repository of the working tree, with an entry for the next version."""
    folder.mkdir()
    for name in filter(lambda each: each and (source / each).is_file(), names_of(source)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, folder / name)
    change_log = folder / "CHANGELOG.md"
    change_log.write_text(change_log.read_text().replace("## Unreleased\n", "## Unreleased\n\n- An entry of the test.\n", 1))
    run("git", "init", "-q", cwd=folder)
    for key, value in (("user.name", "test"), ("user.email", "test@localhost"), ("commit.gpgsign", "false")):
        run("git", "config", key, value, cwd=folder)
    run("git", "add", "-A", cwd=folder)
    run("git", "commit", "-q", "-m", "tree", cwd=folder)


def make_packages(folder):
    for release in RELEASES:
        (folder / release).mkdir(parents=True)
        for architecture in ("amd64", "arm64"):
            tree = folder / "tree"
            (tree / "DEBIAN").mkdir(parents=True)
            (tree / "DEBIAN" / "control").write_text(
                f"Package: kwsd\nVersion: 9.0.0+{release}\nArchitecture: {architecture}\nSection: sound\nPriority: optional\n"
                "Maintainer: kwsd <>\nDepends: libc6 (>= 2.36), libsndfile1\nDescription: of the test\n")
            run("dpkg-deb", "--root-owner-group", "-b", str(tree), str(folder / release))
            shutil.rmtree(tree)
        (folder / release / "versions").write_text("libc6:amd64\t2.36-9\nlibcli11-dev\t2.1.2\nlibsndfile1:amd64\t1.2.0-1\n")


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def check_refusals(clone, out, env):
    for version, complaint in (("9", "expected three numbers"), ("0.0.1", "expected one above")):
        assert complaint in run(".ci/release", version, str(out), cwd=clone, env=env, expected=1)
    (clone / "README.md").write_text("changed")
    assert "not committed" in run(".ci/release", "9.0.0", str(out), cwd=clone, env=env, expected=1)
    run("git", "checkout", "-q", "README.md", cwd=clone)


def check_repository(out, env):
    """apt of this machine finds the packages of each release, and trusts the key alone."""
    for release in RELEASES:
        state = out.parent / f"apt-{release}"
        (state / "lists" / "partial").mkdir(parents=True)
        sources = (out / "apt" / f"{release}.sources").read_text()
        (state / "kwsd.sources").write_text(sources)
        options = [f"-oDir::State={state}", f"-oDir::State::lists={state}/lists", f"-oDir::Cache={state}/cache",
                   "-oDir::Etc::sourcelist=/dev/null", f"-oDir::Etc::sourceparts={state}", "-oDir::State::status=/dev/null",
                   "-oAPT::Architecture=arm64", "-oAPT::Architectures=arm64", "-oAPT::Sandbox::User="]
        (state / "cache").mkdir()
        run("apt-get", *options, "update", "-qq", "--error-on=any", env=env)
        found = run("apt-cache", *options, "policy", "kwsd", env=env)
        assert f"Candidate: 9.0.0+{release}" in found, found
        (state / "kwsd.sources").write_text(re.sub(r"Signed-By:.*", "", sources, flags=re.S))
        refused = run("apt-get", *options, "update", "-qq", "--error-on=any", env=env, expected=100)
        assert re.search("NO_PUBKEY|Missing key", refused), refused  # as gpgv says it, and sqv, which apt of Debian 13 asks


def check_bill(out):
    bill = json.loads((out / "kwsd-9.0.0.spdx.json").read_text())
    names = {package["SPDXID"]: package for package in bill["packages"]}
    assert len(names) == len(bill["packages"])
    for relation in bill["relationships"]:
        for end in (relation["spdxElementId"], relation["relatedSpdxElement"]):
            assert end in names or end == "SPDXRef-DOCUMENT", relation
    sound = names["SPDXRef-trixie-libsndfile1"]
    assert sound["versionInfo"] == "1.2.0-1", sound
    assert any(r["relationshipType"] == "STATIC_LINK" and r["relatedSpdxElement"] == "SPDXRef-trixie-libcli11-dev"
               for r in bill["relationships"])
    sums = dict(reversed(line.split()) for line in (out / "SHA256SUMS").read_text().splitlines())
    for package in bill["packages"]:
        for checksum in package.get("checksums", ()):
            assert checksum["checksumValue"] in sums.values(), package


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        print("skipped: no", ", ".join(missing))
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        clone, packages, key_ring = folder / "clone", folder / "packages", folder / "keys"
        make_clone(source, clone)
        make_packages(packages)
        key_ring.mkdir(mode=0o700)
        env = {**os.environ, "GNUPGHOME": str(key_ring), "KWSD_PACKAGES": str(packages), "LC_ALL": "C"}
        try:
            run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "throw-away key", "ed25519", "sign", env=env)
            key = re.search(r"^fpr:+([0-9A-F]+):", run("gpg", "--list-keys", "--with-colons", env=env), re.M)[1]
            env["SOURCE_DATE_EPOCH"] = "0"  # it is the commit's that counts
            check_refusals(clone, folder / "one", env)
            run(".ci/release", "9.0.0", str(folder / "one"), key, cwd=clone, env=env)
            assert "release: 9.0.0" == run("git", "log", "-1", "--format=%s", cwd=clone).strip()
            assert "project(kwsd VERSION 9.0.0 " in (clone / "CMakeLists.txt").read_text()
            debian = run(".ci/changelog", "debian", "+deb13", "", cwd=clone)
            assert debian.startswith("kwsd (9.0.0+deb13) unstable; urgency=medium\n\n  * An entry of the test."), debian
            one = digests(folder / "one")
            repository = pathlib.Path(folder / "one")
            run("gpg", "--verify", str(repository / "SHA256SUMS.asc"), str(repository / "SHA256SUMS"), env=env)
            run("sha256sum", "--quiet", "-c", "SHA256SUMS", cwd=repository)
            check_bill(repository)
            check_repository(repository, env)
            (folder / "one").rename(folder / "first")
            run(".ci/release", "9.0.0", str(folder / "one"), key, cwd=clone, env=env)
            again = digests(folder / "one")
            assert one == again, [name for name in one if one[name] != again.get(name)]
            assert "An entry of the test." in (folder / "one" / "notes.md").read_text()
            add_on = folder / "one" / "home-assistant"
            assert 'version: "9.0.0"' in (add_on / "config.yaml").read_text()
            assert list((add_on / "packages").glob("kwsd_*_arm64.deb")) and os.access(add_on / "run", os.X_OK)
        finally:
            subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=env, check=False)
    print(f"{len(one)} files, the same twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
