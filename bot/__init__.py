import os

# Numpy's own threads spin while they wait, beside an event loop that is busy: half of the processor (measured).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
