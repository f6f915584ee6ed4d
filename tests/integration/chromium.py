"""Debian's Chromium without a screen, driven through its debugging pipe (CDP): keys, screenshots, the accessibility tree.
Every wait has a limit."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

LIMIT = 60  # seconds that only a defect reaches
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--mute-audio", "--remote-debugging-pipe",
         "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required",
         "--force-color-profile=srgb", "--lang=en")
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36}


def program():
    return shutil.which("chromium")


class Browser:
    def __init__(self, *flags):
        self.folder = tempfile.TemporaryDirectory()
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def give():  # Chromium reads from descriptor 3 and writes to 4
            os.dup2(theirs_in, 10)
            os.dup2(theirs_out, 11)
            os.dup2(10, 3)
            os.dup2(11, 4)
        self.process = subprocess.Popen([program(), *FLAGS, *flags, "--user-data-dir=" + self.folder.name, "about:blank"],
                                        preexec_fn=give, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "HOME": self.folder.name, "XDG_CONFIG_HOME": self.folder.name})
        os.close(theirs_in)
        os.close(theirs_out)
        self.input, self.output, self.buffer = ours_in, ours_out, b""
        self.last, self.session, self.events = 0, None, []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.input)
        os.close(self.output)
        for _ in range(50):  # its children end by themselves
            try:
                self.folder.cleanup()
                return
            except OSError:
                time.sleep(0.1)

    def read(self, until):
        while b"\0" not in self.buffer:
            if not select.select([self.input], [], [], max(until - time.monotonic(), 0))[0]:
                raise TimeoutError("Chromium does not answer")
            got = os.read(self.input, 1 << 20)
            if not got:
                raise EOFError("Chromium has ended")
            self.buffer += got
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.last += 1
        request = {"id": self.last, "method": method, "params": params, **({"sessionId": self.session} if self.session else {})}
        os.write(self.output, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + LIMIT
        while True:
            message = self.read(until)
            if message.get("id") == self.last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def evaluate(self, script):
        """The value of an expression of the page; promises are awaited."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def wait(self, script, limit=LIMIT):
        """Until the expression is true; returns it."""
        until = time.monotonic() + limit
        while True:
            value = self.evaluate(script)
            if value:
                return value
            if time.monotonic() > until:
                raise TimeoutError(f"never true: {script}; the page says: {self.evaluate('document.body.innerText')[:2000]}")
            time.sleep(0.1)

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def size(self, width, height, dark=False, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def key(self, key, *modifiers):
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else "")
        code = KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        flags = 8 if "Shift" in modifiers else 0
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, modifiers=flags,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def type(self, text):
        for letter in text:
            self.key(letter)

    def focused(self):
        """What has the focus: its accessible name, as a screen reader says it."""
        node = self.call("Runtime.evaluate", expression="document.activeElement")["result"]
        tree = self.call("Accessibility.getPartialAXTree", objectId=node["objectId"], fetchRelatives=False)
        return tree["nodes"][0].get("name", {}).get("value", "")

    def tab_to(self, name, most=200):
        """Tab until the element of this name has the focus."""
        seen = []
        for _ in range(most):
            self.key("Tab")
            seen.append(self.focused())
            if seen[-1] == name or (name.endswith("*") and seen[-1].startswith(name[:-1])):
                return seen[-1]
        raise AssertionError(f"no way to '{name}' by keyboard; seen: {seen}")

    def screenshot(self, path, whole=True):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def complaints(self):
        """Errors of scripts and of the content security policy since the start."""
        self.evaluate("1")
        return [json.dumps(e["params"])[:300] for e in self.events
                if e.get("method") == "Runtime.exceptionThrown"
                or e.get("method") == "Log.entryAdded" and e["params"]["entry"]["level"] == "error"]
