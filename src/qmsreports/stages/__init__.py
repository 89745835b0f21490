"""The stages in the order data flows; the only place that knows it. DAGs and the command line call nothing else.

Each function does one stage for one unit of work, records it in the register and can be repeated at any time: what was
done is recognised, what was interrupted is done again. ``run_id`` and ``at`` are arguments; no stage looks at a clock.
"""

from qmsreports.settings import look_up_connections
from qmsreports.stages.analyse import analyse
from qmsreports.stages.audit import AuditReport, verify_journal
from qmsreports.stages.closing import close_review
from qmsreports.stages.compare import diff_packs
from qmsreports.stages.deciding import decide, withdraw
from qmsreports.stages.declared import known_sources, source_names, table_names, time_zone
from qmsreports.stages.delivery import deliver
from qmsreports.stages.evidence import Backtest, backtest, draw_backtest
from qmsreports.stages.followup import add_action, list_actions, update_action
from qmsreports.stages.handover import (
    pack_audited,
    pack_failures,
    pack_staged,
    unpack_audited,
    unpack_failures,
    unpack_staged,
)
from qmsreports.stages.ingest import (
    clear_old_staging,
    clear_staging,
    conform,
    ingest,
    land,
    publish,
    validate,
)
from qmsreports.stages.inspect import check_suites
from qmsreports.stages.measure import MeasureSummary, asked_period, last_closed_period, measure
from qmsreports.stages.meeting import comment, consider, day_of, record_step, show_review
from qmsreports.stages.outcome import FeedReport, feed_reports, reasons
from qmsreports.stages.previewing import PreviewReport, preview_pack, previews
from qmsreports.stages.quality import address_of, failing_rules, propose_suite, quality_page, write_quality
from qmsreports.stages.quarantine import list_quarantined, readmit, reject, show_quarantined
from qmsreports.stages.release import draft_for_release, release
from qmsreports.stages.restate import Restated, restate
from qmsreports.stages.review import (
    PackReport,
    build_pack,
    check_review,
    due_reviews,
    ledger,
    newest_pack,
    pack_summary,
    review_names,
    verify_pack,
)
from qmsreports.stages.runs import (
    RunReport,
    begin_run,
    close_run,
    end_run,
    fail_step,
    gate,
    list_runs,
    note_failure,
    notices,
    one_line,
)
from qmsreports.stages.trail import Trail, explain
from qmsreports.stages.trial import Preview, check_source, preview_source

__all__ = [
    "AuditReport",
    "Backtest",
    "FeedReport",
    "MeasureSummary",
    "PackReport",
    "Preview",
    "PreviewReport",
    "Restated",
    "RunReport",
    "Trail",
    "add_action",
    "address_of",
    "analyse",
    "asked_period",
    "backtest",
    "begin_run",
    "build_pack",
    "check_review",
    "check_source",
    "check_suites",
    "clear_old_staging",
    "clear_staging",
    "close_review",
    "close_run",
    "comment",
    "conform",
    "consider",
    "day_of",
    "decide",
    "deliver",
    "diff_packs",
    "draft_for_release",
    "draw_backtest",
    "due_reviews",
    "end_run",
    "explain",
    "fail_step",
    "failing_rules",
    "feed_reports",
    "gate",
    "ingest",
    "known_sources",
    "land",
    "last_closed_period",
    "ledger",
    "list_actions",
    "list_quarantined",
    "list_runs",
    "look_up_connections",
    "measure",
    "newest_pack",
    "note_failure",
    "notices",
    "one_line",
    "pack_audited",
    "pack_failures",
    "pack_staged",
    "pack_summary",
    "preview_pack",
    "preview_source",
    "previews",
    "propose_suite",
    "publish",
    "quality_page",
    "readmit",
    "reasons",
    "record_step",
    "reject",
    "release",
    "restate",
    "review_names",
    "show_quarantined",
    "show_review",
    "source_names",
    "table_names",
    "time_zone",
    "unpack_audited",
    "unpack_failures",
    "unpack_staged",
    "update_action",
    "validate",
    "verify_journal",
    "verify_pack",
    "withdraw",
    "write_quality",
]
