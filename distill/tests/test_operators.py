"""Every operator that the engine runs gives the right answer: ONNX's node tests, and random cases against ONNX Runtime."""

import pytest

from distill.tests import gridcases, operators


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with operators.Engine(tmp_path_factory.mktemp("engine")) as e:
        yield e


@pytest.fixture(scope="module")
def node_results(engine):
    return operators.run_nodes(engine)


@pytest.fixture(scope="module")
def grid_results(engine):
    return {family: operators.run_grid(engine, family) for family in gridcases.FAMILIES}


def faults(results):
    """What is wrong, and what is refused without a reason that docs/operators.md gives."""
    return [f"{r.verdict}: {r.op} {r.case}: {r.why}" for r in results
            if r.verdict == "wrong" or r.verdict == "refused" and operators.reason(r) is None]


def test_node_tests(node_results, operator_table):
    for op, row in operators.tally(node_results).items():
        right, total = (sum(row[key, form] for form in (False, True)) for key in ("right", "all"))
        if right or op not in " ".join(operators.REFUSED.values()).split():
            operator_table.append(f"{op}: {right} of {total}")
    assert not faults(node_results)
    assert sum(r.verdict == "right" for r in node_results) > 1200


def test_functions(engine, node_results):
    """A network whose nodes lie in a model-local function gives the same answer."""
    right = {r.case for r in node_results if r.verdict == "right"}
    cases = [c for c in operators.named(operators.node_cases()) if c[2].name in right and not c[1]]
    assert len(cases) > 500
    results = [operators.run_node(engine, *c, wrap=operators.as_function) for c in cases]
    assert not [f"{r.verdict}: {r.case}: {r.why}" for r in results if r.verdict != "right"]


@pytest.mark.parametrize("family", list(gridcases.FAMILIES))
def test_random(grid_results, family):
    results = grid_results[family]
    assert len(results) >= operators.SEEDS * 0.7, "ONNX Runtime refuses too many of the cases: they test nothing"
    assert not faults(results)
    assert sum(r.verdict == "right" for r in results) >= 0.8 * len(results)


def test_document_is_up_to_date(node_results, grid_results):
    written = operators.document(node_results, [r for results in grid_results.values() for r in results])
    assert operators.DOCUMENT.read_text() == written, "run python -m distill.tests.operators"
