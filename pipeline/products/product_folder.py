"""Finds products, laws and the other files of `products/` by their content, not by file name.

Each kind of file has keys that no other kind has. A file without such a key is refused, so that a
mistyped or misplaced file is never silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.product import Product
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, mapping, typed_content

Kind = Literal[
    "product",
    "law",
    "rights",
    "codes",
    "review",
    "filters",
    "sources",
    "benchmarks",
    "economics",
    "approvals",
    "fairness_tests",
    "fairness_decisions",
]
T = TypeVar("T")

# One of these keys is enough to recognise the kind of a file. Its frozen type then checks every
# key. So a file with one mistyped key is recognised here and refused there.
# table: the keys that only files of one kind have
KEYS_OF: dict[Kind, tuple[str, ...]] = {
    "product": ("lender", "admission", "limit", "price", "repayment", "charges", "tiers"),
    "law": ("price_cap", "lender_price_caps", "protection_line", "banned_columns"),
    "rights": ("rights",),
    "codes": ("codes",),
    "review": ("increase", "decrease", "repricing", "collections", "provision"),
    "filters": ("night_withdrawal_from", "face_failures_over", "hard_enquiries_over"),
    "sources": ("sources",),
    "benchmarks": ("benchmarks",),
    "economics": ("economics",),
    "approvals": ("approvals",),
    "fairness_tests": ("jurisdictions",),
    "fairness_decisions": ("fairness_decisions",),
}


@dataclass(frozen=True)
class ProductFile:
    """One YAML file of `products/` with its kind and its content, not yet validated."""

    path: Path
    kind: Kind
    content: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id that the file gives itself; "" for a kind without ids."""
        return str(self.content.get("id", ""))

    def read(self, as_type: type[T]) -> T:
        """Return the content as its frozen type. Raises ParamsError for any wrong key or value."""
        return typed_content(self.content, as_type, self.path)


@dataclass(frozen=True)
class ProductFolder:
    """All files of a folder of products and laws. A file is validated when it is read."""

    folder: Path
    files: tuple[ProductFile, ...]

    @classmethod
    def of(cls, folder: Path = paths.PRODUCTS) -> ProductFolder:
        """Look at every YAML file of `folder` and of the folders in it.

        Raises ParamsError for a file of no kind or of two kinds, and for two products or two laws
        with the same id.
        """
        found = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml"))
        files = tuple(_file(path) for path in found)
        _check_ids(files)
        return cls(folder, files)

    # Everything below is sorted and found by id and not by file name. So a renamed file gives the
    # same bundle, byte for byte.

    def ids(self, kind: Kind) -> tuple[str, ...]:
        """Return the ids of all products (or laws), sorted."""
        return tuple(sorted(file.id for file in self.files if file.kind == kind))

    def products(self) -> tuple[Product, ...]:
        """Return all products in the order of their ids."""
        return tuple(self._named("product", id_).read(Product) for id_ in self.ids("product"))

    def product(self, name: str) -> Product:
        """Return the product with the id `name`: house@v1 or, as params.yaml writes it, house_v1.

        Raises ParamsError where no product has that id.
        """
        # Both spellings are accepted, because params.yaml and earlier releases use the file name.
        spelt = {id_.replace("@", "_"): id_ for id_ in self.ids("product")}
        return self._named("product", spelt.get(name, name)).read(Product)

    def law(self, name: str) -> Law:
        """Return the law profile with the id `name`. Raises ParamsError where none has it."""
        return self._named("law", name).read(Law)

    def only(self, kind: Kind, as_type: type[T]) -> T:
        """Return the one file of a kind as `as_type`. Raises ParamsError for none or several."""
        files = [file for file in self.files if file.kind == kind]
        if len(files) != 1:
            names = ", ".join(str(file.path) for file in files) or "none"
            raise ParamsError(
                f"{self.folder}: expected one file of {kind} (with {_keys(kind)}), got {names}; "
                "keep one"
            )
        return files[0].read(as_type)

    def _named(self, kind: Kind, id_: str) -> ProductFile:
        for file in self.files:
            if file.kind == kind and file.id == id_:
                return file
        raise ParamsError(
            f"{self.folder}: expected a {kind} of {', '.join(self.ids(kind)) or 'any id'}, "
            f"got {id_}; correct the name, or add a file with that id"
        )


def every_product() -> tuple[Product, ...]:
    """Return all committed products, sorted by id."""
    return ProductFolder.of().products()


def _file(path: Path) -> ProductFile:
    content = mapping(path)
    kinds = [kind for kind, keys in KEYS_OF.items() if any(key in content for key in keys)]
    if len(kinds) != 1:
        expected = "; ".join(f"{kind}: {_keys(kind)}" for kind in KEYS_OF)
        got = ", ".join(map(str, content)) or "no keys"
        of = f"keys of {' and '.join(kinds)}" if kinds else "keys of none of them"
        raise ParamsError(
            f"{path}: not a file of products/: expected keys of one kind ({expected}), "
            f"got {of}: {got}; correct its keys or move the file elsewhere"
        )
    return ProductFile(path, kinds[0], content)


def _check_ids(files: tuple[ProductFile, ...]) -> None:
    """Raise ParamsError where two products or two laws have the same id."""
    first: dict[tuple[Kind, str], Path] = {}
    for file in files:
        key = (file.kind, file.id)
        if file.kind in ("product", "law") and key in first:
            raise ParamsError(
                f"{file.path}: id: expected an id that no other {file.kind} has, got {file.id!r}, "
                f"the id of {first[key]} too; change one of them"
            )
        first[key] = file.path


def _keys(kind: Kind) -> str:
    return ", ".join(KEYS_OF[kind])
