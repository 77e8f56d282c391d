"""Operators of `cadre`: the command line as they use it, in real processes."""

import asyncio
import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Operator:
    """Somebody who runs `cadre` on one database."""

    def __init__(self, url: str | None, folder: Path, **variables: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CADRE_")}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), "CADRE_DATA_DIR": str(folder)}
        self.environment |= variables | ({"CADRE_DATABASE_URL": url} if url else {})

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "cadre", *arguments),
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def runs(self, *arguments: str) -> Answer:
        process = await self.start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), timeout=120)
        answer = Answer(process.returncode or 0, out.decode(), err.decode())
        assert "Traceback" not in answer.err
        return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def refused(answer: Answer, sentence: str) -> bool:
    return (answer.code, answer.out, answer.err) == (1, "", f"cadre: {sentence}\n")
