"""The frozen types of the blocks of world/world.yaml that size people, events and applications.

One block stands for the events of one family, for the contacts, for the people or for what an
application states. Units and sources of the numbers stand beside the numbers in world.yaml.
Nothing here computes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PeopleNumbers:
    """How incomes and ages spread (domain 7.2)."""

    income_trait_weight: float
    income_chance_weight: float
    age_beta: tuple[float, float]


@dataclass(frozen=True)
class ContactNumbers:
    """The contact lists: their length, the age of an edge, who starts edges (domain 7.4)."""

    longest_list: int
    youngest_days: float
    oldest_days: float
    thin_reach: float
    late_share: float
    pull_factor: float
    closeness: float


@dataclass(frozen=True)
class RateSlopes:
    """What moves the log rates of events beside the concepts, per SD of a trait or of `talk`.

    `activity_of_shift` has another unit: SD of payment_activity per unit of a segment's shift.
    """

    logins_digital: float
    payments_digital: float
    payments_income: float
    red_packets_sociable: float
    red_packets_talk: float
    activity_of_shift: float


@dataclass(frozen=True)
class ExtraKind:
    """One kind of payment beside the everyday categories.

    Its share comes from elsewhere: a concept, the segment or a monthly date.
    """

    id: str
    direction: str
    offline_share: float
    median_cny: float
    sigma: float


@dataclass(frozen=True)
class PaymentNumbers:
    """Monthly payments, amounts, wallet snapshots and bills (domain 7.4)."""

    paydays: tuple[int, ...]
    monthly_hour: int
    rent_days: tuple[int, int]
    rent_payer_share: float
    rent_share: float
    n_shop_categories: int
    acquainted_share: float
    amount_of_income: float
    reference_income_cny: float
    inflows_per_month: float
    inflow_sigma: float
    bill_kinds: tuple[int, ...]
    bill_amounts_cny: tuple[float, ...]
    bill_sigma: float
    bill_days_per_latent: float
    max_bill_late: int


@dataclass(frozen=True)
class SocialNumbers:
    """Red packets and interactions (domain 7.4)."""

    packet_median_cny: float
    packet_sigma: float
    favourites_cny: tuple[float, ...]
    favourite_share: float
    favourite_stop: float
    max_packet_cny: int
    personal_kinds: tuple[int, ...]
    max_messages: int


@dataclass(frozen=True)
class AssetNumbers:
    """Balances, contributions and proofs (domain 7.4)."""

    half_life_days: float
    contribution_shares: tuple[float, ...]
    contribution_days: tuple[int, int]
    contribution_sigma: float
    proof_kinds: tuple[int, ...]
    proof_values_cny: tuple[float, ...]
    proof_sigma: float


@dataclass(frozen=True)
class BureauNumbers:
    """Lenders, enquiries, statements and instalments of earlier loans (domain 7.4)."""

    n_lenders: int
    lenders_per_person: int
    burst_days: float
    statements_per_year: float
    no_card_share: float
    no_score_share: float
    score_lasting: float
    score_range: tuple[int, int]
    max_days_late: int
    days_per_latent: float
    instalment_level: float
    instalment_sigma: float
    instalment_noise: float


@dataclass(frozen=True)
class IdentityNumbers:
    """Rounds of proofs and their tries (domain 7.4)."""

    days_before: tuple[float, float]
    round_seconds: int
    retry_hours: int
    shortest_retry: float
    final_failure_share: float
    max_tries: int
    failed_log_odds: float


@dataclass(frozen=True)
class ApplicationNumbers:
    """What an application states, and what the app's owner knows of the applicant.

    Sources: domain 7.1, 7.9.
    """

    purposes: dict[str, float]
    booked_after_seconds: tuple[int, int]
    wealth_level: float
    wealth_slope: float
    wealth_noise: float
    has_wealth_share: float
    verified_income_noise: float
    income_missing_share: float
    income_declared_share: float
    declared_over_true: float
    declared_noise: float
    debt_service_factor: float
    debt_service_slope: float
    debt_service_noise: float
    has_card_share: float
    card_limit_slope: float
    card_limit_noise: float
    business_merchant_share: float
    business_volume_factor: float
    personal_volume_factor: float
    volume_noise: float
    has_exposure_share: float
    exposure_factor: float
    exposure_noise: float
    second_source_students: float
    second_source_others: float
    opens_level: float
    opens_slope_digital: float
    opens_slope_activity: float
    opens_noise: float
    pay_score_level: float
    pay_score_slope: float
    pay_score_noise: float
    pay_score_range: tuple[float, float]
    real_name_share: float
    mean_cards: float
    local_wage_cny: float


@dataclass(frozen=True)
class SharingNumbers:
    """Households, used phones, promotion desks and carriers' addresses.

    `household_shares` are shares of people by size of their household; all others live alone or
    with nobody who applies here.
    """

    household_shares: dict[int, float]
    second_hand_share: float
    second_hand_days: tuple[float, float]
    desk_share: float
    desk_size: int
    desk_minutes: int
    mobile_share: float
    carrier_addresses: int


@dataclass(frozen=True)
class SessionNumbers:
    """The session in which a person applies (domain 0.13).

    Pairs of shares are of frauds and of honest people. Logins are ranges, the end left out.
    `seconds_before` and `face_hours_before` lie before the application, the end left out.
    `face_retry_seconds` lie between two failing face checks, times a half to one and a half.
    """

    seconds_before: tuple[int, int]
    busy_shares: tuple[float, float]
    frantic_shares: tuple[float, float]
    busy_logins: tuple[int, int]
    frantic_logins: tuple[int, int]
    foreign_shares: tuple[float, float]
    mismatch_shares: tuple[float, float]
    face_failure_shares: tuple[float, float]
    face_failures: tuple[int, int]
    face_hours_before: tuple[int, int]
    face_retry_seconds: int
    payee_mismatch_shares: tuple[float, float]
    risky_merchant_shares: tuple[float, float]
    young_account_share: float
    extra_enquiries_share: float
    extra_enquiries_mean: float
    extra_enquiries_days: float


@dataclass(frozen=True)
class HistoryNumbers:
    """Customers with a history here (domain 0.11, S1-R07).

    `paying_seconds`: seconds of the day between which an instalment at this house is paid.
    """

    repeat_share: float
    repeat_slope: float
    max_months: int
    late_factor: float
    max_late_chance: float
    days_late: tuple[int, int]
    paying_seconds: tuple[int, int]
    instalment_share: float
