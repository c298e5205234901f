#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Writes the tables in this folder, each as its writer does it by itself. The names say which writer.

  python3 make.py

Written with duckdb 2.0.1, pandas 3.1.1, polars 2.1.0, pyarrow 26.0.1. Every table holds the same four clips of two frames, as
different types: clip c of content 7 + c % 2, frame f has adm2 .6555 + c/100 + f/1000, motion2 3 and .25 for the other features; its
MOS is 2.80 + c/10. tests/corpus/types.rs expects that of each.
"""

from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
SIX = ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"]
COMPRESSIONS = ["snappy", "gzip", "lz4", "zstd", "brotli"]

ROWS = [(c, f) for c in range(4) for f in range(2)]
CLIP = [f"clip{c}" for c, _ in ROWS]
CONTENT = [7 + c % 2 for c, _ in ROWS]
FRAME = [f for _, f in ROWS]
ADM2 = [Decimal(6555 + 100 * c + 10 * f).scaleb(-4) for c, f in ROWS]
MOS = [Decimal(280 + 10 * c).scaleb(-2) for c, _ in ROWS]
QUARTER = [Decimal("0.25")] * len(ROWS)


def duck():
    """DECIMAL in all of its stored forms, integer ids, unsigned frame numbers, an enumeration."""
    rows = ", ".join(f"({c}, {f})" for c, f in ROWS)
    duckdb.sql("CREATE TYPE encoder AS ENUM ('x264', 'x265')")
    duckdb.sql(
        f"""CREATE TABLE frames AS SELECT
            CAST('clip' || c AS VARCHAR) AS clip, CAST(7 + c % 2 AS INTEGER) AS content,
            CAST('x264' AS encoder) AS codec, CAST(f AS UTINYINT) AS frame_index,
            CAST(.6555 + c * .01 + f * .001 AS DECIMAL(5, 4)) AS adm2,
            CAST(.25 AS DECIMAL(9, 6)) AS vif_scale0, CAST(.25 AS DECIMAL(18, 12)) AS vif_scale1,
            CAST(.25 AS DECIMAL(38, 20)) AS vif_scale2, CAST(.25 AS FLOAT) AS vif_scale3,
            CAST(3 AS TINYINT) AS motion2, CAST(2.8 + c * .1 AS DECIMAL(3, 2)) AS mos
        FROM (VALUES {rows}) t(c, f)"""
    )
    for compression in COMPRESSIONS:
        duckdb.sql(f"COPY frames TO '{HERE}/duckdb-{compression}.parquet' (FORMAT parquet, COMPRESSION {compression})")


def polars():
    """Polars' decimals, categories and string views."""
    frames = pl.DataFrame(
        {
            "clip": pl.Series(CLIP, dtype=pl.Categorical),
            "content": pl.Series(CONTENT, dtype=pl.UInt64),
            "codec": ["x264"] * len(ROWS),
            "frame_index": pl.Series(FRAME, dtype=pl.Int16),
            "adm2": pl.Series(ADM2, dtype=pl.Decimal(38, 4)),
            **{name: pl.Series([0.25] * len(ROWS), dtype=pl.Float32) for name in SIX[1:5]},
            "motion2": pl.Series([3] * len(ROWS), dtype=pl.UInt8),
            "mos": pl.Series(MOS, dtype=pl.Decimal(10, 2)),
            "vmaf": pl.Series([None] * len(ROWS), dtype=pl.Null),
        }
    )
    for compression in COMPRESSIONS:
        frames.write_parquet(HERE / f"polars-{compression}.parquet", compression=compression, statistics=False)


def pandas():
    """A frame number with a null among them turns into floats; strings are pandas' own."""
    frames = pd.DataFrame(
        {
            "clip": pd.Series(CLIP, dtype="string"),
            "content": pd.Series(CONTENT, dtype="Int64"),
            "codec": pd.Categorical(["x264"] * len(ROWS)),
            "frame_index": np.array(FRAME, dtype=np.float64),
            "adm2": [float(x) for x in ADM2],
            **{name: np.full(len(ROWS), 0.25, dtype=np.float32) for name in SIX[1:5]},
            "motion2": pd.Series([3] * len(ROWS), dtype="UInt8"),
            "mos": [float(x) for x in MOS],
        }
    )
    # Pandas' description of the columns is most of the file: statistics and Arrow's description are left out.
    for compression in COMPRESSIONS:
        frames.to_parquet(
            HERE / f"pandas-{compression}.parquet",
            compression=compression,
            index=False,
            write_statistics=False,
            store_schema=False,
        )


def arrow():
    """Half floats, 256-bit decimals, large and viewed strings, dictionaries, a column of nulls, other encodings."""
    n = len(ROWS)
    table = pa.table(
        {
            "clip": pa.array(CLIP, pa.large_string()),
            "content": pa.array([str(c) for c in CONTENT], pa.string_view()),
            "codec": pa.array(["x264"] * n).dictionary_encode(),
            "frame_index": pa.array(FRAME, pa.uint32()),
            "adm2": pa.array(ADM2, pa.decimal256(60, 40)),
            "vif_scale0": pa.array(np.full(n, 0.25, dtype=np.float16), pa.float16()),
            "vif_scale1": pa.array(QUARTER, pa.decimal32(5, 3)),
            "vif_scale2": pa.array(QUARTER, pa.decimal64(15, 9)),
            "vif_scale3": pa.array([0.25] * n, pa.float64()),
            "motion2": pa.array([3] * n, pa.uint64()),
            "mos": pa.array(MOS, pa.decimal128(20, 2)),
            "vmaf": pa.nulls(n),
        }
    )
    write = lambda name, table, **more: pq.write_table(table, HERE / f"arrow-{name}.parquet", store_schema=False, **more)
    write("types", table)
    write(
        "encodings",
        table,
        use_dictionary=False,
        data_page_version="2.0",
        store_decimal_as_integer=True,
        column_encoding={
            "clip": "DELTA_BYTE_ARRAY",
            "content": "DELTA_LENGTH_BYTE_ARRAY",
            "codec": "PLAIN",
            "frame_index": "DELTA_BINARY_PACKED",
            "vif_scale0": "BYTE_STREAM_SPLIT",
            "vif_scale3": "BYTE_STREAM_SPLIT",
            "motion2": "DELTA_BINARY_PACKED",
        },
    )
    # What no column of numbers or names can be.
    other = {
        "booleans": pa.array([True] * n),
        "times": pa.array([0] * n, pa.timestamp("us")),
        "days": pa.array([0] * n, pa.date32()),
        "structs": pa.array([{"adm2": 0.5}] * n),
        "lists": pa.array([[0.5]] * n),
        "floats": pa.array([0.5] * n),
        "bytes": pa.array([b"0123"] * n, pa.binary(4)),
    }
    write("other", pa.table({"clip": CLIP, "codec": ["x264"] * n, "frame_index": FRAME, **other}), compression="zstd")


duck()
polars()
pandas()
arrow()
