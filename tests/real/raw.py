"""The raw files in pandas, read without any code of the product: what the tests compare with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

TIMES = "%d/%m/%Y %H:%M"


def _read(path: Path, encoding: str = "utf-8") -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding)


@dataclass
class Raw:
    """The four data sets as they are, every cell a text; below them what follows from their quirks."""

    folder: Path

    @cached_property
    def accounts(self) -> pd.DataFrame:
        return _read(self.folder / "crm_maven" / "accounts.csv")

    @cached_property
    def products(self) -> pd.DataFrame:
        return _read(self.folder / "crm_maven" / "products.csv")

    @cached_property
    def pipeline(self) -> pd.DataFrame:
        return _read(self.folder / "crm_maven" / "sales_pipeline.csv")

    @cached_property
    def answers(self) -> pd.DataFrame:
        return _read(self.folder / "nps_retail" / "nps.csv", "latin-1")

    @cached_property
    def damaged(self) -> pd.DataFrame:
        return _read(self.folder / "production_log" / "Production_Data.csv")

    @cached_property
    def log(self) -> pd.DataFrame:
        return _read(self.folder / "production_log" / "production_data_rebuilt.csv")

    @cached_property
    def events(self) -> pd.DataFrame:
        return _read(self.folder / "incident_sample" / "incident_event_log_sample.csv.gz")

    # --- what follows from them --------------------------------------------------------------------------------------
    @cached_property
    def deals(self) -> pd.DataFrame:
        """The pipeline with days, month first, the office of the agent, and products under their own names."""
        teams = _read(self.folder / "crm_maven" / "sales_teams.csv").set_index("sales_agent")
        deals = self.pipeline.copy()
        for column in ("engage_date", "close_date"):
            deals[column] = pd.to_datetime(deals[column].replace("", None), format="%m/%d/%Y")
        deals["office"] = deals["sales_agent"].map(teams["regional_office"]).str.lower()
        deals["product"] = deals["product"].replace("GTXPro", "GTX Pro")
        return deals

    @cached_property
    def reports(self) -> pd.DataFrame:
        """The production log without exact repeats, in times and numbers; lost times are empty."""
        reports = self.log.drop_duplicates().copy()
        for column in ("Start Timestamp", "Complete Timestamp"):
            reports[column] = pd.to_datetime(reports[column].replace("", None), format="%Y-%m-%d %H:%M:%S")
        for column in ("Qty Completed", "Qty Rejected", "Qty for MRB"):
            reports[column] = reports[column].astype(int)
        return reports

    @cached_property
    def operations(self) -> pd.DataFrame:
        """Reports whose time is known."""
        return self.reports.dropna(subset=["Start Timestamp", "Complete Timestamp"])

    @cached_property
    def history(self) -> pd.DataFrame:
        """The events with times, day first; they stand in the order of their incident's life."""
        history = self.events.copy()
        for column in ("opened_at", "sys_updated_at", "resolved_at", "closed_at"):
            history[column] = pd.to_datetime(history[column].replace("?", None), format=TIMES)
        return history

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """The last event of each incident: newest change, and of those in one minute the one further down the file."""
        ordered = self.history.sort_values(["number", "sys_updated_at"], kind="stable")
        incidents = ordered.groupby("number").tail(1).copy()
        incidents["priority"] = incidents["priority"].str[4:].str.lower()
        return incidents
