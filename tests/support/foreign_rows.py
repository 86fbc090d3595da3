"""Rows of another system's log, for tests of the import."""

from cli.importing.mapping import Mapping
from cli.importing.rows import SourceRow

NOW = 1_700_000_000_000_000


def mapping(external_code: str = "", **source: str) -> Mapping:
    """Return a mapping whose columns have the names of what they mean."""
    names = "case channel unit started due ended activity time group performer result"
    given = {"name": "elsewhere", "format": "csv", "time_zone": "Europe/Amsterdam"} | source
    return Mapping.model_validate(
        {
            "source": given,
            "columns": {name: name for name in names.split()} | {"external_code": external_code},
            "channels": {"Web": "online", "Desk": "counter"},
            "procedure": {"code": "X-1", "field": "environment"},
            "rejected_results": ["refused"],
        }
    )


def row(number: int = 1, **values: str) -> SourceRow:
    """Return a good row, changed by ``values``; None leaves a column out."""
    good = {
        "case": "c-1",
        "channel": "Web",
        "unit": "General",
        "started": "2011-10-11 13:42:22.688000+02:00",
        "due": "2011-12-06 13:41:31+01:00",
        "ended": "2011-11-01 10:00:00+01:00",
        "activity": "Check",
        "time": "2011-10-12 08:26:25+02:00",
        "group": "Group 1",
        "performer": "Resource21",
        "result": "granted",
    }
    return SourceRow(number, good | values)
