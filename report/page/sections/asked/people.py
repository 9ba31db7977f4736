"""The searchable applicants."""

from __future__ import annotations

from creditloom.report.parts.blocks import ApplicantBrowser, Section
from creditloom.report.parts.data import ReportData, Text

LEAD = (
    "Some out-of-time applicants of each decision, at even scores. Each is taken apart: points "
    "against the typical approved applicant, facts beside typical ones, rules, what would change "
    "it, the letter."
)
OWN_LEAD = (
    "Some rows of each decision, at even scores, as the final model decides them. Each is taken "
    "apart: points against the typical approved row, its values beside usual ones, rules."
)


def applicants(data: ReportData) -> Section | None:
    """Return the applicants; None without any."""
    if data.applicants is None:
        return None
    block = ApplicantBrowser(data.applicants.content, data.applicants.n)
    lead = OWN_LEAD if data.is_own else LEAD
    return Section("people", Text("Applicants, one by one", "逐个申请人"), lead, (block,))
