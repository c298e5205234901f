# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Writes a small pair of y4m clips: a moving texture, and the same, coarser."""

import pathlib


def write_y4m(path, width, height, frames, distorted, chroma="420jpeg", bits=8):
    pixels = bytearray()
    shift_x, shift_y = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}[chroma[:3]]
    for index in range(frames):
        pixels += b"FRAME\n"
        for plane in range(3):
            w = width if plane == 0 else width >> shift_x
            h = height if plane == 0 else height >> shift_y
            for y in range(h):
                row = [((x + 3 * index) * (y + 7) // 5 + (x ^ (y + index))) & 255 for x in range(w)]
                if distorted:
                    row = [(v & ~7) + 3 + index % 3 for v in row]
                if bits == 8:
                    pixels += bytes(v & 255 for v in row)
                else:
                    pixels += b"".join((v << (bits - 8)).to_bytes(2, "little") for v in row)
    header = f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C{chroma}\n".encode()
    path.write_bytes(header + pixels)
    return path


def pair(directory, chroma="420jpeg", bits=8, frames=3, width=352, height=288):
    directory = pathlib.Path(directory)
    return tuple(write_y4m(directory / f"{name}_{chroma}.y4m", width, height, frames, name == "distorted", chroma, bits)
                 for name in ("reference", "distorted"))
