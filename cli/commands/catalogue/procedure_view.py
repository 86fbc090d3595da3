"""How a version of a procedure looks: to scripts, and on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from office.catalogue.agency_codes import to_old_form
from office.catalogue.files.document import version_values
from office.catalogue.model import Catalogue, FeePer, Procedure


def brief(catalogue: Catalogue, it: Procedure) -> dict[str, Any]:
    """Return what identifies a version, and when it holds."""
    ends = catalogue.ends(it)
    return {
        "code": it.code,
        "version": it.version,
        "name_vi": it.name_vi,
        "name_en": it.name_en,
        "field": it.field,
        "unit": it.unit,
        "time_limit": str(it.time_limit),
        "valid_from": it.valid_from.isoformat(),
        "ends": ends.isoformat() if ends else None,
    }


def full(catalogue: Catalogue, it: Procedure) -> dict[str, Any]:
    """Return everything that the catalogue holds of a version."""
    values = version_values(it)
    values["valid_from"] = it.valid_from.isoformat()
    values["valid_to"] = it.valid_to.isoformat() if it.valid_to else None
    return {**values, "ends": brief(catalogue, it)["ends"]}


def paragraphs(catalogue: Catalogue, it: Procedure) -> Iterator[tuple[str, list[str]]]:
    """Return titles with their lines."""
    values = version_values(it)
    unit, field = catalogue.units.get(it.unit), catalogue.fields.get(it.field)
    ends = catalogue.ends(it)
    yield "procedure", [f"{it.code}, version {it.version} of {len(catalogue.procedures[it.code])}"]
    yield "name", [it.name_vi]
    yield "", [it.name_en]
    yield "in force", [f"{it.valid_from} – {ends or ''}".rstrip()]
    yield "field", [f"{it.field}  {field.name_vi if field else ''}"]
    old = (unit.old_code if unit else "") or to_old_form(it.unit)
    yield "unit", [f"{it.unit} (old {old})  {unit.name_vi if unit else ''}"]
    if it.units:
        yield "also taken by", [" ".join(it.units)]
    yield "level", [values["level"]]
    online = f"; online {it.online_time_limit}" if it.online_time_limit else ""
    same_day = "; the same day" if it.same_day else ""
    yield "time limit", [f"{it.time_limit}{online}{same_day}"]
    yield "channels", [" ".join(values["channels"])]
    yield "results by", [" ".join(values["result_channels"])]
    yield "result", [values["result_kind"]]
    yield "process", [f"{it.process}; after a supplement: {it.resume_policy}"]
    if it.supplement_rounds is not None or it.supplement_period is not None:
        times = "" if it.supplement_rounds is None else f"at most {it.supplement_rounds} "
        within = f"within {it.supplement_period}" if it.supplement_period else ""
        yield "supplements", [f"{times}{within}".rstrip()]
    yield "parts", [_part(part) for part in values["parts"]]
    if it.conditions:
        yield "conditions", [condition.name_vi for condition in it.conditions]
    if it.fees:
        yield f"fees, {values['fee_timing']}", [_fee(fee) for fee in values["fees"]]
    if it.exempt:
        yield "exempt", [f"{group.code}  {group.name_vi}" for group in it.exempt]


def _part(part: dict[str, Any]) -> str:
    needed = "" if part["required"] else ", if there is one"
    form = f", form {part['form']}" if part["form"] else ""
    return f"{part['code']}  {part['copies']} {part['kind']}{form}{needed}: {part['name_vi']}"


def _fee(fee: dict[str, Any]) -> str:
    per = "" if fee["per"] == FeePer.DOSSIER else f" a {fee['per']}"
    amount = f"{fee['amount']:,}".replace(",", ".")
    return f"{fee['kind']}  {amount} đ{per}: {fee['name_vi']}"
