"""The order in which events are published."""

from hypothesis import given
from hypothesis import strategies as st

from kernel.outbox.outbox import Waiting, in_sequence


def row(identity: int, code: str, sequence: int) -> Waiting:
    return Waiting(identity, code, "dossier", sequence, str(identity), "T", 0, "", b"")


@given(st.lists(st.sampled_from("abc"), max_size=30), st.randoms())
def test_each_stream_in_sequence_on_its_own_places(codes: list[str], luck: object) -> None:
    """Whatever order the ids give, a stream's events go out by sequence; no place changes
    stream.
    """
    heights: dict[str, int] = {}
    rows = []
    for identity, code in enumerate(codes):
        heights[code] = heights.get(code, 0) + 1
        rows.append(row(identity, code, heights[code]))
    luck.shuffle(rows)  # type: ignore[attr-defined]
    ordered = in_sequence(rows)
    assert [r.stream_id for r in ordered] == [r.stream_id for r in rows]
    for code, height in heights.items():
        sequences = [r.sequence for r in ordered if r.stream_id == code]
        assert sequences == list(range(1, height + 1))
