"""Salesforce as its documentation describes REST queries: SOQL, nextRecordsUrl, sessions that end, the recycle bin."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from preset_line import PresetLine

from tests.unit.sources.web_system import Asked, Reply, WebSystem

PAGE = 3
SOQL = re.compile(r"SELECT (?P<fields>.+) FROM (?P<table>\w+) WHERE (?P<where>.+) ORDER BY (?P<order>.+)")
WINNER, LOSER, ALONE = "001000000000001AAA", "001000000000002AAA", "001000000000003AAA"
ANN, BOB, QUEUE, ROBOT, CLIENT = "005000000000001AAA", "005000000000002AAA", "00G000000000001AAA", "005R", "005C"


def at(day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def written(value: Any) -> Any:
    """As Salesforce writes: 2026-10-05T08:00:00.000+0000."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000") if isinstance(value, datetime) else value


class Salesforce:
    """Tables by name, deleted rows included. A session lasts ``lives`` requests; answers hold PAGE rows at most."""

    def __init__(self, web: WebSystem) -> None:
        self.web, self.lives, self.sessions, self.count = web, 1000, 0, 0
        self.left: dict[str, list[dict[str, Any]]] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {
            name: []
            for name in ("Account", "Opportunity", "OpportunityFieldHistory", "Case", "CaseHistory", "CaseComment",
                         "EmailMessage", "User")
        }  # fmt: skip
        web.route("POST", "/services/oauth2/token")(self.token)
        web.route("GET", "/services/data/v62.0/queryAll")(self.query)
        web.route("GET", "/services/data/v62.0/query/(01g.*)")(self.more)

    def put(self, table: str, **fields: Any) -> dict[str, Any]:
        """Insert or change a row; what nobody named stays as it was."""
        rows = self.tables[table]
        row = next((row for row in rows if row["Id"] == fields["Id"]), None)
        if row is None:
            rows.append(row := {"CreatedDate": fields.get("SystemModstamp"), "IsDeleted": False})
        row.update(fields)
        return row

    def token(self, asked: Asked) -> Any:
        if asked.form != {"grant_type": "client_credentials", "client_id": "key", "client_secret": "sf-secret"}:
            return Reply({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
        self.sessions, self.count = self.sessions + 1, 0
        return {"access_token": f"00D!session{self.sessions}", "instance_url": self.web.url(), "token_type": "Bearer"}

    def refused(self, asked: Asked) -> Reply | None:
        self.count += 1
        if asked.headers.get("Authorization") == f"Bearer 00D!session{self.sessions}" and self.count <= self.lives:
            return None
        return Reply([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)

    def query(self, asked: Asked) -> Any:
        if (refused := self.refused(asked)) is not None:
            return refused
        said = SOQL.fullmatch(asked.query["q"])
        if said is None or said["table"] not in self.tables:
            return Reply([{"message": "unexpected token", "errorCode": "MALFORMED_QUERY"}], 400)
        names = said["fields"].split(", ")
        rows = [
            row for row in self.tables[said["table"]] if all(holds(row, part) for part in said["where"].split(" AND "))
        ]
        rows.sort(key=lambda row: tuple(row[name] for name in said["order"].split(", ")))
        kind = {"type": said["table"], "url": "/services/data/v62.0/sobjects/…"}
        return self.answer([{"attributes": kind} | {name: written(row.get(name)) for name in names} for row in rows])

    def more(self, asked: Asked, locator: str) -> Any:
        if (refused := self.refused(asked)) is not None:
            return refused
        if asked.query or locator not in self.left:
            return Reply([{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}], 400)
        return self.answer(self.left.pop(locator))

    def answer(self, rows: list[dict[str, Any]]) -> Any:
        page, rest = rows[:PAGE], rows[PAGE:]
        if not rest:
            return {"totalSize": len(rows), "done": True, "records": page}
        locator = f"01gD0000002HU6KIAW-{len(self.web.asked)}"
        self.left[locator] = rest
        url = f"/services/data/v62.0/query/{locator}"
        return {"totalSize": len(rows), "done": False, "nextRecordsUrl": url, "records": page}


def holds(row: dict[str, Any], condition: str) -> bool:
    name, compare, value = condition.split(" ", 2)
    if compare == ">=":
        return row[name] >= datetime.fromisoformat(value)
    if compare == "!=":
        return row[name] is not None
    return str(row[name]).lower() == value.strip("'").lower()


@pytest.fixture
def system(web: WebSystem) -> Salesforce:
    made = Salesforce(web)
    for user, kind in (
        (ANN, "Standard"),
        (BOB, "Standard"),
        (ROBOT, "AutomatedProcess"),
        (CLIENT, "PowerCustomerSuccess"),
    ):
        made.put("User", Id=user, UserType=kind, SystemModstamp=at(1))
    for account, name, country in (
        (WINNER, "Brauhaus", "Austria"),
        (LOSER, "Brauhaus GmbH", "AT"),
        (ALONE, "Bad & Co", None),
    ):
        made.put("Account", Id=account, Name=name, BillingCountry=country, SystemModstamp=at(1, 23))
    for no in range(1, 8):  # four of them within one second, as an import makes them: more than a page
        when = at(2) if 2 < no < 7 else at(no)
        made.put("Opportunity", Id=f"006{no}", AccountId=WINNER, Amount=1000.5 * no, StageName="Proposal",
                 CloseDate="2026-12-31", IsClosed=False, IsWon=False, SystemModstamp=when)  # fmt: skip
    made.put("Case", Id="5001", CaseNumber="00001001", AccountId=LOSER, Origin="Phone", Type=None, Priority=None,
             Status="Closed", IsClosed=True, ClosedDate=at(7), SystemModstamp=at(7), CreatedDate=at(5))  # fmt: skip
    made.put("Case", Id="5002", CaseNumber="00001002", AccountId=None, Origin="Email", Type="Problem", Priority="High",
             Status="On Hold", IsClosed=False, SystemModstamp=at(8), CreatedDate=at(6))  # fmt: skip
    made.put("Case", Id="5003", CaseNumber="00001003", AccountId=ALONE, Origin="Pigeon", Type="Problem", Priority="Low",
             Status="New", IsClosed=False, SystemModstamp=at(8))  # fmt: skip
    history = [("1", "Status", "New", "Closed", at(5, 9)), ("2", "Status", "Closed", "Working", at(6)),
               ("3", "Status", "Working", "Closed", at(7)), ("4", "Owner", "Queue", "Ann", at(5, 8, 10)),
               ("5", "Owner", QUEUE, ANN, at(5, 8, 10)), ("6", "Owner", "Ann", "Bob", at(6, 9)),
               ("7", "Owner", ANN, BOB, at(6, 9)), ("8", "created", None, None, at(5))]  # fmt: skip
    for no, name, old, new, when in history:
        made.put("CaseHistory", Id=f"017{no}", CaseId="5001", Field=name, OldValue=old, NewValue=new, CreatedDate=when)
    made.put("CaseComment", Id="00a1", ParentId="5001", IsPublished=False, CreatedById=ANN, SystemModstamp=at(5, 8, 20))
    made.put("CaseComment", Id="00a2", ParentId="5001", IsPublished=True, CreatedById=ANN, SystemModstamp=at(5, 8, 50))
    mails = [("1", "5002", True, "1", CLIENT, at(6)), ("2", "5002", False, "3", ROBOT, at(6, 8, 1)),
             ("3", "5002", False, "5", ANN, at(6, 8, 2)), ("4", "5002", False, "3", BOB, at(6, 10)),
             ("5", "5001", True, "0", CLIENT, at(9)), ("6", None, False, "3", ANN, at(9))]  # fmt: skip
    for no, case, incoming, status, user, when in mails:
        made.put("EmailMessage", Id=f"02s{no}", ParentId=case, Incoming=incoming, Status=status, MessageDate=when,
                 CreatedById=user, SystemModstamp=when + timedelta(minutes=1))  # fmt: skip
    return made


def line(tmp_path: Path, web: WebSystem) -> PresetLine:
    return PresetLine(tmp_path, "salesforce", web.url("key", "sf-secret"))


def test_everything_arrives_though_the_session_ends_and_then_only_what_changed(
    tmp_path: Path, web: WebSystem, system: Salesforce, waited: list[float]
) -> None:
    system.lives = 4
    web.next = [None, None, Reply([{"message": "busy", "errorCode": "SERVER_UNAVAILABLE"}], 503, {"Retry-After": "7"})]
    read = line(tmp_path, web)
    refused = read.run()
    assert waited == [7] and system.sessions > 3
    assert all(
        asked.headers["Sforce-Query-Options"] == "batchSize=2000" for asked in web.asked if asked.method == "GET"
    )
    assert [(row["customer_id"], row["name"], row["country"]) for row in read.rows("customers")] == [
        (WINNER, "Brauhaus", "AT"), (LOSER, "Brauhaus GmbH", "AT"), (ALONE, "Bad & Co", None),
    ]  # fmt: skip
    assert {row["customer_since"] for row in read.rows("customers")} == {date(2026, 10, 2)}, "23:00 UTC is the next day"
    opportunities = read.rows("opportunities")
    assert [(row["opportunity_id"], row["value"]) for row in opportunities] == [
        (f"006{no}", 1000.5 * no) for no in range(1, 8)
    ]
    assert {(row["stage"], row["closed_on"], row["customer_id"]) for row in opportunities} == {("open", None, WINNER)}
    assert refused["tickets"] == ['channel "Pigeon" is not among the codes of the source']
    first, second = read.rows("tickets")
    assert first == {
        "ticket_id": "00001001", "customer_id": LOSER, "site": "linz", "channel": "phone", "category": "not given",
        "priority": "normal", "opened_at": at(5), "first_reply_at": at(5, 8, 50), "first_bot_reply_at": None,
        "resolved_at": at(7), "closed_at": at(7), "due_at": None, "reply_due_at": None, "two_weeks_old_at": at(19),
        "status": "closed", "reopened": 1, "reassigned": 1, "begun_by_bot": None, "reached_human": True,
        "asked_for_human": None, "second_channel_within_7_days": True, "first_contact_resolved": False,
    }  # fmt: skip
    assert (second["customer_id"], second["status"], second["priority"], second["first_bot_reply_at"]) == (
        None, "pending", "high", at(6, 8, 1),
    )  # fmt: skip
    assert (second["first_reply_at"], second["resolved_at"], second["first_contact_resolved"]) == (
        at(6, 10),
        None,
        None,
    )
    assert [(row["change_id"], row["from_status"], row["to_status"]) for row in read.rows("ticket_status_changes")] == [
        ("0171", "new", "closed"), ("0172", "closed", "open"), ("0173", "open", "closed"),
    ]  # fmt: skip
    assert [(row["reply_id"], row["ticket_id"], row["author"]) for row in read.rows("ticket_replies")] == [
        ("02s1", "00001002", "customer"), ("02s2", "00001002", "bot"), ("02s4", "00001002", "agent"),
        ("02s5", "00001001", "customer"),
    ]  # fmt: skip
    assert refused["ticket_replies"] == ["a draft: not sent yet"]

    assert all(table.rows == 0 for table in read.land().tables)
    web.now = at(31, 12)  # their clock; ours plays no part
    system.put("Opportunity", Id="0062", StageName="Closed Won", IsClosed=True, IsWon=True, SystemModstamp=at(20))
    system.put("Opportunity", Id="0063", StageName="Closed Lost", IsClosed=True, CloseDate="2026-10-19",
               SystemModstamp=at(21))  # fmt: skip
    for no, new, when in ((1, "Negotiation", at(12)), (2, "Closed Won", at(15, 22, 30))):
        system.put("OpportunityFieldHistory", Id=f"008{no}", OpportunityId="0062", Field="StageName",
                   OldValue="Proposal", NewValue=new, CreatedDate=when)  # fmt: skip
    system.put("OpportunityFieldHistory", Id="0083", OpportunityId="0062", Field="Amount", OldValue=1, NewValue=2,
               CreatedDate=at(20))  # fmt: skip
    system.put("EmailMessage", Id="02s3", Status="3", MessageDate=at(6, 9), SystemModstamp=at(20))
    asked = len(web.asked)
    assert read.run()["ticket_replies"] == []
    assert "SystemModstamp >= 2026-10-07T07:50:00Z" in next(
        question.query["q"] for question in web.asked[asked:] if "FROM Opportunity" in question.query.get("q", "")
    )
    won, lost = read.rows("opportunities")[1:3]
    assert (won["stage"], won["closed_on"], won["value"]) == ("won", date(2026, 10, 16), 2001)
    assert (lost["stage"], lost["closed_on"]) == ("lost", date(2026, 10, 19)), "no history: the close date"
    assert read.rows("tickets")[1]["first_reply_at"] == at(6, 9)


def test_deleted_purged_cascaded_and_merged_records_leave(tmp_path: Path, web: WebSystem, system: Salesforce) -> None:
    read = line(tmp_path, web)
    read.run()
    system.put("Opportunity", Id="0061", IsDeleted=True, SystemModstamp=at(20))
    system.put("Opportunity", Id="0064", IsDeleted=True)  # with its account: the time of change stayed
    system.tables["Opportunity"] = [row for row in system.tables["Opportunity"] if row["Id"] != "0067"]  # for good
    system.put("Account", Id=LOSER, IsDeleted=True, MasterRecordId=WINNER, SystemModstamp=at(20))
    system.put("Case", Id="5002", IsDeleted=True, SystemModstamp=at(20))
    read.run()
    assert [row["opportunity_id"] for row in read.rows("opportunities")] == ["0062", "0063", "0065", "0066"]
    assert [row["customer_id"] for row in read.rows("customers")] == [WINNER, ALONE]
    (ticket,) = read.rows("tickets")
    assert ticket["customer_id"] == WINNER, "the case names the loser still"
    assert [row["reply_id"] for row in read.rows("ticket_replies")] == ["02s5"]

    system.put("Opportunity", Id="0061", IsDeleted=False, SystemModstamp=at(25))  # restored from the bin
    system.tables["Account"] = [row for row in system.tables["Account"] if row["Id"] != LOSER]  # the bin was emptied
    read.run()
    assert [row["opportunity_id"] for row in read.rows("opportunities")] == ["0061", "0062", "0063", "0065", "0066"]
    assert read.rows("tickets")[0]["customer_id"] == WINNER


def test_records_that_change_while_they_are_read_hide_no_other(
    tmp_path: Path, web: WebSystem, system: Salesforce
) -> None:
    """The first of a page moves to the end as soon as it was given: with an offset, the next one would be skipped."""
    given = system.query

    def moving(asked: Asked) -> Any:
        answer = given(asked)
        if "FROM Opportunity" in asked.query["q"] and "SystemModstamp" in asked.query["q"] and len(web.asked) < 30:
            system.put(
                "Opportunity", Id=answer["records"][0]["Id"], SystemModstamp=at(25) + timedelta(seconds=len(web.asked))
            )
        return answer

    web.route("GET", "/services/data/v62.0/queryAll")(moving)
    read = line(tmp_path, web)
    assert not read.land().failures
    assert {row["opportunity_id"] for row in read.landed("opportunities")} == {f"006{no}" for no in range(1, 8)}
    assert len(read.landed("opportunities")) > 7, "what moved was read at both of its places"


def test_the_quota_of_the_day_is_no_missing_right(tmp_path: Path, web: WebSystem, system: Salesforce) -> None:
    limit = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    web.route("GET", "/services/data/v62.0/queryAll")(lambda asked: Reply(limit, 403))
    (said,) = {str(failure.finding) for failure in line(tmp_path, web).land().failures}
    assert "the quota of requests is used up (403: TotalRequests Limit exceeded.)" in said
    assert "sf-secret" not in said and "00D!" not in said


def test_a_locator_that_leads_to_itself_is_stopped(tmp_path: Path, web: WebSystem, system: Salesforce) -> None:
    url = "/services/data/v62.0/query/01gLOOP"
    row = {"Id": "005", "UserType": "Standard", "SystemModstamp": written(at(1))}
    page = {"totalSize": 9, "done": False, "nextRecordsUrl": url, "records": [row]}
    web.route("GET", url)(lambda asked: page)
    usual = system.query
    web.route("GET", "/services/data/v62.0/queryAll")(
        lambda asked: page if "FROM User" in asked.query["q"] else usual(asked)
    )
    (failure,) = line(tmp_path, web).land().failures
    assert "the paging repeats itself" in str(failure.finding) and "source.yaml:" in str(failure.finding)


@pytest.mark.parametrize("way", ["refresh_token", "jwt"])
def test_the_other_ways_to_sign_in(tmp_path: Path, web: WebSystem, system: Salesforce, way: str) -> None:
    """As the comments in source.yaml and the page say; the key's assertion is checked as Salesforce checks it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    web.route("HEAD", "/services/oauth2/token")(lambda asked: Reply({}, 405))

    @web.route("POST", "/services/oauth2/token")
    def token(asked: Asked) -> Any:
        form = asked.form
        if way == "jwt":
            assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
            claims = jwt.decode(form["assertion"], key.public_key(), ["RS256"], audience="https://login.salesforce.com",
                                options={"verify_exp": False, "verify_iat": False})  # fmt: skip
            assert (claims["iss"], claims["sub"]) == ("key", "reports@example.com")
            assert 0 < claims["exp"] - web.now.timestamp() <= 180
        else:
            assert form == {"grant_type": "refresh_token", "refresh_token": "5Aep861", "client_id": "key",
                            "client_secret": "sf-secret"}  # fmt: skip
        system.sessions, system.count = system.sessions + 1, 0
        return {"access_token": f"00D!session{system.sessions}", "instance_url": web.url()}

    shipped = "{kind: oauth2, grant: client_credentials, token_at: services/oauth2/token}"
    instead = {
        "refresh_token": "{kind: oauth2, grant: refresh_token, token_at: services/oauth2/token}",
        "jwt": '{kind: jwt, token_at: services/oauth2/token, subject: "{username}", '
        'audience: "https://login.salesforce.com"}',
    }[way]
    connection = {
        "refresh_token": web.url("key", "sf-secret", "/?refresh_token=5Aep861"),
        "jwt": web.url("key", quote(pem, safe=""), "/?username=reports%40example.com"),
    }[way]
    system.lives = 5
    read = PresetLine(tmp_path, "salesforce", connection, {shipped: instead})
    assert read.land().failures == () and len(read.landed("opportunities")) == 7
    assert system.sessions > 1, "asked for again when it ran out"
