"""Errors, settings and the organisation: what people are told."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean
from qmsreports.organisation import Organisation
from qmsreports.settings import Settings, connection_of


def test_a_finding_is_one_line_with_place_cause_and_cure() -> None:
    assert str(Finding("kpis/nps.yaml:7", 'unknown field "sco"', 'did you mean "score"?')) == (
        'kpis/nps.yaml:7: unknown field "sco"; did you mean "score"?'
    )
    assert str(Finding("", "no period")) == "no period"


def test_an_error_survives_the_way_between_processes() -> None:
    error = CouldNotRun(Finding("register", "cannot be opened", "start it"), Finding("", "second"))
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, CouldNotRun)
    assert (again.findings, again.exit_code) == (error.findings, ExitCode.COULD_NOT_RUN)


def test_the_exit_code_can_be_chosen() -> None:
    assert UserError(Finding("", "x")).exit_code == ExitCode.FINDINGS
    assert UserError(Finding("", "x"), exit_code=ExitCode.USAGE).exit_code == ExitCode.USAGE


def test_a_close_word_is_suggested_and_otherwise_all_are_named() -> None:
    assert did_you_mean("delivered_at", ["delivered_on", "promised_on"]) == 'did you mean "delivered_on"?'
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zzz", []) == ""


def test_a_long_list_of_known_words_is_cut_short() -> None:
    assert did_you_mean("zzz", "abcdefghijklmnop") == "known: a, b, c, d, e, f, g, h and 8 more"
    assert did_you_mean("zzz", "abcdefghijklmno") == "known: a, b, c, d, e, f, g, h, i, j, k, l, m, n, o"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QMSREPORTS_VAR", str(tmp_path))
    monkeypatch.delenv("QMSREPORTS_REGISTER", raising=False)
    settings = Settings()
    assert settings.register_url == f"sqlite:///{tmp_path}/register.db"
    assert settings.landing_url == f"{tmp_path}/landing"
    monkeypatch.setenv("QMSREPORTS_LAKE", "s3://bucket/lake")
    assert Settings().lake_url == "s3://bucket/lake"


def test_a_connection_is_looked_up_in_order() -> None:
    both = {"AIRFLOW_CONN_CRM": "airflow", "QMSREPORTS_CONNECTION_CRM": "own"}
    assert connection_of("crm", both) == "own"
    assert connection_of("crm", {"AIRFLOW_CONN_CRM": "airflow"}) == "airflow"
    with pytest.raises(CouldNotRun) as caught:
        connection_of("crm", {})
    assert str(caught.value) == (
        "source crm: no connection is set; "
        "set one of: QMSREPORTS_CONNECTION_CRM, AIRFLOW_CONN_CRM (looked at in this order)"
    )


def test_an_organisation_needs_a_real_time_zone() -> None:
    with pytest.raises(ValidationError, match="no IANA time zone; write for example Europe/Vienna"):
        Organisation(name="Arvella Pumps", time_zone="Vienna")
    arvella = Organisation.model_validate(
        {"name": "Arvella Pumps", "time_zone": "Europe/Vienna", "sites": [{"site": "linz", "title": "Linz"}]}
    )
    assert (arvella.site_title("linz"), arvella.site_title("oslo")) == ("Linz", "oslo")
