"""What a file may cost: bombs and long files, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

BOMBS = {
    "five million empty elements": "b'<a>' + b'<b/>' * 5_000_000 + b'</a>'",
    "five million empty elements in a document": "pain001(after='<b/>' * 5_000_000)",
    "two million unstructured texts": "pain001(payment(transfer(after='<RmtInf>' + '<Ustrd>a</Ustrd>' * 2_000_000 + '</RmtInf>')))",
    "200,000 attributes": "b'<a ' + b' '.join(b'x%d=\"1\"' % i for i in range(200_000)) + b'/>'",
    "a doctype of 20 MB": "b'<!DOCTYPE a [' + b'<!ENTITY e \"x\">' * 1_300_000 + b']><a/>'",
    "100,000 transfers with errors": "pain001(payment(*[transfer(f'E{i}', amount='-1') for i in range(100_000)]))",
    "a million transfers that are empty and apart": "pain001(payment('<CdtTrfTxInf/><x/>' * 1_000_000))",
    "50,000 transfers that are apart": "pain001(payment(*[transfer() + '<x/>'] * 50_000))",
    "50,000 payments that are apart": "pain001(*[payment(transfer()) + '<x/>'] * 50_000)",
    "transfers below elements that are not payments": "pain001(after=('<x>' + transfer() + '</x>') * 50_000)",
    "600,000 group headers": "pain001(after='<GrpHdr/>' * 600_000)",
    "a million business headers": (
        "b'<e xmlns:h=\"urn:iso:std:iso:20022:tech:xsd:head.001.001.01\">' + pain001(prolog='') + b'<h:AppHdr/>' * 1_000_000 + b'</e>'"
    ),
    "gzip of 300 MB": "__import__('gzip').compress(bytes(300_000_000))",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_need_little_memory_and_time(name: str) -> None:
    """In a process of its own: the peak beyond the bytes themselves stays under 100 MB."""
    program = f"""
import resource, time
from tests.iso20022.builders import *
from iso20022.errors import MalformedXml
from iso20022.pain001.reader import read_pain001
document = {BOMBS[name]}
read_pain001(pain001(), today=TODAY)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
try:
    refused = read_pain001(document, today=TODAY).findings.refuse_group
except MalformedXml:
    refused = True
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(refused, grown, time.process_time() - started)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    refused, grown, seconds = done.stdout.split()
    assert refused == "True"
    assert int(grown) < 100
    assert float(seconds) < 3.0


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """50,000 transfers (20 MB, a tree of 240) from a file on disk: validated, checked and yielded in less than 100 MB."""
    program = f"""
import resource
from tests.iso20022.builders import *
from iso20022.pain001.reader import read_pain001
path = {str(tmp_path / "long.xml")!r}
with open(path, "wb") as file:
    head, _, tail = pain001(payment(transfer()), number=50_000).partition(transfer().encode())
    file.write(head)
    for index in range(50_000):
        file.write(transfer(f"E{{index}}").encode())
    file.write(tail)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(path, "rb") as file:
    message = read_pain001(file, today=TODAY)
    print(sum(1 for _ in message.transfers()), message.findings.reported, message.control_sum)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)

    summary, grown = done.stdout.splitlines()
    assert summary == "50000 () 500000"
    assert int(grown) < 100
