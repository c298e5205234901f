# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The linked host, the dlopen host and `vmaf-fr score` must agree: one clip, five encoders, two qualities each.

Usage: encoders.py SOURCE_ROOT VMAF_LINKED VMAF_DLOPEN LIBRARY [VMAF_FR]

The clip is park_joy, if VMAF_FR_SHARED or ../shared has it, else a generated one; the encoders are those of
imageio-ffmpeg's ffmpeg. The log that libvmaf wrote in the linked host's run goes through the plain API (ctypes) and, with
VMAF_FR, through `vmaf-fr score`.
"""

import ctypes
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import clips

MODEL = "builtin:fr_regressor_v2_codec_aware"
ENCODES = [
    ("libx264", ["-crf", "23"], ["-crf", "40"]),
    ("libx265", ["-crf", "26"], ["-crf", "42"]),
    ("libsvtav1", ["-crf", "30"], ["-crf", "55"]),
    ("libvvenc", ["-qp", "28"], ["-qp", "43"]),
    ("libvpx-vp9", ["-crf", "30", "-b:v", "0"], ["-crf", "58", "-b:v", "0"]),
]


def run(*command):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def frames(text):
    return [float(s) for s in re.findall(r"^vmaf_fr_v2 frame \d+: (.*)$", text, re.M)]


class Info(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("n_features", ctypes.c_uint32)]


# sizeof(VmafFrV2Config) on a machine of 64 bits.
CONFIG_SIZE = 48


class PlainApi:
    """The rows of a log through vmaf_fr_v2_score()."""

    def __init__(self, library):
        self.lib = ctypes.CDLL(str(library))
        self.lib.vmaf_fr_v2_feature_name.restype = ctypes.c_char_p
        self.lib.vmaf_fr_v2_feature_name.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self.lib.vmaf_fr_v2_score.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t, ctypes.c_void_p]
        self.fr = ctypes.c_void_p()
        config = ctypes.create_string_buffer(CONFIG_SIZE)
        self.lib.vmaf_fr_v2_config_default(config)
        assert self.lib.vmaf_fr_v2_open(ctypes.byref(self.fr), MODEL.encode(), config) == 0
        self.names = []
        while name := self.lib.vmaf_fr_v2_feature_name(self.fr, len(self.names)):
            self.names.append(name.decode())

    def score(self, log, codec):
        def value(metrics, name):
            return metrics[name] if name in metrics else metrics["integer_" + name]

        rows = [[value(frame["metrics"], name) for name in self.names] for frame in log["frames"]]
        flat = [v for row in rows for v in row]
        codec_id = ctypes.c_int32()
        assert self.lib.vmaf_fr_v2_codec_id(self.fr, codec.encode(), ctypes.byref(codec_id)) == 0
        scores = (ctypes.c_double * (4 * len(rows)))()
        assert self.lib.vmaf_fr_v2_score(self.fr, (ctypes.c_float * len(flat))(*flat),
                                         (ctypes.c_int32 * len(rows))(*[codec_id.value] * len(rows)), len(rows),
                                         scores) == 0
        return list(scores[::4])


def worst(a, b):
    assert len(a) == len(b), (len(a), len(b))
    return max(abs(x - y) for x, y in zip(a, b))


def main():
    root, linked, dlopened, library = (pathlib.Path(p).resolve() for p in sys.argv[1:5])
    vmaf_fr = pathlib.Path(sys.argv[5]).resolve() if len(sys.argv) > 5 and sys.argv[5] else None
    try:
        import imageio_ffmpeg
    except ImportError:
        print("skipped: imageio-ffmpeg is not installed (see scripts/test-needs.sh)", file=sys.stderr)
        sys.exit(77)
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    shared = pathlib.Path(os.environ.get("VMAF_FR_SHARED", root.parent / "shared"))
    clip = shared / "video/park_joy_420_720p50_frm0to9_480x270.y4m"
    api = PlainApi(library)
    with tempfile.TemporaryDirectory(prefix="vmaf-fr-v2-encoders-") as directory:
        work = pathlib.Path(directory)
        if not clip.exists():
            print(f"{clip} is not there: a generated clip is encoded instead")
            clip, _ = clips.pair(work, frames=10)
        print(f"{'encode':24} {'mean':>10} {'dlopen':>9} {'plain API':>9} {'vmaf-fr':>9}   (differences to the linked host)")
        for encoder, *qualities in ENCODES:
            for quality in qualities:
                # Not Matroska: ffmpeg 9 reads every other VVC frame back from it.
                coded, decoded, log = work / "coded.mp4", work / "decoded.y4m", work / "log.json"
                run(ffmpeg, "-y", "-v", "error", "-i", clip, "-c:v", encoder, *quality, "-pix_fmt",
                    "yuv420p10le" if encoder == "libvvenc" else "yuv420p", coded)
                run(ffmpeg, "-y", "-v", "error", "-i", coded, "-pix_fmt", "yuv420p", "-strict", "-1", decoded)
                common = ["-r", clip, "-d", decoded, "-m", MODEL, "-c", encoder, "--frames"]
                text = run(linked, *common, "-o", log)
                by_link = frames(text)
                assert len(by_link) == 10, f"{len(by_link)} frames of 10"
                differences = [
                    worst(by_link, frames(run(dlopened, *common, "--library", library))),
                    worst(by_link, api.score(json.loads(log.read_text()), encoder)),
                ]
                if vmaf_fr:
                    result = json.loads(run(vmaf_fr, "score", log, "--model", MODEL, "--codec", encoder, "--format",
                                            "json", "--frames"))
                    differences.append(worst(by_link, [frame["score"] for frame in result["frames"]]))
                mean = float(re.search(r"^vmaf_fr_v2 mean: (.*)$", text, re.M).group(1))
                print(f"{encoder + ' ' + ' '.join(quality[:2]):24} {mean:10.4f} " +
                      " ".join(f"{d:9.2e}" for d in differences) + ("" if vmaf_fr else "         -"))
                # The hosts print nine decimals.
                assert all(d <= 1e-6 for d in differences), differences


main()
