"""Products and laws are found by what their files hold, under any name; strangers are refused."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import yaml

from creditloom.decision.rulebook.economics import Economics
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.policy import DataSources, Filters
from creditloom.decision.rulebook.product import Product
from creditloom.models.evaluation.groups.fairness_tests import LawTests
from creditloom.models.evaluation.groups.row_decisions import RowDecisions
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError
from creditloom.pipeline.products.product_folder import KEYS_OF, ProductFolder, every_product
from creditloom.pipeline.products.written_policy import ApprovalRecord
from creditloom.portfolio.benchmarks import Benchmarks
from creditloom.portfolio.book.review_rules import ReviewRules
from creditloom.serving.applicant.letters.letter_types import CodeBook, Rights

TYPES = {
    "product": Product,
    "law": Law,
    "rights": Rights,
    "codes": CodeBook,
    "review": ReviewRules,
    "filters": Filters,
    "sources": DataSources,
    "benchmarks": Benchmarks,
    "economics": Economics,
    "fairness_tests": LawTests,
    "fairness_decisions": RowDecisions,
    "approvals": ApprovalRecord,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of products/ that a test may change."""
    return Path(shutil.copytree(paths.PRODUCTS, tmp_path / "products"))


def _write(folder: Path, name: str, content: object) -> None:
    (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def test_every_committed_file_is_of_a_kind_and_reads_as_its_type() -> None:
    files = ProductFolder.of().files
    committed = {*paths.PRODUCTS.rglob("*.yaml")}
    assert {file.path for file in files} == committed
    for file in files:
        assert isinstance(file.read(TYPES[file.kind]), TYPES[file.kind]), file.path


def test_a_key_that_tells_a_kind_belongs_to_its_type_alone() -> None:
    keys = {kind: {field.name for field in dataclasses.fields(TYPES[kind])} for kind in KEYS_OF}
    for kind, names in KEYS_OF.items():
        for name in names:
            assert [other for other in keys if name in keys[other]] == [kind], name


def test_products_come_in_the_order_of_their_ids() -> None:
    ids = [product.id for product in every_product()]
    assert ids == sorted(ids) and ids == list(ProductFolder.of().ids("product"))


def test_a_product_and_a_law_are_found_under_any_name_and_in_any_folder(folder: Path) -> None:
    acme = yaml.safe_load((folder / "house_v1.yaml").read_text(encoding="utf-8"))
    _write(folder, "acme.yaml", {**acme, "id": "acme@1"})
    law = yaml.safe_load((folder / "law" / "cn_2023.yaml").read_text(encoding="utf-8"))
    (folder / "mine").mkdir()
    _write(folder, "mine/some law.yml", {**law, "id": "utopia"})
    found = ProductFolder.of(folder)
    assert "acme@1" in [product.id for product in found.products()]
    assert found.product("acme@1") == found.product("acme_1") != found.product("house_v1")
    assert found.law("utopia").effective_from == found.law("cn_2023").effective_from


def test_a_renamed_file_gives_the_same_products_in_the_same_order(folder: Path) -> None:
    (folder / "house_v1.yaml").rename(folder / "zzz.yaml")
    (folder / "law" / "off.yaml").rename(folder / "aaa.yaml")
    found = ProductFolder.of(folder)
    assert found.products() == every_product()
    assert found.ids("law") == ProductFolder.of().ids("law")


def test_a_stranger_file_is_refused_with_file_expected_got_and_next_step(folder: Path) -> None:
    _write(folder, "notes.yaml", {"author": "me", "todo": []})
    with pytest.raises(ParamsError) as refused:
        ProductFolder.of(folder)
    message = str(refused.value)
    assert "notes.yaml: not a file of products/" in message
    assert "expected keys of one kind (product: lender," in message
    assert "got keys of none of them: author, todo" in message
    assert "correct its keys or move the file elsewhere" in message


def test_a_file_of_two_kinds_is_refused(folder: Path) -> None:
    _write(folder, "both.yaml", {"sources": [], "price_cap": None})
    with pytest.raises(ParamsError, match="got keys of law and sources: price_cap, sources"):
        ProductFolder.of(folder)


def test_a_mistyped_key_is_refused_with_the_nearest_one(folder: Path) -> None:
    product = yaml.safe_load((folder / "house_v1.yaml").read_text(encoding="utf-8"))
    product["lenders"] = product.pop("lender")
    _write(folder, "house_v1.yaml", product)
    with pytest.raises(ParamsError, match=r"lenders: unknown key .did you mean `lender`"):
        ProductFolder.of(folder).products()


def test_two_files_of_one_id_are_refused(folder: Path) -> None:
    shutil.copy(folder / "house_v1.yaml", folder / "copy.yaml")
    with pytest.raises(ParamsError, match="expected an id that no other product has"):
        ProductFolder.of(folder)


def test_an_unknown_product_and_a_missing_file_are_refused_by_name(folder: Path) -> None:
    with pytest.raises(ParamsError, match=r"expected a product of .*fenfu@S2, .*got acme@1"):
        ProductFolder.of(folder).product("acme@1")
    (folder / "filters.yaml").unlink()
    with pytest.raises(ParamsError, match=r"expected one file of filters .*got none"):
        ProductFolder.of(folder).only("filters", Filters)


def test_the_committed_products_are_those_of_the_file_names() -> None:
    """Each committed file is called as its id, with `_` for `@`: so people find it."""
    files = [file for file in ProductFolder.of().files if file.kind == "product"]
    assert [file.path.stem for file in files] == [file.id.replace("@", "_") for file in files]
