"""The command ``qmsreports spc``: its JSON, its words, and one clear line for everything that can be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from qmsreports.analysis.csv_series import read_series
from qmsreports.cli.spc import spc
from qmsreports.errors import CouldNotRun, ExitCode, UserError

App = typer.Typer()
App.command()(spc)

Run = Callable[..., Result]
Csv = Callable[[str | bytes], Path]


@pytest.fixture
def csv(tmp_path: Path) -> Csv:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "kpi.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def call(path: Path, *options: str) -> Result:
    return CliRunner().invoke(App, [str(path), "--date", "month", "--value", "value", *options])


QUIET = "month,value\n" + "".join(f"2026-{m:02},{v}\n" for m, v in zip(range(1, 13), [9, 10, 11, 10] * 3, strict=True))


def test_json_contract(csv: Csv) -> None:
    # mean 10, all ranges 1, limits 10 -+ 2.66; 13 > 12.66 so higher-is-better fails consistently
    result = call(csv(QUIET), "--better", "higher", "--target", "13", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == ["rules", "segments", "points", "variation", "assurance"]
    assert found["segments"] == [
        {
            "from": "2026-01-01",
            "to": "2026-12-01",
            "mean": 10.0,
            "lower": pytest.approx(7.34),
            "upper": pytest.approx(12.66),
            "trial": False,
        }
    ]
    assert found["points"][0] == {
        "date": "2026-01-01",
        "value": 9.0,
        "mean": 10.0,
        "lower": pytest.approx(7.34),
        "upper": pytest.approx(12.66),
        "signal": "none",
        "kind": "common_cause",
    }
    assert (found["rules"], found["variation"], found["assurance"]) == ("making_data_count", "common_cause", "fail")


def test_options_reach_the_analysis(csv: Csv) -> None:
    text = QUIET + "2027-01,30\n2027-02,\n2027-03,31\n"
    plain = json.loads(call(csv(text), "--fix-after", "12", "--better", "lower", "--json").stdout)
    assert plain["variation"] == "concern_high"
    assert plain["points"][13] == plain["points"][13] | {"value": None, "signal": "none", "kind": "common_cause"}
    cut = json.loads(call(csv(text), "--rebase", "2026-05", "--rebase", "2027-01-01", "--json").stdout)
    assert [s["from"] for s in cut["segments"]] == ["2026-01-01", "2026-05-01", "2027-01-01"]
    screened, kept = (
        json.loads(call(csv(text), *more, "--json").stdout)["segments"][0]["upper"]
        for more in ((), ("--no-screening",))
    )
    # ranges 11 x 1, 20, 1: average 32/13 = 2.46, screen 8.04 drops 20; mean 181/14
    assert screened == pytest.approx(181 / 14 + 2.66)
    assert kept == pytest.approx(181 / 14 + 2.66 * 32 / 13)
    wheeler = json.loads(call(csv(text), "--rules", "wheeler", "--json").stdout)
    assert (wheeler["rules"], wheeler["segments"][0]["upper"]) == ("wheeler", pytest.approx(kept))


def test_words_for_people(csv: Csv) -> None:
    result = call(csv(QUIET + "2027-01,30\n"), "--better", "higher", "--target", "40", "--fix-after", "12")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["date", "value", "signal", "kind"]
    assert lines[13].split() == ["2027-01-01", "30", "above", "limit", "improvement"]
    assert lines[-3] == "2026-01-01 to 2027-01-01: mean 10, limits 7.34 to 12.7"
    assert lines[-2] == "variation: improvement high; assurance: fail"
    assert lines[-1] == ("Better: one month above its limits, January 2027; 40 cannot be met as the process stands.")


@pytest.mark.parametrize(
    "text",
    [
        "month,value\n2026-01,1\n2026-02,\n",
        "\ufeffmonth,value\r\n2026-01,1\r\n2026-02,\r\n",
        "month;value;note\n2026-01-01;1;a\n\n2026-02-01;;b\n",
        "note\tvalue\tmonth\nx\t1\t2026-01-01T00:00:00\ny\t \t2026-02\n",
        '"month","value"\n" 2026-01 ","1e0"\n"2026-02",""\n,\n',
    ],
)
def test_what_a_spreadsheet_writes_is_read(csv: Csv, text: str) -> None:
    found = read_series(csv(text), "month", "value")
    assert [(str(day), value) for day, value in found] == [("2026-01-01", 1.0), ("2026-02-01", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("month,value\n2026-01,93,4\n", "kpi.csv:2: 3 cells under 2 columns; a decimal comma needs quotation marks"),
        ('month,value\n2026-01,"93,4"\n', 'kpi.csv:2: "93,4" has a comma; write a decimal point and no thousands'),
        ("month;value\n2026-01;1.234,5\n", 'kpi.csv:2: "1.234,5" has a comma'),
        ("month,value\n\n2026-01,abc\n", 'kpi.csv:3: "abc" is no number; write it like 93.4, leave it empty for a gap'),
        ("month,value\n2026-01,nan\n", '"nan" is no number'),
        ("month,value\n2026-01,inf\n", '"inf" is no number'),
        ("month,value\n2026-01,1e999\n", '"1e999" is too large'),
        ("month,value\n2026-01,93.4%\n", '"93.4%" is no number'),
        ("month,value\n2026-13,1\n", 'kpi.csv:2: "2026-13" is no date; write 2026-10-01 or 2026-10'),
        ("month,value\n2026-02-30,1\n", '"2026-02-30" is no date'),
        ("month,value\n01.10.2026,1\n", '"01.10.2026" is no date'),
        ("month,value\n,1\n", '"" is no date'),
        ("month,value\n2026-02,1\n2026-01,1\n", "kpi.csv:3: 2026-01-01 stands after 2026-02-01; sort the rows by date"),
        ("month,value\n2026-01,1\n2026-01-01,2\n", "kpi.csv:3: 2026-01-01 appears twice; keep one value per date"),
        ("month,value\n2026-01\n", "kpi.csv:2: 1 cells under 2 columns"),
        ("month,value,value\n2026-01,1,2\n", 'kpi.csv:1: column "value" appears 2 times'),
        ('month,value\n2026-01,"1\n', "is no CSV"),
        ("month,value\n", "kpi.csv:1: there is no row below the header"),
        ("", "the file is empty; give a CSV file with a header row"),
    ],
)
def test_data_that_could_be_read_in_two_ways_is_refused(csv: Csv, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_series(csv(text), "month", "value")
    assert message in str(caught.value)
    assert caught.value.exit_code == ExitCode.FINDINGS


def test_an_escape_sequence_in_the_data_does_not_reach_the_terminal(csv: Csv) -> None:
    with pytest.raises(UserError) as caught:
        read_series(csv("month,value\n2026-01,\x1b[31mred\n"), "month", "value")
    assert "\x1b" not in str(caught.value)


def test_all_findings_of_a_file_at_once_but_not_a_thousand(csv: Csv) -> None:
    with pytest.raises(UserError) as caught:
        read_series(csv("month,value\nx,y\n2026-01,1\n2026-02,z\n"), "month", "value")
    assert [finding.what for finding in caught.value.findings] == [
        '"x" is no date',
        '"y" is no number',
        '"z" is no number',
    ]
    with pytest.raises(UserError) as caught:
        read_series(csv("month,value\n" + "x,1\n" * 1000), "month", "value")
    assert len(caught.value.findings) == 21
    assert str(caught.value.findings[-1]).endswith("980 more findings; mend these first")


def test_a_file_that_cannot_be_read(tmp_path: Path, csv: Csv) -> None:
    with pytest.raises(CouldNotRun, match="cannot be read"):
        read_series(tmp_path / "none.csv", "month", "value")
    with pytest.raises(CouldNotRun, match="cannot be read"):
        read_series(tmp_path, "month", "value")
    with pytest.raises(CouldNotRun, match=r"not UTF-8 text \(byte 7\)"):
        read_series(csv(b"month,\xe4\n"), "month", "value")
    with pytest.raises(CouldNotRun, match="not a text file"):
        read_series(csv(b"month,value\n\x00\x00\n"), "month", "value")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--better", "hihger"], 'did you mean "higher"?'),
        (["--rules", "wheler"], 'did you mean "wheeler"?'),
        (["--rebase", "January"], '--rebase "January" is no date'),
        (["--rebase", "2031-01"], "--rebase 2031-01-01 lies outside the series"),
        (["--fix-after", "1"], "--fix-after 1 leaves too few points"),
        (["--target", "nan"], "--target nan is no number"),
        (["--value", "valu"], 'there is no column "valu"; did you mean "value"?'),
        (["--date", "day"], 'there is no column "day"; known: month, value'),
    ],
)
def test_wrong_usage_has_exit_code_two(csv: Csv, options: list[str], message: str) -> None:
    error = call(csv(QUIET), *options).exception
    assert isinstance(error, UserError)
    assert message in str(error)
    assert error.exit_code == ExitCode.USAGE
