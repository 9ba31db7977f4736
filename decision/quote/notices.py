"""Notices beside every offer: warnings and rights, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass

from ..rulebook.product import Product


@dataclass(frozen=True)
class Notice:
    """One text in both languages.

    `id` stays when the words change; `source` names the rules that ask for it.
    """

    id: str
    source: str
    en: str
    zh: str


# table: notices of every product
NOTICES = (
    Notice(
        "risk", "S1-R22",
        "Borrowing has risks: what is not repaid on time costs more, "
        "is reported to the bureau and makes later credit harder to get.",
        "借款有风险：逾期将产生额外费用并上报征信，影响今后借款。",
    ),
    Notice(
        "emergency", "S1-R67, S3-R55, S5-R58",
        "Meant for passing needs, not for lasting ones; borrow no more than your income can carry.",
        "仅供应急周转，不适合长期资金需求；请根据收入量力而行，避免过度负债。",
    ),
    Notice(
        "purpose", "S4-R49",
        "Not to be used for mortgages, securities or to repay other loans; "
        "do not rely on it for medicine or schooling.",
        "不得用于房贷、证券投资或偿还其他贷款；医疗、教育等刚性支出请慎用。",
    ),
    Notice(
        "review", "S2-R04, S5-R44",
        "The decision was made by a machine. You may ask for its reasons, "
        "for a person to look at it, and for a wrong freeze to be lifted.",
        "本决定由自动化系统作出。您有权要求说明理由、申请人工复核，并对误冻结提出申诉。",
    ),
    Notice(
        "dispute", "S3-R53",
        "A debit that you do not know may be disputed.",
        "如遇可疑扣款，可发起争议申诉。",
    ),
    Notice(
        "bureau_record", "S2-R52",
        "You may ask for your own bureau report.",
        "您可以查询本人的信用报告。",
    ),
)  # fmt: skip
# table: the notice of a product whose lender is a partner
PARTNER = Notice(
    "partner", "S2-R53",
    "The lender is a partner: check its licence before you sign, "
    "and compare it with a bank's offer.",
    "贷款由合作机构提供：签约前请核实其牌照，并与持牌银行产品比较。",
)  # fmt: skip


def notices(product: Product) -> list[dict[str, str]]:
    """Return id and text in both languages of every notice of the product.

    A partner's product has one more.
    """
    texts = (*NOTICES, PARTNER) if product.lender == "licensed_institution" else NOTICES
    return [{"id": notice.id, "en": notice.en, "zh": notice.zh} for notice in texts]
