"""What the demonstration shows of messages and of the post."""

import io

from motcua.notify.v1 import notify_pb2 as pb
from rich.table import Table

from cli.printer import LEAST, Printer
from demo.results.messages_and_post import (
    POST,
    files_in_brief,
    message_table,
    messages_in_brief,
    post_in_brief,
    post_table,
)
from demo.results.own_count import Entry, OwnCount
from partner_sim.own_count import SimulatorCount


def _shown(table: Table) -> list[str]:
    stream = io.StringIO()
    Printer(file=stream, width=LEAST, force_terminal=False, color_system=None).print(table)
    return stream.getvalue().splitlines()


def test_messages_are_told_in_words_in_the_order_of_a_dossiers_life() -> None:
    """A kind that is new stands last, by its name."""
    sent, none = pb.MESSAGE_STATE_SENT, pb.MESSAGE_STATE_SUPPRESSED
    counts: dict[tuple[str, int], int] = {
        ("returned", sent): 2,
        ("submitted", sent): 5,
        ("submitted", none): 3,
        ("new", sent): 1,
    }
    lines = _shown(message_table(counts))
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "the dossier came in",
        "the result is returned, not by post",
        "new",
    ]
    assert lines[1].split()[-2:] == ["5", "3"]


def test_in_brief_files_are_a_sentence() -> None:
    """The sums of all dossiers; without any, there are none."""
    with_two = Entry(1, "a", "H22.12", "post", "post", consent=False, files={"x": 10**6, "y": 5})
    with_one = Entry(2, "b", "H22.12", "post", "post", consent=False, files={"z": 500_000})
    with_one.files_refused, with_one.opened = 1, {"z": "z"}
    found = files_in_brief(OwnCount([with_two, with_one]))
    assert found == "3 PDFs handed in (1.5 MB), 1 refused as cut off, 1 opened by officers"
    none = files_in_brief(OwnCount())
    assert none == "0 PDFs handed in (0.0 MB), 0 refused as cut off, 0 opened by officers"


def test_in_brief_messages_and_post_are_a_sentence_each() -> None:
    """The sums of all kinds and of all partners."""
    counts: dict[tuple[str, int], int] = {
        ("returned", pb.MESSAGE_STATE_SENT): 2,
        ("submitted", pb.MESSAGE_STATE_SENT): 5,
        ("submitted", pb.MESSAGE_STATE_SUPPRESSED): 3,
        ("resolved", pb.MESSAGE_STATE_FAILED): 1,
        ("resolved", pb.MESSAGE_STATE_QUEUED): 4,
    }
    brief = "7 mails sent, 4 queued, 1 failed; 3 to citizens who want none"
    assert messages_in_brief(counts) == brief
    partners = {
        "buudien": {"taken": 9, "delivered": 6, "returned": 2},
        "other": {"taken": 1, "delivered": 1},
    }
    brief = "10 items taken by 2 postal partners, 7 delivered, 2 brought back"
    assert post_in_brief(partners) == brief


def test_every_figure_of_a_partner_has_its_words() -> None:
    """What the simulator counts is shown; what nobody did has no row."""
    count = SimulatorCount().summary()
    assert {name for name, figure in count.items() if isinstance(figure, int)} == set(POST)
    lines = _shown(post_table({"buudien": count | {"delivered": 4, "returned": 1}, "other": count}))
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "items delivered",
        "items brought back to the agency",
    ]
