"""A microphone without a sound card: PulseAudio's pipe source behind ALSA's pulse plugin, and its faults.

  PipeWriter --FIFO--> pulseaudio (module-pipe-source) --socket--> ALSA "pimic" --> PortAudio --> kwsd
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from daemon import LIMIT, read_pcm
from environment import environment

BLOCK = 640  # bytes: 20 ms


def missing():
    """What this machine lacks, in words; empty: nothing."""
    if not shutil.which("pulseaudio") or not shutil.which("pactl"):
        return "pulseaudio is not installed"
    if not any(pathlib.Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "libasound2-plugins is not installed"
    return ""


class Microphone:
    def __init__(self):
        self.holder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.holder.name)
        self.fifo = self.folder / "fifo"
        (self.folder / "asound.conf").write_text(f"""
            </usr/share/alsa/alsa.conf>
            pcm.pimic {{ type pulse server "unix:{self.folder}/native" device "pipemic"
                         hint {{ show on description "virtual microphone" }} }}
            """)
        self.environment = {**environment(), **{name: str(self.folder) for name in
                                             ("HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH")},
                            "ALSA_CONFIG_PATH": str(self.folder / "asound.conf"),
                            "PULSE_SERVER": f"unix:{self.folder}/native"}
        self.server = None
        self.module = ""
        self.writer = subprocess.Popen([sys.executable, __file__, str(self.fifo)], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, text=True)

    def close(self):
        self.go_on()
        self.crash()
        self.writer.kill()
        self.writer.wait()
        self.writer.stdin.close()
        self.holder.cleanup()

    def start_server(self):
        """Starts PulseAudio, with the microphone plugged in."""
        self.server = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no",
             "--high-priority=no", "-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.folder}/native"],
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + LIMIT
        while not self.plug() and time.monotonic() < until:
            time.sleep(0.05)

    def crash(self):
        if self.server:
            self.server.kill()
            self.server.wait()
            self.server = None
            (self.folder / "native").unlink(missing_ok=True)

    def pactl(self, *arguments):
        return subprocess.run(["pactl", *arguments], env=self.environment, capture_output=True, text=True, timeout=LIMIT).stdout.strip()

    def plug(self):
        self.module = self.pactl("load-module", "module-pipe-source", "source_name=pipemic", f"file={self.fifo}",
                                 "format=s16le", "rate=16000", "channels=1")
        if self.module:
            self.tell("plugged")
        return self.module

    def unplug(self):
        self.pactl("unload-module", self.module)

    def tell(self, request):
        self.writer.stdin.write(request + "\n")
        self.writer.stdin.flush()

    def play(self, path, seconds=0):
        """Plays a recording, or its first seconds, after what it still plays."""
        self.tell(f"{path}\t{seconds}")

    def stall(self):
        self.writer.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.writer.send_signal(signal.SIGCONT)


def write_for_ever(fifo):
    """Silence, or a recording whose name comes on standard input, at its own pace; until standard input ends."""
    os.set_blocking(0, False)
    descriptor, queue, requests, due = -1, b"", b"", time.monotonic()
    while True:
        with contextlib.suppress(BlockingIOError):
            got = os.read(0, 4096)
            if not got:  # the test has ended
                return
            requests += got
        while b"\n" in requests:
            request, requests = requests.split(b"\n", 1)
            if request == b"plugged":  # PulseAudio has made a new FIFO
                if descriptor >= 0:
                    os.close(descriptor)
                descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
                continue
            path, seconds = request.decode().split("\t")
            pcm = read_pcm(path)
            queue += pcm[:int(float(seconds) * 32000)] if float(seconds) else pcm
        if descriptor >= 0:
            with contextlib.suppress(BlockingIOError):  # nobody reads: this sound has to wait
                os.write(descriptor, queue[:BLOCK].ljust(BLOCK, b"\0"))
                queue = queue[BLOCK:]
        due = max(due + BLOCK / 32000, time.monotonic() - 0.1)
        time.sleep(max(due - time.monotonic(), 0))


if __name__ == "__main__":
    write_for_ever(sys.argv[1])
