"""Mistakes that people make seldom: with these every sentence of the checks is said to somebody."""

from __future__ import annotations

from catalog_mistakes import Mistake

RARE = (
    Mistake("a table name with a dash", "tables/orders.yaml", "table: orders", "table: or-ders", "tables/or-ders.yaml"),
    Mistake(
        "a table derived from itself",
        "tables/orders.yaml",
        "key: [order_id]",
        "key: [order_id]\nderived_from: [orders]",
    ),
    Mistake("a deviation above 100 percent", "targets/on_time.yaml", "at_least: 80", "at_least: 180"),
    Mistake(
        "reasons of a table without dates",
        "kpis/reply_time.yaml",
        "feeds: [9.3.2-c1]",
        "feeds: [9.3.2-c1]\npareto: {table: cases, column: site}",
    ),
    Mistake(
        "reasons of rows that do not add up to the value",
        "kpis/reply_time.yaml",
        "feeds: [9.3.2-c1]",
        "feeds: [9.3.2-c1]\npareto: {column: site}",
    ),
    Mistake(
        "reasons of its own rows by an unknown column",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\npareto: {column: sit}",
    ),
    Mistake(
        "reasons of its own rows that are narrowed once more",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\npareto: {column: site, sum: status}",
    ),
    Mistake(
        "an annex of an unknown KPI",
        "reviews/monthly.yaml",
        "standards: [std-1, std-2]",
        "standards: [std-1, std-2]\nannexes: {slice: site, kpis: [on_tim]}",
    ),
    Mistake("a bell in a title", "kpis/on_time.yaml", "title: On time", "title: On \x07 time"),
    Mistake("a month that is none", "kpis/on_time.yaml", "effective_from: 2024-01-01", "effective_from: 2024-13-01"),
)
