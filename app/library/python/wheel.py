#!/usr/bin/env python3
"""Makes a wheel of python3-kwsd, with nothing but Python's own library.

    wheel.py VERSION FOLDER                                   any machine; libkwsd0 and the models come from elsewhere
    wheel.py VERSION FOLDER --library libkwsd.so.0.x --machine x86_64 --model commands.kwsm ...     with all of it
    pip install --no-index FOLDER/kwsd-*.whl

Prints the path of the wheel. The same input gives the same bytes (times are SOURCE_DATE_EPOCH or 1980).
"""
import argparse
import base64
import hashlib
import os
import pathlib
import time
import zipfile

package = pathlib.Path(__file__).resolve().parent / "kwsd"
license_file = pathlib.Path(__file__).resolve().parents[3] / "LICENSE"


def metadata(version):
    return (f"Metadata-Version: 2.1\nName: kwsd\nVersion: {version}\nSummary: Keyword spotting in streams of sound\n"
            "License: Apache-2.0\nRequires-Python: >=3.9\nProvides-Extra: microphone\nRequires-Dist: sounddevice; extra == 'microphone'\n")


def contents(arguments, info, tag):
    files = {f"kwsd/{file.name}": file.read_bytes() for file in sorted(package.iterdir())
             if file.suffix == ".py" or file.name == "py.typed"}
    if arguments.library:
        files["kwsd/libkwsd.so.0"] = arguments.library.read_bytes()
    for model in arguments.model:
        files[f"kwsd/models/{model.name}"] = model.read_bytes()
    files[f"{info}/LICENSE"] = license_file.read_bytes()
    files[f"{info}/METADATA"] = metadata(arguments.version).encode()
    files[f"{info}/WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: kwsd {arguments.version}\n"
                              f"Root-Is-Purelib: {str(not arguments.library).lower()}\nTag: {tag}\n").encode()
    lines = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}\n"
             for name, data in files.items()]
    files[f"{info}/RECORD"] = "".join(lines + [f"{info}/RECORD,,\n"]).encode()
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--library", type=pathlib.Path, help="libkwsd.so for the machine")
    parser.add_argument("--machine", default=os.uname().machine, help="as uname -m calls it")
    parser.add_argument("--model", type=pathlib.Path, action="append", default=[], help="a model file; several times")
    arguments = parser.parse_args()
    tag = f"py3-none-linux_{arguments.machine}" if arguments.library else "py3-none-any"
    info = f"kwsd-{arguments.version}.dist-info"
    epoch = max(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), 315532800)  # 1980: the first that a zip can say
    arguments.folder.mkdir(parents=True, exist_ok=True)
    wheel = arguments.folder / f"kwsd-{arguments.version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents(arguments, info, tag).items():
            entry = zipfile.ZipInfo(name, time.gmtime(epoch)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    print(wheel)


if __name__ == "__main__":
    main()
