"""Matrix products on one thread, where numpy's library can be asked for it."""

from __future__ import annotations

import os

import numpy as np
import pytest

from xtalker_addon.core import one_thread as module
from xtalker_addon.core.one_thread import one_thread


def threads():
    """How many threads OpenBLAS would take."""
    found = module._functions()
    if found is None:
        pytest.skip("numpy has another library than OpenBLAS")
    return found[0]()


def test_products_take_one_thread_within_and_as_many_as_before_after_it():
    before = threads()
    with one_thread():
        assert threads() == 1
        with one_thread():
            assert threads() == 1
    assert threads() == before


def test_an_error_within_gives_the_threads_back():
    before = threads()
    with pytest.raises(ValueError, match="within"), one_thread():
        raise ValueError("within")
    assert threads() == before


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is but one core")
def test_a_product_takes_no_more_processor_time_than_its_own():
    """The whole process's time is the calling thread's."""
    import time

    a, b = np.ones((32, 150), np.float32), np.ones((150, 15000), np.float32)
    with one_thread():
        a @ b  # whatever happens once
        process, thread = time.process_time(), time.thread_time()
        for _ in range(40):
            a @ b
        process, thread = time.process_time() - process, time.thread_time() - thread
    assert process < 1.5 * thread + 0.02
