"""mes.db: work orders, steps, checks, stops and goods receipts as the MES held them at the cutoff (UTC)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo import workorders as line
from qmsreports.demo.company import FAMILY, LIVE, SITES, WORKS, Plan
from qmsreports.demo.dirt import Dirt
from qmsreports.demo.goods_in import receipts
from qmsreports.demo.store import Column, TableRows, dates, instants, known, listed
from qmsreports.demo.workorders import machine_names

Life = dict[str, NDArray[Any]]

_WO = (
    "wo_no TEXT|plant TEXT|item TEXT|family TEXT|plan_start TEXT|due TEXT|done TEXT|qty_plan INTEGER|qty_good INTEGER|"
    "qty_scrap INTEGER|state TEXT|chg TEXT"
)
_STEP = (
    "step_id INTEGER|wo_no TEXT|plant TEXT|machine TEXT|step_name TEXT|finished TEXT|qty_in INTEGER|"
    "qty_ok_first INTEGER|qty_rework INTEGER|qty_scrap INTEGER|chg TEXT"
)
_CHECK = (
    "check_id INTEGER|wo_no TEXT|plant TEXT|checked TEXT|stage TEXT|units INTEGER|bad_units INTEGER|defects INTEGER|"
    "defect_code TEXT|chg TEXT"
)
_STOP = "stop_id INTEGER|plant TEXT|machine TEXT|from_utc TEXT|to_utc TEXT|why_code TEXT|is_planned INTEGER|chg TEXT"
_GOODS_IN = (
    "gr_no TEXT|supplier TEXT|plant TEXT|material TEXT|committed TEXT|received TEXT|qty INTEGER|qty_rejected INTEGER|"
    "chg TEXT"
)
DEFECT = np.array(["LEAK", "NOISE", "PAINT", "THREAD", "ELEC", "LABEL"], object)
WHY = np.array(["BREAK", "SETUP", "MATL", "TOOL", "STAFF", "MAINT"], object)


def _stack(parts: list[Life]) -> Life:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _table(name: str, columns: str, key: str, values: dict[str, Column], rows: NDArray[np.int64]) -> TableRows:
    return TableRows(name, tuple(columns.split("|")), (key,), {n: listed(value, rows) for n, value in values.items()})


def tables(plan: Plan, dirt: Dirt) -> list[TableRows]:
    """Return the five tables of the MES."""
    months = [line.month_of_work(plan, month) for month in plan.from_month("2023-10")]
    kept = [orders["finished"] >= LIVE for orders, _, _ in months]
    orders = _stack([{n: v[keep] for n, v in month[0].items()} for month, keep in zip(months, kept, strict=True)])
    numbers = np.array([f"W{number:07d}" for number in range(100001, 100001 + len(orders["site"]))], object)
    goods = _stack([receipts(plan, month) for month in plan.from_month("2023-11")])
    sizes = np.cumsum([0, *(int(keep.sum()) for keep in kept)])
    steps, checks = [], []
    for start, keep, (_, run, seen) in zip(sizes[:-1], kept, months, strict=True):
        order = np.arange(start, start + keep.sum())
        steps += [{"order": order, **{n: v[keep] for n, v in step.items()}} for step in run]
        checks += [{"order": order, **{n: v[keep] for n, v in check.items()}} for check in seen]
    return [
        _orders(plan, orders, numbers, dirt),
        _steps(plan, orders, numbers, _stack(steps), dirt),
        _checks(plan, orders, numbers, _stack(checks), goods, dirt),
        _stops(plan, _stack([line.stops(plan, month) for month in plan.from_month("2023-11")]), dirt),
        _goods_in(plan, goods, dirt),
    ]


def _orders(plan: Plan, o: Life, numbers: Column, dirt: Dirt) -> TableRows:
    cutoff = plan.cutoff
    rows = np.flatnonzero(o["created"] <= cutoff)
    begun = o["begun"] <= cutoff
    dropped = o["cancelled"] & begun
    done = (o["finished"] <= cutoff) & ~o["cancelled"]
    plant = WORKS[o["site"]]
    plant[o["dirt"] == line.BAD_PLANT] = "XXX"
    dirt.found("work_order_plant_xxx", numbers[rows][o["dirt"][rows] == line.BAD_PLANT].tolist())
    changed = np.where(done, o["finished"], np.where(begun, o["begun"], o["created"]))
    values = {
        "wo_no": numbers,
        "plant": plant,
        "item": _items(o),
        "family": FAMILY[o["family"]],
        "plan_start": dates(o["start"]),
        "due": dates(o["due"]),
        "done": dates(np.where(done, o["finished"].astype("datetime64[D]"), np.datetime64("NaT", "D"))),
        "qty_plan": o["planned"].astype(object),
        "qty_good": known(o["good"], done),
        "qty_scrap": known(o["scrap"], done),
        "state": np.where(done, "F", np.where(dropped, "X", np.where(begun, "R", "P"))).astype(object),
        "chg": instants(changed),
    }
    return _table("wo", _WO, "wo_no", values, rows)


def _items(orders: Life) -> Column:
    codes = np.array([[f"{family}-{110 + 30 * n}" for n in range(6)] for family in FAMILY], object)
    return np.asarray(codes[orders["family"], orders["item"]])


def _machines(plan: Plan, site: NDArray[np.int64], machine: NDArray[np.int64]) -> Column:
    names = np.full((len(SITES), 6 * plan.scale), "", object)
    for number in range(len(SITES)):
        here = machine_names(number, plan.scale)
        names[number, : len(here)] = here
    return np.asarray(names[site, machine])


def _steps(plan: Plan, o: Life, numbers: Column, s: Life, dirt: Dirt) -> TableRows:
    entered = s["finished"] + np.where(s["dirt"] == line.LATE_ENTRY, 24 * 86400, 90).astype("timedelta64[s]")
    rows = np.flatnonzero((entered <= plan.cutoff) & ~o["cancelled"][s["order"]])
    rows = rows[np.argsort(entered[rows], kind="stable")]
    s, entered = {name: values[rows] for name, values in s.items()}, entered[rows]
    site = o["site"][s["order"]]
    ids = np.arange(1, len(rows) + 1)
    dirt.found("step_late_record", ids[s["dirt"] == line.LATE_ENTRY].tolist())
    values = {
        "step_id": ids,
        "wo_no": numbers[s["order"]],
        "plant": WORKS[site],
        "machine": _machines(plan, site, s["machine"]),
        "step_name": s["name"],
        "finished": instants(s["finished"]),
        "qty_in": s["entering"],
        "qty_ok_first": s["entering"] - s["failed"],
        "qty_rework": s["failed"] - s["scrap"],
        "qty_scrap": s["scrap"],
        "chg": instants(entered),
    }
    return _table("wo_step", _STEP, "step_id", values, np.arange(len(rows)))


def _checks(plan: Plan, o: Life, numbers: Column, c: Life, goods: Life, dirt: Dirt) -> TableRows:
    site = o["site"][c["order"]]
    wanted = c["done"] & ~o["cancelled"][c["order"]]
    sampled = np.flatnonzero(goods["sampled"])
    at = np.r_[c["at"][wanted], goods["entered"][sampled]]
    number = np.r_[numbers[c["order"][wanted]], np.full(len(sampled), None, object)]
    bad = np.r_[c["bad"][wanted], goods["sample_bad"][sampled]]
    code = np.r_[DEFECT[c["code"][wanted]], np.full(len(sampled), "SURF", object)]
    code[bad == 0] = None
    wrong = np.r_[c["dirt"][wanted] == line.BAD_CODE, np.zeros(len(sampled), bool)]
    code[wrong] = "??"
    rows = np.flatnonzero(at <= plan.cutoff)
    rows = rows[np.argsort(at[rows], kind="stable")]
    ids = np.arange(1, len(rows) + 1)
    dirt.found("check_unknown_code", ids[wrong[rows]].tolist())
    values = {
        "wo_no": number,
        "plant": WORKS[np.r_[site[wanted], goods["site"][sampled]]],
        "checked": instants(at),
        "stage": np.r_[c["stage"][wanted], np.full(len(sampled), "IN", object)],
        "units": np.r_[c["units"][wanted], goods["sample"][sampled]],
        "bad_units": bad,
        "defects": np.r_[c["defects"][wanted], goods["sample_bad"][sampled]],
        "defect_code": code,
        "chg": instants(at),
    }
    listed_values: dict[str, Any] = {name: listed(value, rows) for name, value in values.items()}
    return TableRows("qc_check", tuple(_CHECK.split("|")), ("check_id",), {"check_id": ids.tolist(), **listed_values})


def _stops(plan: Plan, s: Life, dirt: Dirt) -> TableRows:
    rows = np.flatnonzero(s["begin"] <= plan.cutoff)
    rows = rows[np.argsort(s["begin"][rows], kind="stable")]
    s = {name: values[rows] for name, values in s.items()}
    ended = s["end"] <= plan.cutoff
    ids = np.arange(1, len(rows) + 1)
    why = WHY[s["why"]]
    why[s["dirt"] == line.BAD_CODE] = "Q99"
    before = (s["dirt"] == line.ENDLESS) & ended
    until = instants(np.where(ended, s["end"], line.NAT))
    until[before] = instants(s["begin"][before] - np.timedelta64(5400, "s"))
    dirt.found("stop_unknown_reason", ids[s["dirt"] == line.BAD_CODE].tolist())
    dirt.found("stop_ends_before_start", ids[before].tolist())
    values = {
        "stop_id": ids,
        "plant": WORKS[s["site"]],
        "machine": _machines(plan, s["site"], s["machine"]),
        "from_utc": instants(s["begin"]),
        "to_utc": until,
        "why_code": why,
        "is_planned": (s["why"] == 5).astype(int),
        "chg": instants(np.where(ended, s["end"], s["begin"])),
    }
    return _table("stop", _STOP, "stop_id", values, np.arange(len(rows)))


def _goods_in(plan: Plan, g: Life, dirt: Dirt) -> TableRows:
    order = np.argsort(g["entered"], kind="stable")
    g = {name: values[order] for name, values in g.items()}
    rows = np.flatnonzero(g["entered"] <= plan.cutoff)
    numbers = np.array([f"GR{number:06d}" for number in range(1, len(order) + 1)], object)
    quantity = g["quantity"].astype(object)
    negative = g["dirt"] == line.ENDLESS
    quantity[negative] = -g["quantity"][negative]
    plant = WORKS[g["site"]]
    plant[g["dirt"] == line.BAD_PLANT] = "XXX"
    for kind, hit in (
        ("receipt_negative_quantity", negative),
        ("receipt_plant_xxx", g["dirt"] == line.BAD_PLANT),
        ("receipt_late_record", g["dirt"] == line.LATE_ENTRY),
    ):
        dirt.found(kind, numbers[rows][hit[rows]].tolist())
    values = {
        "gr_no": numbers,
        "supplier": g["supplier"],
        "plant": plant,
        "material": g["material"],
        "committed": dates(g["committed"]),
        "received": dates(g["received"]),
        "qty": quantity,
        "qty_rejected": np.where(negative, 0, g["rejected"]),
        "chg": instants(g["entered"]),
    }
    return _table("goods_in", _GOODS_IN, "gr_no", values, rows)
