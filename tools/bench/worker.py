# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Scores standardised frames with Python's onnxruntime when the benchmark asks for it: see src/worker.rs.

Usage: worker.py STANDARDISED CODEC MODEL...      CODEC "-": codec-blind; several models: the members of an ensemble
"""

import sys
import time

import numpy as np
import onnxruntime as ort


def main():
    standardised_path, codec_path, *models = sys.argv[1:]
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = [ort.InferenceSession(m, options, providers=["CPUExecutionProvider"]) for m in models]
    inputs = sessions[0].get_inputs()
    arrays = [np.fromfile(standardised_path, np.float32).reshape(-1, inputs[0].shape[1])]
    if codec_path != "-":
        arrays.append(np.fromfile(codec_path, np.float32).reshape(-1, inputs[1].shape[1]))
    for line in sys.stdin:
        n, times = map(int, line.split())
        feed = {i.name: a[:n] for i, a in zip(inputs, arrays)}
        start = time.thread_time_ns()
        for _ in range(times):
            outputs = [s.run(None, feed)[0] for s in sessions]
        took = time.thread_time_ns() - start
        print(took, np.mean([o.reshape(n, -1)[-1, 0] for o in outputs]), flush=True)


main()
