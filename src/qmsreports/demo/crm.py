"""crm.db: accounts, orders, deals, complaints and surveys as the CRM held them at the cutoff (UTC)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo import orders as sales
from qmsreports.demo import voice
from qmsreports.demo.clock import month_number
from qmsreports.demo.company import FAMILY, LIVE, PLANT, SITES, Accounts, Plan
from qmsreports.demo.dirt import Dirt
from qmsreports.demo.remarks import remark
from qmsreports.demo.store import Column, TableRows, dates, instants, known, listed

Life = dict[str, NDArray[Any]]

_ACCOUNT = (
    "acc_no TEXT|display_name TEXT|seg TEXT|country TEXT|plant_code TEXT|since TEXT|is_active INTEGER|modified TEXT"
)
_ORDER = "so_no TEXT|acc_no TEXT|plant_code TEXT|entry_channel TEXT|ordered TEXT|modified TEXT"
_ITEM = (
    "so_no TEXT|pos INTEGER|item_code TEXT|item_family TEXT|qty INTEGER|qty_delivered INTEGER|net_eur REAL|wished TEXT|"
    "commit_first TEXT|commit_now TEXT|late_notice TEXT|delivered TEXT|state TEXT|modified TEXT"
)
_DEAL = "deal_id TEXT|acc_no TEXT|plant_code TEXT|opened TEXT|closed TEXT|phase TEXT|amount_eur REAL|modified TEXT"
_COMPLAINT = (
    "cmp_no TEXT|acc_no TEXT|so_no TEXT|pos INTEGER|plant_code TEXT|received TEXT|closed TEXT|reason_code TEXT|"
    "justified TEXT|via TEXT|modified TEXT"
)
_SEND = "send_id TEXT|acc_no TEXT|kind TEXT|via TEXT|sent TEXT|plant_code TEXT|case_no INTEGER|care TEXT|modified TEXT"
_REPLY = (
    "reply_id TEXT|send_id TEXT|acc_no TEXT|replied TEXT|q_recommend INTEGER|q_satisfied INTEGER|q_easy INTEGER|"
    "q_understood INTEGER|remark TEXT|modified TEXT"
)
MOJIBAKE = "MÃ¼ller KÃ¤ltetechnik GmbH"


def _table(
    name: str, columns: str, key: tuple[str, ...], values: dict[str, Column], rows: NDArray[np.int64]
) -> TableRows:
    return TableRows(
        name, tuple(columns.split("|")), key, {name: listed(value, rows) for name, value in values.items()}
    )


def _stack(parts: list[Life]) -> Life:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _latest(cutoff: np.datetime64, *events: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return the last of the events that happened by the cutoff."""
    seen = [np.where(event <= cutoff, event, np.datetime64("NaT", "s")) for event in events]
    return np.asarray(np.fmax.reduce(seen))


