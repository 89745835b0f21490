"""Plain ways to read what a source system holds; nothing here knows how it was made."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import pandas as pd

# system, table, key, cursor
TABLES = [
    ("crm", "account", ["acc_no"], "modified"),
    ("crm", "sales_order", ["so_no"], "modified"),
    ("crm", "so_item", ["so_no", "pos"], "modified"),
    ("crm", "deal", ["deal_id"], "modified"),
    ("crm", "complaint", ["cmp_no"], "modified"),
    ("crm", "survey_send", ["send_id"], "modified"),
    ("crm", "survey_reply", ["reply_id"], "modified"),
    ("helpdesk", "ticket", ["ticket_no"], "updated_local"),
    ("helpdesk", "message", ["msg_id"], "sent_local"),
    ("helpdesk", "state_log", ["log_id"], "at_local"),
    ("helpdesk", "update_promise", ["promise_id"], "changed_local"),
    ("mes", "wo", ["wo_no"], "chg"),
    ("mes", "wo_step", ["step_id"], "chg"),
    ("mes", "qc_check", ["check_id"], "chg"),
    ("mes", "stop", ["stop_id"], "chg"),
    ("mes", "goods_in", ["gr_no"], "chg"),
]


def rows_of(folder: Path, system: str, sql: str) -> pd.DataFrame:
    """Rows of a plain SQL query against one of the databases."""
    with closing(sqlite3.connect(folder / f"{system}.db")) as connection:
        return pd.read_sql_query(sql, connection)


def shift_lines(folder: Path) -> list[tuple[str, str]]:
    """Every line of every shift file, without headers: (file name, line)."""
    found = []
    for path in sorted((folder / "production").glob("*.csv")):
        found += [(path.name, line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return found


@cache
def _workbook(path: Path) -> dict[str, pd.DataFrame]:
    return pd.read_excel(path, sheet_name=None)


def sheet(folder: Path, name: str) -> pd.DataFrame:
    """One sheet of the registers."""
    return _workbook(folder / "qms_registers.xlsx")[name]


def month_of(dates: pd.Series) -> pd.Series:
    """The month of ``YYYY-MM-DD`` texts as ``YYYY-MM``."""
    return dates.str[:7]


def local_month(utc: pd.Series) -> pd.Series:
    """The Vienna month of UTC texts."""
    return pd.to_datetime(utc, utc=True).dt.tz_convert("Europe/Vienna").dt.strftime("%Y-%m")
