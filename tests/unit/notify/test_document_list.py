"""The lines of documents that are asked for."""

import pytest
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1.event_parts_pb2 import PartName

from services.notify.domain.document_list import document_list, names_json

NAMES = names_json(
    [
        PartName(code="chung-sinh", name="Giấy chứng sinh", name_en="Certificate of birth"),
        PartName(code="uy-quyen", name="Giấy ủy quyền"),
    ]
)


@pytest.mark.parametrize(
    ("part", "vi", "en"),
    [
        (
            Part(code="chung-sinh", copies=2, note="Bản sao mờ"),
            "Giấy chứng sinh (2 bản): Bản sao mờ",
            "Certificate of birth (2 copies): Bản sao mờ",
        ),
        (
            Part(code="chung-sinh", copies=1),
            "Giấy chứng sinh (1 bản)",
            "Certificate of birth (1 copy)",
        ),
        (Part(code="chung-sinh"), "Giấy chứng sinh (1 bản)", "Certificate of birth (1 copy)"),
        (Part(code="uy-quyen", copies=1), "Giấy ủy quyền (1 bản)", "Giấy ủy quyền (1 copy)"),
        (Part(code="khac", note="Ảnh\nmàu"), "khac (1 bản): Ảnh màu", "khac (1 copy): Ảnh màu"),
    ],
)
def test_a_paper_has_its_name_copies_and_note(part: Part, vi: str, en: str) -> None:
    """On one line; without an English name the Vietnamese one, without any the code."""
    assert document_list([part], NAMES, "vi") == vi
    assert document_list([part], NAMES, "en") == en


def test_papers_of_a_dossier_without_a_procedure_show_their_codes() -> None:
    """As do those of events that are older than the names."""
    asked = [Part(code="A1", copies=2), Part(code="A2", copies=1)]
    assert document_list(asked, names_json([]), "vi") == "A1 (2 bản)\nA2 (1 bản)"
    assert document_list(asked, None, "vi") == "A1 (2 bản)\nA2 (1 bản)"
