"""The environment in which tests run kwsd and kwsd-train: nothing of the machine's own configuration, and time enough
for a machine that is busy. A test program that imports this module ends after WATCHDOG seconds, and says where it stood."""
import faulthandler
import os
import sys

WATCHDOG = 840  # seconds for a test program: below the limit of ctest, which does not say where a program stands
LIMIT = 600     # seconds for one program that a test runs: a hang is found, a slow machine is not taken for one
OURS = ("KWSD_DATA", "KWSD_MEMORY_TEST", "KWSD_UPDATE_SCREENS", "KWSD_UPDATE_PAGES")

if sys.argv[0].endswith("_test.py") and "--strict" not in sys.argv:  # the others take as long as they are told
    faulthandler.dump_traceback_later(WATCHDOG, exit=True)


def environment(source=None, **variables):
    """The caller's environment without settings of kwsd and without configuration files, in the full branch, whatever the
    load. With `source`, models are those of the source tree. A variable whose value is None is not set."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KWSD_") or name in OURS}
    clean.update({"XDG_CONFIG_HOME": "/dev/null", "XDG_DATA_HOME": "/dev/null", "KWSD_SYSTEM_CONFIG": "/dev/null", "KWSD_BRANCH": "full",
                  # Threads that wait for each other at every step take ten times as long on a machine that is busy.
                  "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    if source:
        clean["KWSD_MODEL_DIR"] = os.path.join(str(source), "models")
    return {name: str(value) for name, value in {**clean, **variables}.items() if value is not None}
