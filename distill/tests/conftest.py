"""One thread a test run: the tensors are small, and threads that wait for each other cost more than they bring. The table of
operators is printed at the end."""

import pytest
import torch

torch.set_num_threads(1)
TABLE = []  # lines "operator: n of m", printed below the tests


@pytest.fixture(scope="session")
def operator_table():
    return TABLE


def pytest_terminal_summary(terminalreporter):
    if not TABLE:
        return
    terminalreporter.section("ONNX node tests")
    width = max(map(len, TABLE)) + 2
    columns = max(1, 120 // width)
    for i in range(0, len(TABLE), columns):
        terminalreporter.line("".join(line.ljust(width) for line in TABLE[i:i + columns]).rstrip())
