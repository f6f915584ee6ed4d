"""Pictures of kwsd as a person sees them: pixels of a PNG, or of what rsvg-convert makes of an SVG."""
import shutil
import struct
import subprocess
import zlib

missing = not shutil.which("rsvg-convert")


def decode(png):
    """Width, height, channels (3 or 4) and rows of bytes of a PNG of 8 bits a channel."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    size = {2: 3, 6: 4}[kind]
    assert depth == 8, "expected 8 bits a channel"
    data, at = b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at:at + 8])
        data += png[at + 8:at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    return width, height, size, unfilter(zlib.decompress(data), width, height, size)


def unfilter(data, width, height, size):
    """The five filters of PNG."""
    stride, rows, above = size * width, [], bytes(size * width)
    for y in range(height):
        kind, line = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride if kind else 0):
            left, up, corner = (line[i - size] if i >= size else 0), above[i], (above[i - size] if i >= size else 0)
            if kind == 4:
                guess = left + up - corner
                line[i] = (line[i] + min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                                         (abs(guess - corner), 2, corner))[2]) & 255
            else:
                line[i] = (line[i] + (left, up, (left + up) // 2)[kind - 1]) & 255
        rows.append(above := bytes(line))
    return rows


class Picture:
    """Pixels of an SVG file, `scale` times as large: rows of (red, green, blue, alpha)."""

    def __init__(self, file, scale=2):
        png = subprocess.run(["rsvg-convert", "-z", str(scale), file], capture_output=True, check=True).stdout
        self.scale = scale
        self.width, self.height, size, self.rows = decode(png)
        assert size == 4, "expected RGBA"

    def inked(self, left, top, right, bottom):
        """Whether anything but the background, which is that of the first inner pixel, lies in this part."""
        part = range(round(left * self.scale), round(right * self.scale))
        pixels = {self.rows[y][4 * x:4 * x + 3] for y in range(round(top * self.scale), round(bottom * self.scale)) for x in part}
        ground = self.rows[self.height // 2][4 * self.scale:4 * self.scale + 3]
        return any(max(abs(a - b) for a, b in zip(pixel, ground)) > 60 for pixel in pixels)
