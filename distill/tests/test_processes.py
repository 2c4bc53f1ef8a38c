"""Two processes of torchrun train one student: they share the data that they make, and end with the same weights."""

import os
from pathlib import Path
import subprocess
import sys

from distill.tests.test_recipes import edge  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
from pathlib import Path
import torch
import torch.distributed as dist
from distill import data, experiment, loop
from distill.recipes import early

torch.set_num_threads(1)
data.WORK = Path(sys.argv[1])
c = experiment.smoke(early.config())
c.folder, c.edge = sys.argv[1] + "/runs", sys.argv[2]
torch.manual_seed(c.seed)
net, stages, student = early.make(c, None)
seen = []
loss = stages[0].loss
stages[0].loss = lambda b: (seen.append(b.x.sum().item()), loss(b))[1]
Path(c.folder).mkdir(parents=True, exist_ok=True)
loop.fit(c, net, stages, c.folder, show=False)  # what it returns was broadcast; the network itself was not
mine = torch.cat([p.detach().flatten() for p in net.parameters()] + [torch.tensor(seen[:1])]).float()
both = [torch.empty_like(mine) for _ in range(2)]
dist.all_gather(both, mine)
assert torch.equal(both[0][:-1], both[1][:-1]), "the weights differ"
assert both[0][-1] != both[1][-1], "both processes saw the same pairs"
Path(sys.argv[1], f"agrees-{dist.get_rank()}").touch()
dist.destroy_process_group()
"""


def test_two_processes_end_with_the_same_weights(edge, tmp_path):  # noqa: F811
    script = tmp_path / "two.py"
    script.write_text(SCRIPT)
    env = {**os.environ, "DEPTHWISE_DATA": str(tmp_path / "none"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script), str(tmp_path / "work"), edge]
    done = subprocess.run(run, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((tmp_path / "work" / f"agrees-{rank}").exists() for rank in (0, 1)), done.stdout + done.stderr
