"""The environment in which tests run kwsd and kwsd-train: nothing of the machine's own configuration, and time enough
for a machine that is busy."""
import os

LIMIT = 1800  # seconds for one program: a hang is found, a slow machine is not taken for one
OURS = ("KWSD_DATA", "KWSD_MEMORY_TEST", "KWSD_UPDATE_SCREENS", "KWSD_UPDATE_PAGES")


def environment(source=None, **variables):
    """The caller's environment without settings of kwsd and without configuration files. With `source`, models are
    those of the source tree."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KWSD_") or name in OURS}
    clean.update({"XDG_CONFIG_HOME": "/dev/null", "XDG_DATA_HOME": "/dev/null", "KWSD_SYSTEM_CONFIG": "/dev/null"})
    if source:
        clean["KWSD_MODEL_DIR"] = os.path.join(str(source), "models")
    return {**clean, **{name: str(value) for name, value in variables.items()}}
