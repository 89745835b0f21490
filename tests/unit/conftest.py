"""No unit test sees what the person who runs it has: neither a workspace in ``var`` nor settings in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

_OF_TESTS = ("QMSREPORTS_TEST_", "QMSREPORTS_GOLDEN_")


@pytest.fixture(scope="session", autouse=True)
def _workspace_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After ``make review`` the folder ``var`` of a checkout holds a register, which tests once took for theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("QMSREPORTS_") and not name.startswith(_OF_TESTS):
                patch.delenv(name)
        patch.setenv("QMSREPORTS_VAR", str(tmp_path_factory.mktemp("nobody") / "var"))
        yield
