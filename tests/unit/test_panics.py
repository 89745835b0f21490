"""Words of foreign threads are kept aside while an error explains itself, and never otherwise."""

from __future__ import annotations

import os
import threading
import time

import pytest

from qmsreports.panics import panics_aside


def test_what_is_printed_beside_an_explained_error_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    def late() -> None:
        time.sleep(0.1)
        os.write(2, b"panicked at: Already shut down\n")

    thread = threading.Thread(target=late)
    with pytest.raises(OSError, match="No space"), panics_aside():
        os.write(2, b"panicked\n")
        thread.start()
        raise OSError("No space left on device (os error 28)")
    thread.join()
    os.write(2, b"one line\n")
    assert capfd.readouterr().err == "one line\n"


def test_what_is_printed_beside_any_other_error_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), panics_aside():
        os.write(2, b"panicked\n")
        raise KeyError
    assert capfd.readouterr().err == "panicked\n"


def test_what_is_printed_without_an_error_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with panics_aside():
        os.write(2, b"a warning\n")
    assert capfd.readouterr().err == "a warning\n"
