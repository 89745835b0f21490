"""Mistakes round the KPIs that show only when several files, or several fields of one, are read together."""

from __future__ import annotations

from catalog_mistakes import WEEK, Mistake

OF_OTHERS = (
    Mistake(
        "a target of an unknown KPI",
        "targets/on_time.yaml",
        "kpi: on_time",
        "kpi: on_tme",
        renamed="targets/on_tme.yaml",
    ),
    Mistake("a target in another unit", "targets/on_time.yaml", "unit: percent", "unit: ppm"),
    Mistake("a target above 100 percent", "targets/on_time.yaml", "meet: 95", "meet: 950"),
    Mistake("a target as a share", "targets/on_time.yaml", "meet: 95", "meet: 0.95"),
    Mistake("a near value on the good side", "targets/on_time.yaml", "near: 85", "near: 91"),
    Mistake("a target without a direction", "kpis/on_time.yaml", "better: higher", "better: neither"),
    Mistake("a gap between targets", "targets/on_time.yaml", "to: 2024-12-31", "to: 2024-10-31"),
    Mistake("an overlap of targets", "targets/on_time.yaml", "to: 2024-12-31", "to: 2025-01-31"),
    Mistake(
        "targets out of order",
        "targets/on_time.yaml",
        "  - from: 2025-01-01\n    meet: 95",
        "  - from: 2023-01-01\n    meet: 95",
    ),
    Mistake("a target that ends before it starts", "targets/on_time.yaml", "to: 2024-12-31", "to: 2023-12-31"),
    Mistake(
        "a target inside a month",
        "targets/on_time.yaml",
        "  - from: 2025-01-01\n    slice",
        "  - from: 2025-01-15\n    slice",
    ),
    Mistake(
        "a target that ends inside a month",
        "targets/on_time.yaml",
        "  - from: 2025-01-01\n    slice",
        "  - from: 2025-01-01\n    to: 2026-01-15\n    slice",
    ),
    Mistake("a target for an unknown slice", "targets/on_time.yaml", "slice: {site: lyon}", "slice: {plant: lyon}"),
    Mistake("a target for an unknown site", "targets/on_time.yaml", "slice: {site: lyon}", "slice: {site: lion}"),
    Mistake("a deviation on the wrong side", "targets/on_time.yaml", "at_least: 80", "at_most: 80"),
    Mistake("a deviation that ends before it starts", "targets/on_time.yaml", "to: 2025-04-30", "to: 2025-02-28"),
    Mistake(
        "two deviations at once",
        "targets/on_time.yaml",
        "accepted_deviations:\n",
        "accepted_deviations:\n  - {from: 2025-04-01, to: 2025-05-31, at_least: 70, because: Move., action: A-2}\n",
    ),
    Mistake(
        "a target agreed afterwards",
        "targets/on_time.yaml",
        "on: 2024-12-01, record: Review 2024-11}\n  - from",
        "on: 2025-03-01, record: Review 2024-11}\n  - from",
    ),
    Mistake("a gap in a calendar", "calendars/desk.yaml", "to: 2024-12-31", "to: 2024-11-30"),
    Mistake("an overlap in a calendar", "calendars/desk.yaml", "to: 2024-12-31", "to: 2025-01-31"),
    Mistake("calendar rules out of order", "calendars/desk.yaml", "  - from: 2025-01-01", "  - from: 2022-01-01"),
    Mistake("a calendar rule that ends before it starts", "calendars/desk.yaml", "to: 2024-12-31", "to: 2022-12-31"),
    Mistake("a week that never opens", "calendars/desk.yaml", WEEK, WEEK.replace('["09:00-17:00"]', "closed")),
    Mistake("an unknown country", "calendars/desk.yaml", "country: AT", "country: XX"),
    Mistake("an unknown region", "calendars/desk.yaml", "country: AT", "country: AT\n      region: Tirol"),
    Mistake(
        "an own day twice",
        "calendars/desk.yaml",
        "        - {on: 2025-12-24, title: Christmas Eve}\n",
        "        - {on: 2025-12-24, title: Christmas Eve}\n        - {on: 2025-12-24, title: Eve}\n",
    ),
    Mistake(
        "a clause listed twice",
        "clauses/std-1.yaml",
        "  - {clause: 9.3.3-a",
        "  - {clause: 9.3.2-c3, label: Again}\n  - {clause: 9.3.3-a",
    ),
    Mistake("a map that follows nothing", "clauses/std-2.yaml", "follows: std-1", "follows: std-3"),
    Mistake("a map that adds to nothing", "clauses/std-2.yaml", "follows: std-1", "follows: std-1\nadds_to: std-3"),
    Mistake("same_as of nothing", "clauses/std-2.yaml", "same_as: 9.3.2-c1", "same_as: 9.3.2-c9"),
    Mistake("same_as without follows", "clauses/std-2.yaml", "follows: std-1\n", ""),
    Mistake("evidence in an unknown table", "clauses/std-2.yaml", "tables: [cases]", "tables: [case]"),
    Mistake(
        "evidence by an unknown KPI", "clauses/std-2.yaml", "label: Customers}", "label: C, evidence: {kpis: [on_tme]}}"
    ),
    Mistake("evidence by an unknown column", "clauses/std-2.yaml", "{field: site", "{field: sites"),
    Mistake("evidence by a value of another type", "clauses/std-2.yaml", "is: linz", "is: 7"),
    Mistake(
        "conditions on what is no evidence",
        "clauses/std-2.yaml",
        "where: {cases: [{field: site",
        "where: {orders: [{field: site",
    ),
    Mistake("an expectation by an unknown KPI", "customers.yaml", "kpis: [reply_time]", "kpis: [reply_tme]"),
    Mistake("a theme listed twice", "customers.yaml", "{theme: person", "{theme: delivery"),
    Mistake("a score without its parts", "customers.yaml", "by: []", "by: [colour]"),
    Mistake(
        "reasons from an unknown table",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\npareto: {table: order, column: site}",
    ),
    Mistake(
        "reasons from an unknown column",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\npareto: {table: orders, column: sit}",
    ),
    Mistake(
        "reasons that add up words",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\npareto: {table: orders, column: site, sum: status}",
    ),
    Mistake(
        "reasons by a condition that makes no sense",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\npareto: {table: orders, column: site, where: [{field: urgent, above: 3}]}",
    ),
    Mistake(
        "reasons by a length of time",
        "kpis/on_time.yaml",
        "slices: [site]",
        "slices: [site]\npareto: {table: orders, column: site, "
        "where: [{calendar_days: {from: due_on, to: done_on}, above: 2 days}]}",
    ),
    Mistake("an unknown input measure", "kpis/on_time.yaml", "slices: [site]", "slices: [site]\ndrivers: [reply_tme]"),
    Mistake(
        "a measure that drives itself", "kpis/on_time.yaml", "slices: [site]", "slices: [site]\ndrivers: [on_time]"
    ),
    Mistake("a review against nothing", "reviews/monthly.yaml", "[std-1, std-2]", "[std-1, std-9]"),
    Mistake(
        "a section about nothing",
        "reviews/monthly.yaml",
        "  - {clause: 9.3.2-c3, title: Processes, kpis: [on_time]}",
        "  - {clause: 9.3.2-c3, title: Processes, kpis: [on_time]}\n  - {clause: 9.3.2-x, title: More}",
    ),
    Mistake(
        "a clause with two sections",
        "reviews/monthly.yaml",
        "  - {clause: 9.3.2-c3, title: Processes, kpis: [on_time]}",
        "  - {clause: 9.3.2-c3, title: Processes, kpis: [on_time]}\n  - {clause: 9.3.2-c3, title: More}",
    ),
    Mistake(
        "an input without a section",
        "reviews/monthly.yaml",
        "  - {clause: 9.3.2-c1, title: Customers, tables: [cases]}\n",
        "",
    ),
    Mistake("a scoreboard of an unknown KPI", "reviews/monthly.yaml", "[on_time, reply_time,", "[on_time, reply,"),
    Mistake(
        "a fiscal year nobody has", "reviews/monthly.yaml", "title: Review", "title: Review\nperiod: fiscal_quarter"
    ),
    Mistake(
        "annexes not cut so", "reviews/monthly.yaml", "title: Review", "title: Review\nannexes: {kpis: [reply_time]}"
    ),
    Mistake(
        "a section of an unknown KPI and table",
        "reviews/monthly.yaml",
        "title: Customers, tables: [cases]",
        "title: Customers, kpis: [replytime], tables: [casus]",
    ),
    Mistake("a KPI that no review shows", "reviews/monthly.yaml", "reply_time, doubled]", "reply_time]"),
    Mistake("a column name that could be SQL", "tables/orders.yaml", "{name: urgent,", '{name: "urgent; DROP TABLE",'),
    Mistake("a column declared twice", "tables/orders.yaml", "{name: pieces,", "{name: site,"),
    Mistake("an unknown column type", "tables/orders.yaml", "type: boolean", "type: bool"),
    Mistake("a key that is not declared", "tables/orders.yaml", "key: [order_id]", "key: [order_no]"),
    Mistake("a key that may be null", "tables/cases.yaml", "key: [case_id]", "key: [case_id, rating]"),
    Mistake(
        "a table derived from an unknown one",
        "tables/orders.yaml",
        "partition: due_on",
        "partition: due_on\nderived_from: [case]",
    ),
    Mistake("a partition that is not declared", "tables/orders.yaml", "partition: due_on", "partition: due"),
    Mistake("a partition by a text", "tables/orders.yaml", "partition: due_on", "partition: site"),
    Mistake(
        "a mapping to an unknown table",
        "sources/shop/source.yaml",
        "  orders: {from: ord, joins: {cust: [no]}}",
        "  order: {from: ord, joins: {cust: [no]}}",
    ),
    Mistake(
        "a mapping without its SQL",
        "sources/shop/source.yaml",
        "  orders: {from: ord, joins: {cust: [no]}}",
        "  cases: {from: ord, joins: {cust: [no]}}",
    ),
    Mistake(
        "a mapping from what is not landed",
        "sources/shop/source.yaml",
        "from: ord, joins: {cust: [no]}",
        "from: ords, joins: {custs: [no]}",
    ),
    Mistake(
        "a feed landed twice",
        "sources/shop/source.yaml",
        "  - {table: cust, key: [no]}",
        "  - {table: cust, key: [no]}\n  - {table: cust, key: [no]}",
    ),
    Mistake("a feed without key", "sources/shop/source.yaml", "{table: cust, key: [no]}", "{table: cust, key: []}"),
    Mistake("an unknown field of a source", "sources/shop/source.yaml", "time_zone: Europe", "xyz: Europe"),
    Mistake("a source of no time zone", "sources/shop/source.yaml", "time_zone: Europe/Vienna", "time_zone: Vienna"),
    Mistake("a site declared twice", "organisation.yaml", "{site: lyon, title: Lyon}", "{site: linz, title: Lyon}"),
)
