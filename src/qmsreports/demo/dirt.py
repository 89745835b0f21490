"""What is dirty in the demo data and why, and which rows it hit; tests read it, the product never does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of dirt: where it lies, what it looks like, what a careful reader does with it."""

    system: str
    table: str
    what: str


KINDS: dict[str, Kind] = {
    "account_mojibake": Kind("crm", "account", "display_name was decoded with the wrong character set"),
    "order_plant_xxx": Kind("crm", "sales_order", "plant code XXX"),
    "order_channel_fax": Kind("crm", "sales_order", "entry channel FAX, which nobody declared"),
    "order_entered_late": Kind("crm", "sales_order", "entered weeks after the order was placed"),
    "item_delivered_before_ordered": Kind("crm", "so_item", "delivered a month before it was ordered"),
    "item_delivered_far_future": Kind("crm", "so_item", "year of delivery typed in the wrong order: 2062 for 2026"),
    "item_zero_date": Kind("crm", "so_item", "wished is 0000-00-00"),
    "item_negative_quantity": Kind("crm", "so_item", "ordered quantity below zero"),
    "item_late_record": Kind("crm", "so_item", "delivery entered weeks after it happened"),
    "item_orphan": Kind("crm", "so_item", "line of an order that does not exist"),
    "complaint_reason_z9": Kind("crm", "complaint", "reason code Z9, which nobody declared"),
    "complaint_entered_late": Kind("crm", "complaint", "entered weeks after it was received"),
    "reply_recommend_11": Kind("crm", "survey_reply", "q_recommend is 11 on a scale to 10"),
    "ticket_channel_fax": Kind("helpdesk", "ticket", "channel FAX, which nobody declared"),
    "ticket_site_xxx": Kind("helpdesk", "ticket", "site code XXX"),
    "ticket_offset": Kind("helpdesk", "ticket", "opened_local carries an explicit +02:00, in winter too"),
    "message_offset": Kind("helpdesk", "message", "sent_local carries an explicit +02:00, in winter too"),
    "ticket_doubled_hour": Kind(
        "helpdesk", "ticket", "opened in the hour that the clocks went through twice, no offset"
    ),
    "ticket_missing_hour": Kind("helpdesk", "ticket", "opened in the hour that the clocks skipped"),
    "ticket_deleted": Kind("helpdesk", "ticket", "deleted for good; its messages and history stayed behind"),
    "work_order_plant_xxx": Kind("mes", "wo", "plant XXX"),
    "step_late_record": Kind("mes", "wo_step", "reported weeks after it was finished"),
    "check_unknown_code": Kind("mes", "qc_check", "defect code ??, which nobody declared"),
    "stop_unknown_reason": Kind("mes", "stop", "reason code Q99, which nobody declared"),
    "stop_ends_before_start": Kind("mes", "stop", "ends before it starts"),
    "receipt_negative_quantity": Kind("mes", "goods_in", "received quantity below zero"),
    "receipt_plant_xxx": Kind("mes", "goods_in", "plant XXX"),
    "receipt_late_record": Kind("mes", "goods_in", "entered weeks after it was received"),
    "shift_file_empty": Kind("production", "machine_shifts", "file of 0 bytes on a working day"),
    "shift_file_header_only": Kind("production", "machine_shifts", "file with a header and no row"),
    "shift_file_exported_twice": Kind("production", "machine_shifts", "the same day exported again under another name"),
    "shift_line_repeated": Kind("production", "machine_shifts", "the same line twice in a file"),
    "shift_line_plant_xxx": Kind("production", "machine_shifts", "plant XXX"),
    "nonconformity_twice": Kind("qms_registers", "Nonconformities", "the same row twice"),
    "nonconformity_site_xxx": Kind("qms_registers", "Nonconformities", "site XXX"),
}


@dataclass(slots=True)
class Dirt:
    """Collects the keys of dirty rows by kind while the systems are written."""

    keys: dict[str, list[Any]] = field(default_factory=dict)

    def found(self, kind: str, keys: Iterable[Any]) -> None:
        """Note rows of a kind; a row's key is a value, or a list of values where the key has several columns."""
        if kind not in KINDS:
            raise KeyError(kind)
        self.keys.setdefault(kind, []).extend(keys)

    def to_json(self) -> list[dict[str, Any]]:
        """Return one entry per kind, empty ones too."""
        return [
            {
                "id": name,
                "system": kind.system,
                "table": kind.table,
                "what": kind.what,
                "count": len(self.keys.get(name, [])),
                "keys": self.keys.get(name, []),
            }
            for name, kind in KINDS.items()
        ]