class Crm:
    """Everything that ever happens in the CRM; :meth:`tables` shows it at the cutoff."""

    def __init__(self, plan: Plan, customers: Accounts, cases: Life) -> None:
        """``cases`` are the tickets: support surveys go to customers whose case was resolved."""
        self._plan, self._customers, self._cutoff = plan, customers, plan.cutoff
        self._case_numbers = cases["number"]
        self._orders, self.lines = self._sell()
        months = plan.from_month("2023-11")
        every = [self._orders["site"][self._orders["ordered"].astype("M8[M]").astype(np.int64) == m] for m in months]
        counts = [np.bincount(site, minlength=len(SITES)) for site in every]
        self._complaints = _stack(
            [voice.complaints(plan, self.lines, count, month) for month, count in zip(months, counts, strict=True)]
        )
        self._deals = _stack([voice.deals(plan, customers, month) for month in plan.from_month("2023-08")])
        self._surveys = _stack(
            [voice.surveys(plan, customers, self.lines, cases, month) for month in plan.from_month("2023-10")]
        )

    def _sell(self) -> tuple[Life, Life]:
        """All orders and lines, numbered by entry; what was finished before the go-live was not carried over."""
        parts = [
            sales.month_of_orders(self._plan, self._customers, month) for month in self._plan.from_month("2023-08")
        ]
        offset = 0
        for orders, lines in parts:
            lines["order"] = lines["order"] + offset
            offset += len(orders["site"])
        orders, lines = _stack([part[0] for part in parts]), _stack([part[1] for part in parts])
        open_then = (lines["promised"] >= LIVE) | (lines["delivered"] >= LIVE)
        kept = np.zeros(offset, bool)
        kept[lines["order"][open_then]] = True
        lines = {name: values[kept[lines["order"]]] for name, values in lines.items()}
        lines["order"] = (np.cumsum(kept) - 1)[lines["order"]]
        orders = {name: values[kept] for name, values in orders.items()}
        orders["number"] = _numbered("SO", orders["entered"], 6)
        return orders, lines

    def net_sales(self) -> dict[tuple[int, int], float]:
        """Return net sales by (month number of delivery, site)."""
        shipped = ~np.isnat(self.lines["delivered"])
        month = month_number(self.lines["delivered"][shipped])
        site, net = self.lines["site"][shipped], self.lines["net"][shipped]
        first = int(month.min())
        sums = np.bincount((month - first) * len(SITES) + site, weights=net)
        return {(first + place // len(SITES), place % len(SITES)): float(value) for place, value in enumerate(sums)}

    def tables(self, dirt: Dirt) -> list[TableRows]:
        """Return the seven tables."""
        send = self._sends()
        return [
            self._accounts(dirt),
            self._sales_orders(dirt),
            self._items(dirt),
            self._deal_rows(),
            self._complaint_rows(dirt),
            send,
            self._replies(dirt),
        ]

    def _accounts(self, dirt: Dirt) -> TableRows:
        c = self._customers
        rows = np.flatnonzero(c.created <= self._cutoff)
        name = c.name.copy()
        broken = int(np.flatnonzero((c.site == 0) & (c.segment == 0))[3])
        name[broken] = MOJIBAKE
        dirt.found("account_mojibake", [c.number[broken]])
        values = {
            "acc_no": c.number,
            "display_name": name,
            "seg": np.array(["S", "D", "K"], object)[c.segment],
            "country": c.country,
            "plant_code": PLANT[c.site],
            "since": dates(c.since),
            "is_active": (~(c.left <= self._cutoff)).astype(int),
            "modified": instants(_latest(self._cutoff, c.created, c.left)),
        }
        return _table("account", _ACCOUNT, ("acc_no",), values, rows)

    def _sales_orders(self, dirt: Dirt) -> TableRows:
        o = self._orders
        rows = np.flatnonzero(o["entered"] <= self._cutoff)
        plant, channel = PLANT[o["site"]], sales.VIA[o["channel"]]
        plant[o["dirt"] == sales.NO_PLANT] = "XXX"
        channel[o["dirt"] == sales.FAX] = "FAX"
        for code, kind in (
            (sales.NO_PLANT, "order_plant_xxx"),
            (sales.FAX, "order_channel_fax"),
            (sales.ENTERED_LATE, "order_entered_late"),
        ):
            dirt.found(kind, o["number"][rows][o["dirt"][rows] == code].tolist())
        values = {
            "so_no": o["number"],
            "acc_no": self._customers.number[o["account"]],
            "plant_code": plant,
            "entry_channel": channel,
            "ordered": dates(o["ordered"]),
            "modified": instants(o["entered"]),
        }
        return _table("sales_order", _ORDER, ("so_no",), values, rows)

    def _items(self, dirt: Dirt) -> TableRows:
        i, cutoff = self.lines, self._cutoff
        rows = np.flatnonzero(i["entered"] <= cutoff)
        done, stopped, told = i["known"] <= cutoff, i["stopped"] <= cutoff, i["told"] <= cutoff
        number = self._orders["number"][i["order"]]
        values: dict[str, Column] = {
            "so_no": number,
            "pos": i["position"].astype(object),
            "item_code": self._item_codes(i),
            "item_family": FAMILY[i["family"]],
            "qty": i["quantity"].astype(object),
            "qty_delivered": known(i["delivered_quantity"], done),
            "net_eur": i["net"].astype(object),
            "wished": dates(i["wished"]),
            "commit_first": dates(i["first"]),
            "commit_now": dates(np.where(i["moved"] & ~told, i["first"], i["promised"])),
            "late_notice": dates(np.where(told, i["noticed"], sales.NO_DAY)),
            "delivered": dates(np.where(done, i["delivered"], sales.NO_DAY)),
            "state": np.where(done, "DL", np.where(stopped, "CX", "OP")).astype(object),
            "modified": instants(_latest(cutoff, i["entered"], i["told"], i["known"], i["stopped"])),
        }
        self._soil_items(values, done, dirt)
        table = _table("so_item", _ITEM, ("so_no", "pos"), values, rows)
        return self._with_orphans(table, dirt)

    def _item_codes(self, lines: Life) -> Column:
        codes = np.array([[f"{family}-{110 + 30 * n}" for n in range(6)] for family in FAMILY], object)
        return np.asarray(codes[lines["family"], lines["item"]])

    def _soil_items(self, values: dict[str, Column], done: NDArray[np.bool_], dirt: Dirt) -> None:
        i = self.lines
        shown = i["entered"] <= self._cutoff
        month_before: NDArray[Any] = np.timedelta64(-31, "D") + i["ordered"]
        wrong_day = dates(month_before)
        far = np.array([day and f"20{day[3]}2{day[4:]}" for day in values["delivered"]], object)  # 2026 typed as 2062
        for code, kind, column, text in (
            (sales.BACKWARDS, "item_delivered_before_ordered", "delivered", wrong_day),
            (sales.FAR_FUTURE, "item_delivered_far_future", "delivered", far),
            (sales.ZERO_DATE, "item_zero_date", "wished", "0000-00-00"),
            (sales.NEGATIVE, "item_negative_quantity", "qty", -i["quantity"]),
            (sales.LATE_ENTRY, "item_late_record", "", ""),
        ):
            hit = (i["dirt"] == code) & shown
            if column == "delivered" or not column:
                hit &= done
            if column:
                values[column][hit] = text[hit] if isinstance(text, np.ndarray) else text
            dirt.found(
                kind, [list(pair) for pair in zip(values["so_no"][hit], values["pos"][hit].tolist(), strict=True)]
            )

    def _with_orphans(self, table: TableRows, dirt: Dirt) -> TableRows:
        """Add lines whose order was purged: one a year."""
        orphans: list[tuple[Any, ...]] = []
        for year in (2024, 2025, 2026):
            at = np.datetime64(f"{year}-05-14T09:12:00")
            if at <= self._cutoff:
                day = f"{year}-05-14"
                number, entered = f"SO-{year}-999901", f"{day} 09:12:00"
                orphans.append((number, 10, "CIR-110", "CIR", 2, 2, 402.5, day, day, day, None, day, "DL", entered))
                dirt.found("item_orphan", [[number, 10]])
        columns = zip(*orphans, strict=True) if orphans else ((),) * len(table.names)
        values = {name: [*table.values[name], *more] for name, more in zip(table.names, columns, strict=True)}
        return replace(table, values=values)

    def _deal_rows(self) -> TableRows:
        d, cutoff = self._deals, self._cutoff
        rows = np.flatnonzero(d["entered"] <= cutoff)
        decided = d["decided"] <= cutoff
        values = {
            "deal_id": np.array([f"D{number:06d}" for number in range(1, len(decided) + 1)], object),
            "acc_no": self._customers.number[d["account"]],
            "plant_code": PLANT[d["site"]],
            "opened": dates(d["opened"]),
            "closed": dates(np.where(decided, d["closed"], sales.NO_DAY)),
            "phase": np.where(decided, np.where(d["won"], "WON", "LOST"), "OPEN").astype(object),
            "amount_eur": d["amount"].astype(object),
            "modified": instants(_latest(cutoff, d["entered"], d["decided"])),
        }
        return _table("deal", _DEAL, ("deal_id",), values, rows)

    def _complaint_rows(self, dirt: Dirt) -> TableRows:
        c, cutoff = self._complaints, self._cutoff
        order = np.argsort(c["entered"], kind="stable")
        c = {name: values[order] for name, values in c.items()}
        rows = np.flatnonzero(c["entered"] <= cutoff)
        has_line, settled = c["line"] >= 0, c["settled"] <= cutoff
        number = _numbered("CMP", c["entered"], 5)
        reason = voice.REASON[c["reason"]]
        reason[c["dirt"] == voice.BAD_REASON] = "Z9"
        dirt.found("complaint_reason_z9", number[rows][c["dirt"][rows] == voice.BAD_REASON].tolist())
        dirt.found("complaint_entered_late", number[rows][c["dirt"][rows] == voice.LATE_ENTRY].tolist())
        values = {
            "cmp_no": number,
            "acc_no": known(self._customers.number[self.lines["account"][c["line"]]], has_line),
            "so_no": known(self._orders["number"][self.lines["order"][c["line"]]], has_line),
            "pos": known(self.lines["position"][c["line"]], has_line),
            "plant_code": PLANT[c["site"]],
            "received": dates(c["received"]),
            "closed": dates(np.where(settled, c["closed"], sales.NO_DAY)),
            "reason_code": reason,
            "justified": known(np.where(c["justified"], "Y", "N"), settled),
            "via": sales.VIA[c["channel"]],
            "modified": instants(_latest(cutoff, c["entered"], c["settled"])),
        }
        return _table("complaint", _COMPLAINT, ("cmp_no",), values, rows)

    def _send_ids(self) -> Column:
        return np.array([f"S{number:07d}" for number in range(1, len(self._surveys["site"]) + 1)], object)

    def _sends(self) -> TableRows:
        s = self._surveys
        rows = np.flatnonzero(s["entered"] <= self._cutoff)
        values = {
            "send_id": self._send_ids(),
            "acc_no": self._customers.number[s["account"]],
            "kind": voice.KINDS[s["kind"]],
            "via": sales.VIA[s["channel"]],
            "sent": dates(s["sent"]),
            "plant_code": PLANT[s["site"]],
            "case_no": known(self._case_numbers[s["case"]], s["case"] >= 0),
            "care": known(voice.CARE[s["care"]], s["care"] > 0),
            "modified": instants(s["entered"]),
        }
        return _table("survey_send", _SEND, ("send_id",), values, rows)

    def _replies(self, dirt: Dirt) -> TableRows:
        s = self._surveys
        rows = np.flatnonzero(s["replied"] <= self._cutoff)
        rows = rows[np.argsort(s["replied"][rows], kind="stable")]
        s = {name: values[rows] for name, values in s.items()}
        number = np.array([f"R{n:07d}" for n in range(1, len(rows) + 1)], object)
        recommend = known(s["recommend"], s["recommend"] >= 0)
        eleven = (s["dirt"] == voice.ELEVEN) & (s["kind"] == 0)
        recommend[eleven] = 11
        dirt.found("reply_recommend_11", number[eleven].tolist())
        replied = instants(s["replied"])
        values = {
            "reply_id": number,
            "send_id": self._send_ids()[rows],
            "acc_no": self._customers.number[s["account"]],
            "replied": replied,
            "q_recommend": recommend,
            "q_satisfied": known(s["satisfied"], s["satisfied"] >= 0),
            "q_easy": known(s["easy"], s["easy"] >= 0),
            "q_understood": known(s["understood"], s["understood"] >= 0),
            "remark": remark(s["remark"], s["satisfied"]),
            "modified": replied,
        }
        return _table("survey_reply", _REPLY, ("reply_id",), values, np.arange(len(rows)))


def _numbered(prefix: str, entered: NDArray[np.datetime64], width: int) -> Column:
    """Return ``SO-2024-000123`` numbers: counted per year in the order of entry, so they never change."""
    order = np.argsort(entered, kind="stable")
    year = entered[order].astype("datetime64[Y]").astype(np.int64) + 1970
    first = np.flatnonzero(np.r_[True, year[1:] != year[:-1]]) if len(year) else np.zeros(0, np.int64)
    place = np.arange(len(year)) - np.repeat(first, np.diff(np.r_[first, len(year)])) + 1
    result = np.empty(len(entered), object)
    result[order] = [f"{prefix}-{y}-{n:0{width}d}" for y, n in zip(year.tolist(), place.tolist(), strict=True)]
    return result
