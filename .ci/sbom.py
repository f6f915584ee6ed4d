#!/usr/bin/env python3
"""Bill of materials of a release, SPDX 2.3 as JSON, on standard output.

usage: sbom.py VERSION FOLDER RELEASE...

FOLDER has kwsd-VERSION.tar.gz, and for each RELEASE the folder RELEASE of .deb files, and RELEASE.versions: what
`dpkg-query -W` printed where they were built. Listed are the source, the packages, what the packages depend on, and the
libraries that are compiled into them; with $SOURCE_DATE_EPOCH as the date.
"""
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

# Debian's packages of headers whose code ends up in kwsd.
COMPILED_IN = ("libboost-dev", "libcli11-dev", "libkissfft-dev", "libtomlplusplus-dev", "nlohmann-json3-dev")


def spdx_id(*parts):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(parts))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(identifier, name, version, licence="NOASSERTION", path=None, purl=None):
    package = {"SPDXID": identifier, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
               "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
               "copyrightText": "NOASSERTION"}
    if path:
        package["packageFileName"] = path.name
        package["checksums"] = [{"algorithm": "SHA256", "checksumValue": sha256(path)}]
    if purl:
        package["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]
    return package


def deb_field(path, field):
    return subprocess.run(["dpkg-deb", "-f", path, field], check=True, capture_output=True, text=True).stdout.strip()


def versions(path):
    """Debian's packages and their versions; a name for several architectures counts once."""
    pairs = (line.split("\t") for line in path.read_text().splitlines() if "\t" in line)
    return {name.split(":")[0]: version for name, version in pairs if version}


def main():
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    tarball = folder / f"kwsd-{version}.tar.gz"
    source = spdx_id("source", version)
    packages = {source: entry(source, "kwsd", version, "Apache-2.0", tarball)}
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", source)]
    for release in sys.argv[3:]:
        known = versions(folder / f"{release}.versions")

        def debian(name):
            identifier = spdx_id(release, name)
            if identifier not in packages:
                found = known.get(name, "NOASSERTION")
                at = "" if found == "NOASSERTION" else "@" + found.replace(":", "%3A").replace("+", "%2B")
                packages[identifier] = entry(identifier, name, found, purl=f"pkg:deb/debian/{name}{at}?distro={release}")
            return identifier

        for path in sorted((folder / release).glob("*.deb")):
            name, architecture = deb_field(path, "Package"), deb_field(path, "Architecture")
            made = spdx_id(release, name, architecture)
            packages[made] = entry(made, name, deb_field(path, "Version"), "Apache-2.0", path)
            relations += [("SPDXRef-DOCUMENT", "DESCRIBES", made), (made, "GENERATED_FROM", source)]
            for part in filter(None, re.split(r"[,|]", deb_field(path, "Depends"))):
                needed = part.split("(")[0].strip()
                if needed.split("-")[0] != "kwsd":
                    relations.append((made, "DEPENDS_ON", debian(needed)))
            relations += [(made, "STATIC_LINK", debian(library)) for library in COMPILED_IN if library in known]
    created = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), datetime.timezone.utc)
    json.dump({"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"kwsd-{version}",
               "documentNamespace": f"https://spdx.org/spdxdocs/kwsd-{version}-{sha256(tarball)}",
               "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: kwsd-sbom"]},
               "packages": list(packages.values()),
               "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
                                 for one, kind, other in dict.fromkeys(relations)]}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
