"""Where it was measured, in words that fit any machine."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    cores: int
    memory_gb: int
    processor: str
    python: str
    load: float
    """The average number of running processes of the last minute, ours included: above `cores`, somebody waits."""

    @property
    def sentence(self) -> str:
        return f"{self.cores} cores ({self.processor}), {self.memory_gb} GB, Python {self.python}, load at the end {self.load:.1f}"


def machine() -> Machine:
    return Machine(
        cores=os.cpu_count() or 1,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        processor=_processor(),
        python=platform.python_version(),
        load=os.getloadavg()[0],
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
