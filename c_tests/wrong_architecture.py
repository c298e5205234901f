# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Copies a shared library as one of the other word size: wrong_architecture.py LIBRARY OUTPUT"""

import sys

data = bytearray(open(sys.argv[1], "rb").read())
data[4] = 3 - data[4]  # EI_CLASS: 1 is 32 bit, 2 is 64 bit
open(sys.argv[2], "wb").write(data)
