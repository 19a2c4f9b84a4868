"""Mapping files and tables as a steward writes them: what is mapped, and what is said of a slip."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from kg import model
from kg.errors import FaultsError
from kg.mappers.yamlfile import read_documents
from tests.conftest import BASE, CALENDERING, Bench

DOUBLE = f"^^<{model.XSD}double>"


def changed(*changes: tuple[str, str]) -> str:
    mapping = CALENDERING
    for old, new in changes:
        assert mapping.count(old) == 1, old
        mapping = mapping.replace(old, new)
    return mapping


def numbers(lines: str) -> list[str]:
    """Return the number values in N-Triples."""
    return [line.split('"')[1] for line in lines.splitlines() if model.HAS_NUMBER_VALUE in line]


def findings(bench: Bench, text: str, mapping: str = CALENDERING) -> list[str]:
    return [str(finding) for _, finding in bench.map(text, mapping).findings]


# Slips in the mapping file

LINE_LOAD = "  Last: {term: LineLoad, unit: N/mm}"
RUN = 'run: {kind: run, class: FabricatedElectrodeCalendering, role: run, key: "calendering/{Nr}"}'
FAULTS: list[tuple[list[tuple[str, str]], str]] = [
    (
        [("LineLoad", "LinLoad")],
        "kal.yaml:11: no term is called 'LinLoad'. Near: 'LineLoad'. To add one: docs/how-to/add-a-term.md",
    ),
    (
        [("LineLoad", "Binder")],
        "kal.yaml:11: 'Binder' is the name of several terms. Type one of: bvco:Binder, echem:Binder",
    ),
    (
        [("N/mm", "um")],
        "kal.yaml:11: 'um' does not measure 'LineLoad', which is stored in 'N.mm-1'. "
        "Give a unit of its kind, or another term.",
    ),
    (
        [("LineLoad", "Calenderer")],
        "kal.yaml:11: 'Calenderer' is no quantity. If it is a thing, it belongs to 'things'.",
    ),
    (
        [("class: FabricatedElectrodeCalendering", "class: LineLoad")],
        "kal.yaml:5: 'LineLoad' is a quantity, not a thing. It belongs to a column.",
    ),
    (
        [("class: FabricatedElectrodeCalendering", "class: Calenderer")],
        "kal.yaml:5: 'Calenderer' is no process, so it cannot be the run.",
    ),
    (
        [(LINE_LOAD, f"{LINE_LOAD}\n  Last 2: {{term: LineLoad, unit: kN/m}}")],
        "kal.yaml:11: several columns write 'LineLoad' of 'run'. Tell them apart with 'name:'.\n"
        "kal.yaml:12: several columns write 'LineLoad' of 'run'. Tell them apart with 'name:'.",
    ),
    (
        [(LINE_LOAD, "  Last: {term: LineLoad}")],
        "kal.yaml:11: column 'Last': a quantity needs its unit, as UCUM code: unit: um; "
        "unit: '1' for a number.",
    ),
    (
        [(LINE_LOAD, "  Last: {term: LineLoad, unt: N/mm}")],
        "kal.yaml:11: column 'Last': 'unt' is no key here. Near: 'unit'.",
    ),
    ([(LINE_LOAD, "  Last: LineLoad")],
     "kal.yaml:11: column 'Last': keys in braces are expected, e.g. {term: LineLoad, unit: N/mm}."),
    ([("{id: web}", "{id: web, term: Mass}")],
     "kal.yaml:9: column 'Rolle': give exactly one of id, term, terms, time, text, class; here: id, term."),
    ([("{id: web}", "{id: web, zone: UTC}")], "kal.yaml:9: column 'Rolle': 'zone' does not go with 'id'."),
    ([("{id: web}", "{class: {A: NMCElectrod}, of: web}")],
     "kal.yaml:6: 'web' needs a key: no column has 'id: web'. Write key: \"{COLUMN}\".\n"
     "kal.yaml:9: no term is called 'NMCElectrod'. Near: 'NMCElectrode', "
     "'LithiumNickelManganeseCobaltOxideElectrode', 'ElectrodeMass'. To add one: docs/how-to/add-a-term.md"),
    ([("of: web", "of: wep")], "kal.yaml:12: no thing is called 'wep'. Things here: run, web."),
    ([("role: output", "role: ouput")],
     "kal.yaml:6: thing 'web', role: 'ouput' is none of 'run', "
     "'input', 'output', 'tool', 'agent' or 'part'."),
    ([("kind: web", "kind: Rolle 1")],
     "kal.yaml:6: thing 'web', kind: 'Rolle 1' is no word for an IRI. "
     "Write small letters, digits and hyphens: cell, raw-material."),
    ([("role: output", "role: run")],
     "kal.yaml:6: only one thing can be the run; 'run' is one already.\n"
     "kal.yaml:6: 'CalenderedFabricatedElectrode' is no process, so it cannot be the run."),
    ([("{Nr}", "{Nr.}")],
     "kal.yaml:5: the key names a column 'Nr.', which is not under 'columns'. Near: 'Nr'."),
    ([("{Nr}", "{Nr")],
     "kal.yaml:5: the key 'calendering/{Nr' is no template. Write column names in braces: \"run/{COLUMN}\"."),
    ([("Europe/Berlin", "Berlin")],
     "kal.yaml:10: no time zone is called 'Berlin'. Write e.g. Europe/Berlin."),
    ([("%d.%m.%Y %H:%M", "TT.MM.JJJJ")],
     "kal.yaml:10: 'TT.MM.JJJJ' is no format of a time: "
     "write it with %, e.g. '%d.%m.%Y %H:%M', or write iso or excel."),
    ([("%d.%m.%Y %H:%M", "%H:%M")], "kal.yaml:10: '%H:%M' is no format of a time: it has no year (%Y)."),
    ([("%d.%m.%Y %H:%M", "%d.%m.%Q")],
     "kal.yaml:10: '%d.%m.%Q' is no format of a time: e.g. '%d.%m.%Y %H:%M' reads 02.03.2026 08:15."),
    ([("[Schicht]", "[Schicht, Rolle]")], "kal.yaml:9: 'Rolle' is mapped and ignored at once. Keep one."),
    ([("ignore:", "links: [web hasPart]\nignore:")],
     "kal.yaml:14: a link is three words, thing property thing; here: 'web hasPart'."),
    ([("title: Calendering\n", "titel: Calendering\n")],
     "kal.yaml:1: 'title' is missing.\nkal.yaml:1: 'titel' is no key here. Near: 'title'."),
    ([('delimiter: ";", decimal: ","', 'delimiter: x, header: oben, preamble: maybe')],
     "kal.yaml:3: table, delimiter: 'x' is none of 'tab', ',', ';' or '|'.\n"
     "kal.yaml:3: table, header: give the row number of the header, or {find: TEXT OF ITS FIRST CELL}.\n"
     "kal.yaml:3: table, preamble: 'maybe' is neither true nor false."),
    ([('decimal: ","', 'thousands: "."')], "kal.yaml:3: table: 'thousands' and 'decimal' are the same sign."),
    ([("files:", "source: xls\nfiles:")],
     "kal.yaml:2: source: 'xls' is none of 'table', 'records' or 'sql'."),
    ([("title: Calendering\n", "title: [A]\n")],
     "kal.yaml:1: title: one text is expected here. "
     "Put it into quotation marks if it holds ':', '{' or '['."),
    ([("  Rolle:", "  Nr:")], "kal.yaml:9: 'Nr' is given twice. Keep one of the two."),
    ([("  Rolle:", "\tRolle:")],
     "kal.yaml:9: this is not YAML: found character '\\t' that cannot start any token. "
     "Indent with blanks, not with tabs."),
    ([('"%d.%m.%Y %H:%M"', "%d.%m.%Y")],
     "kal.yaml:10: this is not YAML: found character '%' that cannot start any token. "
     "Put the text into quotation marks, as it begins with a sign that YAML uses."),
    ([("  Rolle:", "  [Rolle]:")],
     "kal.yaml:9: a key is one text. Put a name that holds '{' or '[' into quotation marks."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), FAULTS, ids=[message[9:40] for _, message in FAULTS])
def test_a_slip_in_a_mapping_is_told_with_its_line_and_the_way_out(
    bench: Bench, changes: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(FaultsError) as error:
        bench.plans(changed(*changes))

    assert str(error.value) == message


def test_an_unknown_unit_is_told_with_units_near_it(bench: Bench) -> None:
    with pytest.raises(FaultsError, match=r"^kal\.yaml:11: no unit is written 'N/mn'\. Near: "):
        bench.plans(changed(("N/mm", "N/mn")))


def test_all_faults_of_all_mappings_in_a_file_are_told_at_once(bench: Bench) -> None:
    mapping = changed(("LineLoad", "LinLoad"), ("unit: um", "unit: V"))

    with pytest.raises(FaultsError) as error:
        bench.plans(f"{mapping}---\n{mapping}")

    assert [fault.line for fault in error.value.faults] == [11, 12, 26, 27]


def test_a_mapping_file_that_is_empty_or_not_utf8_is_refused(bench: Bench) -> None:
    with pytest.raises(FaultsError, match=r"^kal\.yaml: the mapping file is empty\.$"):
        bench.plans("# nothing\n---\n")
    (bench.folder / "kal.yaml").write_bytes("title: Länge".encode("cp1252"))
    with pytest.raises(FaultsError, match=r"^kal\.yaml: a mapping file is UTF-8 text\. Save it as UTF-8\.$"):
        read_documents(bench.folder / "kal.yaml")


def test_words_of_yaml_stay_text(bench: Bench) -> None:
    mapping = changed(("[Schicht]", "[on, 1.0, 0x1F, null, 2026-03-02]"))

    assert bench.plans(mapping)[0].ignore == ("on", "1.0", "0x1F", "null", "2026-03-02")


# Columns of the table


def test_an_unknown_column_stops_the_load(bench: Bench) -> None:
    with pytest.raises(FaultsError) as error:
        bench.map("Nr;Rolle;Last;Bemerk\n1;K1;2;x\n")

    assert str(error.value) == (
        "kal.csv: column 'Bemerk' is neither mapped nor ignored in kal.yaml. "
        "Add a line for it under 'columns' or 'ignore'."
    )


def test_a_renamed_column_is_told_from_both_sides(bench: Bench) -> None:
    with pytest.raises(FaultsError) as error:
        bench.map("Nr;Rolle;Lst\n1;K1;2\n")

    assert str(error.value) == (
        "kal.csv: column 'Lst' is neither mapped nor ignored in kal.yaml. "
        "Near, and not in the table: 'Last'. Add a line for it under 'columns' or 'ignore'.\n"
        "kal.csv: there is no column 'Last', which kal.yaml maps. Near, and not in the mapping: 'Lst'. "
        "If it may be absent, write 'optional: true' on its line."
    )


def test_a_table_of_something_else_is_told_in_one_line(bench: Bench) -> None:
    with pytest.raises(FaultsError) as error:
        bench.map("Zelle;Spannung\n1;3,6\n")

    assert str(error.value) == (
        "kal.csv: no column of this table is one of kal.yaml; its header is: Zelle, Spannung. "
        "Is it the right mapping, and the right row for the header?"
    )


def test_columns_may_have_the_names_that_the_engine_uses_or_any_sign(bench: Bench) -> None:
    names = ["iri", "left", "right", "number", "part", "quantity", "token", "line", "key", "text", "place"]
    mapping = changed(("Last:", "number:"), ("Rolle:", "iri:"), ("Text:", "token:"), ("{Nr}", "{line}: {Nr}"),
                      ("[Schicht]", "[left, right, part, quantity, text, place]"),
                      ("  Nr: {id: run}", "  Nr: {id: run}\n  line: {text: label}\n  key: {text: serial}"),
                      ("N/mm", "kN/m"))  # fmt: skip
    row = ["K 1", "a", "b", "7,5", "c", "d", "e", "L1", "f", "g", "h"]

    mapped = bench.map(f"Nr;{';'.join(names)}\n1;{';'.join(row)}\n", mapping)

    lines = mapped.ntriples()
    assert mapped.findings == []
    assert numbers(lines) == ["7.5"]
    assert f'<{BASE}run/calendering/L1:%201#LineLoad> <{model.SOURCE_TOKEN}> "7,5 kN.m-1" .' in lines
    assert f'<{BASE}web/K%201> <{model.IDENTIFIER}> "K 1" .' in lines


@pytest.mark.parametrize("name", ["Zeit: Start!", "Druck [mbar]", "100 %", "{x}", "a.b", "ä#?", '"quoted"'])
def test_a_column_name_may_hold_any_sign(bench: Bench, name: str) -> None:
    mapping = changed(("  Last:", f"  '{name}':"), ("Rolle:", "W:"))
    cell = '"' + name.replace('"', '""') + '"'

    assert numbers(bench.map(f"Nr;W;{cell}\n1;K1;2,5\n", mapping).ntriples()) == ["2.5"]


def test_a_key_is_made_of_columns_with_any_sign_and_of_the_name_of_the_file(bench: Bench) -> None:
    mapping = changed(
        ('"calendering/{Nr}"', '"{stem}/{{{Nr [1]: a!b}}}/{file}"'), ("  Nr:", '  "Nr [1]: a!b":')
    )

    mapped = bench.map("Nr [1]: a!b;Rolle;Last\n1;K1;2\n", mapping, "kal 1.csv")

    assert mapped.things["run"]["iri"].to_list() == [f"{BASE}run/kal%201/%7B1%7D/kal%201.csv"]


def test_a_column_called_file_goes_before_the_name_of_the_file(bench: Bench) -> None:
    mapping = changed(("  Rolle:", "  file:"))

    assert bench.map("Nr;file;Last\n1;K1;2\n", mapping).things["web"]["iri"].to_list() == [f"{BASE}web/K1"]


@pytest.mark.parametrize(
    "key", ["a/b", "a b", "ä", "#1", "?", "100%", "..", ".", "a//b", "<x>", '"', "\\", "{a}", "a:b"]
)
def test_a_key_may_hold_any_sign(bench: Bench, key: str) -> None:
    cell = '"' + key.replace('"', '""') + '"'
    lines = bench.map(f"Nr;Rolle;Last\n1;{cell};2\n").ntriples()

    triples = [quad.triple for quad in ox.parse(lines.encode(), format=ox.RdfFormat.N_TRIPLES)]
    assert [t.object.value for t in triples if t.predicate.value == model.IDENTIFIER] == ["1", key]


# Cells


@pytest.mark.parametrize(
    ("cell", "number"),
    [("210,5", "210.5"), ("-0,5", "-0.5"), ("+1", "1.0"), (",5", "0.5"), ("1,", "1.0"), ("1e3", "1000.0"),
     ("1,5E-3", "0.0015"), ("0", "0.0"), ("007", "7.0"), ("1e-300", "1e-300")],
)  # fmt: skip
def test_a_decimal_with_a_comma_is_read(bench: Bench, cell: str, number: str) -> None:
    assert numbers(bench.map(f"Nr;Rolle;Last\n1;K1;{cell}\n").ntriples()) == [number]


@pytest.mark.parametrize(
    "cell",
    [
        "210.5",
        "1.200,5",
        "1,2,3",
        "abc",
        "12 N",
        "<5",
        "1e400",
        "inf",
        "Infinity",
        "nan",
        "0x1F",
        "1_000",
        "--1",
        "٣",
    ],
)
def test_what_is_no_decimal_sets_its_row_aside(bench: Bench, cell: str) -> None:
    mapped = bench.map(f"Nr;Rolle;Last\n1;K1;{cell}\n2;K2;1\n")

    assert [str(finding) for _, finding in mapped.findings] == [
        f"kal.csv:2 column 'Last': this is not a decimal with ',' as decimal sign. Found: '{cell}'."
    ]
    assert "calendering/1" not in mapped.ntriples() and "calendering/2" in mapped.ntriples()


def test_a_number_that_is_too_large_in_its_canonical_unit_is_told(bench: Bench) -> None:
    mapping = changed(("unit: um", "unit: km"))

    assert len(findings(bench, "Nr;Rolle;Last;Dicke\n1;K1;1;1e305\n", mapping)) == 1


@pytest.mark.parametrize(
    ("sign", "cell", "number"),
    [(".", "1.234.567,5", "1234567.5"), (" ", "1 234,5", "1234.5"), (" ", "1\u00a0234,5", "1234.5"),
     (" ", "1\u202f234", "1234.0"), ("'", "1’234,5", "1234.5"), (".", "12,5", "12.5")],
)  # fmt: skip
def test_signs_between_thousands_are_removed(bench: Bench, sign: str, cell: str, number: str) -> None:
    mapping = changed(('decimal: ","', f'decimal: ",", thousands: "{sign}"'))

    assert numbers(bench.map(f"Nr;Rolle;Last\n1;K1;{cell}\n", mapping).ntriples()) == [number]


@pytest.mark.parametrize("cell", ["1.23", "12.34.567", "1234.567", "1.2345"])
def test_a_sign_between_thousands_in_the_wrong_place_is_told(bench: Bench, cell: str) -> None:
    mapping = changed(('decimal: ","', 'decimal: ",", thousands: "."'))

    assert len(findings(bench, f"Nr;Rolle;Last\n1;K1;{cell}\n", mapping)) == 1


def test_a_converted_value_has_no_binary_noise_and_keeps_its_token(bench: Bench) -> None:
    mapping = changed(("unit: um", "unit: mm"))

    lines = bench.map("Nr;Rolle;Last;Dicke\n1;K1;1;0,0953\n", mapping).ntriples()

    assert numbers(lines) == ["1.0", "95.3"]
    assert f'<{BASE}web/K1#CalenderedCoatingThickness> <{model.SOURCE_TOKEN}> "0,0953 mm" .' in lines


@pytest.mark.parametrize(
    ("cell", "number"),
    [("0,0953 mm", "95.3"), ("95,3_um", "95.3"), ("95,3 µm", "95.3"), ("9,53e-5m", "95.3")],
)
def test_a_cell_may_name_its_unit(bench: Bench, cell: str, number: str) -> None:
    lines = bench.map(
        f"Nr;Rolle;Last;Dicke\n1;K1;1;{cell}\n", changed(("unit: um", "unit: inline"))
    ).ntriples()

    assert numbers(lines) == ["1.0", number]
    assert f'<{model.SOURCE_TOKEN}> "{cell}" .' in lines


def test_a_rate_may_be_named_in_a_cell(bench: Bench) -> None:
    mapping = changed((LINE_LOAD, "  Last: {term: RotationalFrequency, unit: inline}"))

    assert findings(bench, "Nr;Rolle;Last\n1;K1;1200 1/min\n", mapping) == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("95,3", "the cell names no unit; expected: a number and then e.g. um."),
        ("95,3 V", "'V' does not measure 'CalenderedCoatingThickness', which is stored in 'um'."),
        ("95.3 um", "this is not a number with ',' as decimal sign, and then its unit."),
        ("etwa 95 um", "this is not a number with ',' as decimal sign, and then its unit."),
        ("1e400 um", "this is not a number with ',' as decimal sign, and then its unit."),
    ],
)
def test_a_cell_that_names_no_fitting_unit_is_told(bench: Bench, cell: str, message: str) -> None:
    mapping = changed(("unit: um", "unit: inline"))

    assert findings(bench, f"Nr;Rolle;Last;Dicke\n1;K1;1;{cell}\n", mapping) == [
        f"kal.csv:2 column 'Dicke': {message} Found: '{cell}'."
    ]


def test_texts_that_mean_no_value_are_no_values(bench: Bench) -> None:
    mapping = changed(
        ("things:", 'missing: ["k.A."]\nthings:'), ("unit: N/mm", 'unit: N/mm, missing: ["0", "-1"]')
    )

    mapped = bench.map("Nr;Rolle;Last;Text\n1;K1;0;k.A.\n2;K2;;-\n3;K3;-1;\n", mapping)

    assert mapped.findings == []
    assert numbers(mapped.ntriples()) == []
    assert mapped.ntriples().count("#comment>") == 1


@pytest.mark.parametrize(
    ("cell", "iso"),
    [("02.03.2026 08:15", "2026-03-02T08:15:00+01:00"), ("02.07.2026 08:15", "2026-07-02T08:15:00+02:00"),
     ("25.10.2026 02:30", "2026-10-25T02:30:00+02:00")],
)  # fmt: skip
def test_a_time_carries_the_offset_of_its_zone(bench: Bench, cell: str, iso: str) -> None:
    lines = bench.map(f"Nr;Rolle;Last;Beginn\n1;K1;1;{cell}\n").ntriples()

    assert f'<{model.START}> "{iso}"^^<{model.XSD}dateTime> .' in lines


@pytest.mark.parametrize(
    ("changes", "cell", "message"),
    [
        ([], "29.03.2026 02:30", "there is no such time in Europe/Berlin: the clocks go forward then."),
        ([], "2026-03-02", "this is not a time; expected: a time such as 02.03.2026 08:15."),
        ([], "31.02.2026 08:15", "this is not a time; expected: a time such as 02.03.2026 08:15."),
        ([], "02.03.0026 08:15", "this is not a time; expected: a time such as 02.03.2026 08:15."),
        (
            [('"%d.%m.%Y %H:%M"', "iso")],
            "2.3.2026",
            "this is not a time; expected: a time such as 2026-03-02T08:15:00.",
        ),
        (
            [('"%d.%m.%Y %H:%M"', "excel")],
            "nan",
            "this is not a time; expected: a serial day such as 46083.34.",
        ),
        (
            [('"%d.%m.%Y %H:%M"', "excel")],
            "1e20",
            "this is not a time; expected: a serial day such as 46083.34.",
        ),
    ],
)
def test_what_is_no_time_is_told(
    bench: Bench, changes: list[tuple[str, str]], cell: str, message: str
) -> None:
    assert findings(bench, f"Nr;Rolle;Last;Beginn\n1;K1;1;{cell}\n", changed(*changes)) == [
        f"kal.csv:2 column 'Beginn': {message} Found: '{cell}'."
    ]


def test_serial_days_of_excel_are_read_to_the_millisecond(bench: Bench) -> None:
    lines = bench.map(
        "Nr;Rolle;Last;Beginn\n1;K1;1;46083,34375\n", changed(('"%d.%m.%Y %H:%M"', "excel"))
    ).ntriples()

    assert '"2026-03-02T08:15:00+01:00"' in lines


def test_a_time_that_names_its_offset_keeps_it(bench: Bench) -> None:
    mapping = changed(('"%d.%m.%Y %H:%M"', "iso"))

    assert (
        '"2026-03-02T08:15:00+03:00"'
        in bench.map("Nr;Rolle;Last;Beginn\n1;K1;1;2026-03-02T08:15:00+03:00\n", mapping).ntriples()
    )


def test_an_empty_key_is_told_in_its_column(bench: Bench) -> None:
    mapping = changed(("{Nr}", "{Nr}/{Rolle}"))

    assert findings(bench, "Nr;Rolle;Last\n;;1\n2;;1\n", mapping) == [
        "kal.csv:2 column 'Nr': this cell is empty; it is the key of 'run'.",
        "kal.csv:2 column 'Rolle': this cell is empty; it is the key of 'run'.",
        "kal.csv:3 column 'Rolle': this cell is empty; it is the key of 'run'.",
    ]


def test_a_choice_that_is_not_listed_is_told(bench: Bench) -> None:
    mapping = changed((LINE_LOAD, "  Last: {class: {K: NMCElectrode, A: bvco:GraphiteElectrode}, of: web}"))

    assert findings(bench, "Nr;Rolle;Last\n1;K1;X\n", mapping) == [
        "kal.csv:2 column 'Last': this is none of: K, A. Found: 'X'."
    ]


def test_all_findings_of_a_row_are_told(bench: Bench) -> None:
    assert len(findings(bench, "Nr;Rolle;Last;Dicke;Beginn\n;K1;x;y;z\n")) == 4


@pytest.mark.parametrize("split", ["{Rolle}", "{Nr}/{Rolle}"])
def test_several_identifiers_in_a_cell_are_several_things(bench: Bench, split: str) -> None:
    mapping = changed(
        ("{id: web}", '{id: web, split: ","}'), ("role: output}", f'role: output, key: "{split}"}}')
    )

    mapped = bench.map("Nr;Rolle;Last\n1;K1, K2,,K2;1\n2; , ;1\n", mapping)

    before = "" if split == "{Rolle}" else "1/"
    lines = mapped.ntriples()
    assert set(mapped.things["web"]["iri"]) == {f"{BASE}web/{before}K1", f"{BASE}web/{before}K2"}
    assert lines.count(f"> <{model.HAS_OUTPUT}> <") == 2
    assert f'<{BASE}web/{before}K2> <{model.IDENTIFIER}> "K2" .' in lines
    assert "calendering/2" in lines


def test_a_table_without_rows_maps_to_nothing(bench: Bench) -> None:
    mapped = bench.map("Nr;Rolle;Last\n", changed(("unit: um", "unit: inline")))

    assert (mapped.ntriples(), mapped.findings) == ("", [])
