# SPDX-License-Identifier: MIT
"""Writes one set of spikes into a folder, in several forms: by h5py, as Zenke's SHD files are, and as
lists of events in text."""
import gzip
import sys

import h5py
import numpy as np

UNITS, CLASSES = 40, 3


def make(count, seed):
    """Class c: a wave that runs over the units at a speed of its own. Times are multiples of 2^-10."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        c = i % CLASSES
        units = rng.integers(0, UNITS, 30)
        ticks = np.clip(20 + units * (4 + 9 * c) + rng.integers(0, 30, 30), 0, 900)
        order = np.argsort(ticks, kind="stable")
        yield c, ticks[order] / 1024, units[order]


def write_h5(path, samples, time, **kept):
    with h5py.File(path, "w") as f:
        n = len(samples)
        more = dict(kept, maxshape=(None,)) if kept else {}
        times = f.create_dataset("spikes/times", (n,), dtype=h5py.vlen_dtype(time), **more)
        units = f.create_dataset("spikes/units", (n,), dtype=h5py.vlen_dtype(np.uint16), **more)
        for i, (_, t, u) in enumerate(samples):
            times[i] = t.astype(time)
            units[i] = u.astype(np.uint16)
        f.create_dataset("labels", data=np.array([c for c, _, _ in samples], np.uint16), **more)
        f.create_dataset("extra/speaker", data=np.zeros(n, np.uint16))
        f.create_dataset("extra/keys", data=np.array([b"zero", b"one", b"two"]))


def compress(path):
    with open(path, "rb") as f, gzip.open(path + ".gz", "wb") as to:
        to.write(f.read())


folder = sys.argv[1]
for part, count, seed in (("train", 240, 1), ("test", 60, 2)):
    samples = list(make(count, seed))
    write_h5(f"{folder}/half_{part}.h5", samples, np.float16)
    write_h5(f"{folder}/packed_{part}.h5", samples, np.float32, chunks=(16,), compression="gzip", shuffle=True)
    write_h5(f"{folder}/shd_{part}.h5", samples, np.float64, chunks=(7,))
    compress(f"{folder}/packed_{part}.h5")
    compress(f"{folder}/shd_{part}.h5")
    with open(f"{folder}/{part}-events.csv", "w") as f:
        for i, (c, times, units) in enumerate(samples):
            print(f"{i},{c}", file=f)
            for t, u in zip(times, units):
                print(f"{i},{int(np.floor(t * 1e6 + 0.5))},{u}", file=f)
