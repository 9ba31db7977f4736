"""Reads what other people's rows say from a snapshot, for decisions of its month.

The values are equal to the bit to those made of all raw rows. Graph values stand at the first of
the month, as without a snapshot: they are looked up. Values as of the decision are made of the rows
that the snapshot keeps. Consents are those of the applications at hand: a refusal that counts for
the month and that the snapshot did not know takes the person out, and the graph is measured again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .. import clock
from ..contract.tables import CONTACTS, IDENTITY_CHECKS, LOGINS, PAYMENTS
from ..declare.declarations import FeatureSpec
from ..engine.raw_reader import RawFiles, read
from ..feature_params import FeatureError
from ..policy_inputs.consents import statements
from ..policy_inputs.device_counts import applicants_per_identifier
from . import snapshot_tables as st
from .graph import MonthGraph, networks, of_nobody
from .graph_history import NEVER, ContactLinks, GraphHistory, Messages, positions_in
from .graph_measures import starts_of
from .network_features import MEETINGS, SNAPSHOT, TRANSFERS
from .shared_devices import meetings
from .snapshot_tables import SnapshotTable
from .transfers import N_OF_PARTNERS, Moments, TransferLinks, of_links, of_partners

if TYPE_CHECKING:
    from ..engine.raw_reader import Connection

LINKED_NAME = MEETINGS[-1].name


@dataclass(frozen=True)
class NetworkSnapshot:
    """A snapshot: the files of its tables by name, and its calendar month.

    The files are read as they are; that they are those of the manifest is checked by whoever opens
    the snapshot.
    """

    files: Mapping[str, str]
    month: int

    def others(
        self, con: Connection, sources: RawFiles, applications: pa.Table, wanted: Collection[str]
    ) -> dict[str, np.ndarray]:
        """Return what `graph.others` returns, of the snapshot and of the consents in `sources`.

        Raises FeatureError where an application is decided in another month.
        """
        self._require_month(applications)
        columns = self._graph(con, sources, applications, wanted)
        columns |= self._transfers(con, sources, applications, wanted)
        columns |= self._meetings(con, sources, applications, wanted)
        return columns

    def _require_month(self, applications: pa.Table) -> None:
        months = clock.month_index(applications.column("as_of").to_numpy())
        others = months[months != self.month]
        if len(others):
            own, got = (np.datetime64(int(one), "M") for one in (self.month, others[0]))
            raise FeatureError(
                f"network snapshot: expected decisions of {own}, the month that it stands for, got "
                f"{len(others):,} of another month, as {got}; make the snapshot of that month"
            )

    def _read(self, table: SnapshotTable, names: Collection[str] = ()) -> pa.Table:
        """Return the columns of a table, all of them where none is named."""
        columns = [name for name in table.schema.names if not names or name in names]
        return pq.ParquetFile(self.files[table.name]).read(columns).combine_chunks()

    # Graph.

    def _graph(
        self, con: Connection, sources: RawFiles, applications: pa.Table, wanted: Collection[str]
    ) -> dict[str, np.ndarray]:
        specs = [spec for spec in SNAPSHOT if spec.name in wanted]
        if not sources.get(CONTACTS.name) or not specs:
            return {}
        stated = statements(con, sources, str(CONTACTS.consent))
        known = self._read(st.REFUSED)["person"].to_numpy()
        people = self._read(st.GRAPH, ("person",))["person"].to_numpy()
        applicants = applications.column("applicant_id").to_numpy()
        columns = {spec.name: of_nobody(spec.null_meaning, len(applicants)) for spec in specs}
        for at, _, refused in networks(stated, applications):
            nodes, is_node = positions_in(people, applicants[at])
            if np.array_equal(refused, known):
                values = self._made(specs, nodes)
            else:
                values = self.measured(specs, people, nodes, refused)
            for spec, column in zip(specs, values, strict=True):
                columns[spec.name][at[is_node]] = column
        return columns

    def _made(self, specs: Sequence[FeatureSpec], nodes: np.ndarray) -> Iterator[np.ndarray]:
        """Return the values of some people as the snapshot holds them."""
        table = self._read(st.GRAPH, [spec.name for spec in specs])
        return (table[spec.name].to_numpy()[nodes] for spec in specs)

    def measured(
        self,
        specs: Sequence[FeatureSpec],
        people: np.ndarray,
        nodes: np.ndarray,
        refused: np.ndarray,
    ) -> Iterator[np.ndarray]:
        """Yield the values of some people without whoever refused, a column a feature.

        `nodes` are places in `people`, everybody of the network.
        """
        is_hidden = np.isin(people, refused)
        graph = MonthGraph(self._history(people).without(is_hidden, refused), self.month, nodes)
        return (np.where(is_hidden[nodes], np.nan, graph.values(spec)) for spec in specs)

    def _history(self, people: np.ndarray) -> GraphHistory:
        """Return the network before the month, as it is without any refusal."""
        record = self._read(st.GRAPH, ("has_loan", "has_late", "has_default"))
        known = {
            name: np.where(_flags(record, name), self.month - 1, NEVER)
            for name in record.column_names
        }
        # table: the network
        return GraphHistory(
            nodes=people,
            links=self._links(people),
            loan_month=known["has_loan"],
            late_month=known["has_late"],
            bad_month=known["has_default"],
            messages=self._messages(people),
        )

    def _links(self, people: np.ndarray) -> ContactLinks:
        rows = self._read(st.LINKS)
        person, other = (
            np.searchsorted(people, rows[name].to_numpy()) for name in ("person", "other")
        )
        out_month, in_month = (
            np.where(_flags(rows, name), self.month - 1, NEVER) for name in ("lists", "is_listed")
        )
        return ContactLinks(starts_of(person, len(people)), other, out_month, in_month)

    def _messages(self, people: np.ndarray) -> Messages:
        rows = self._read(st.MESSAGES)
        person = np.searchsorted(people, rows["person"].to_numpy())
        other = rows["other"].to_numpy()
        is_new_person = np.diff(person, prepend=-1) != 0
        is_new_tie = is_new_person | (np.diff(other, prepend=-1) != 0)
        # table: the messages
        return Messages(
            start=starts_of(person, len(people)),
            tie=np.cumsum(is_new_tie, dtype=np.int32),
            other=other[is_new_tie],
            month=np.full(len(rows), self.month - 1, np.int16),
            count=rows["n_messages"].to_numpy(),
            is_sent=_flags(rows, "is_sent"),
        )

    def graph_of(
        self, specs: Sequence[FeatureSpec]
    ) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Return everybody of the network, sorted, who had refused, and the values by feature."""
        table = self._read(st.GRAPH, ("person", *(spec.name for spec in specs)))
        values = {spec.name: table[spec.name].to_numpy() for spec in specs}
        return table["person"].to_numpy(), self._read(st.REFUSED)["person"].to_numpy(), values

    def linked(self) -> tuple[np.ndarray, np.ndarray]:
        """Return people on shared devices, sorted, and how many others are linked with each."""
        rows = self._read(st.LINKED)
        return rows["person"].to_numpy(), rows["others"].to_numpy()

    # Transfers.

    def _transfers(
        self, con: Connection, sources: RawFiles, applications: pa.Table, wanted: Collection[str]
    ) -> dict[str, np.ndarray]:
        if not sources.get(PAYMENTS.name):
            return {}
        columns: dict[str, np.ndarray] = {}
        if any(spec.name in wanted for spec in TRANSFERS[:N_OF_PARTNERS]):
            read(con, [self.files[st.TRANSFER_ROWS.name]]).create_view("transfer_rows")
            con.execute(MOVED_AGAIN)
            columns |= of_partners(con, applications)
            con.execute("DROP TABLE moved")
        if any(spec.name in wanted for spec in TRANSFERS[N_OF_PARTNERS:]):
            columns |= of_links(*self._circles(), applications)
        return columns

    def _circles(self) -> tuple[np.ndarray, TransferLinks, Moments]:
        """Return the people who transfer, the links among them, and their circles."""
        paid, circles = (self._read(table) for table in (st.PAID, st.CIRCLES))
        payer, payee = (paid[name].to_numpy() for name in ("person", "other"))
        people = np.unique(np.concatenate([payer, payee]))
        links = TransferLinks(
            source=np.searchsorted(people, payer),
            target=np.searchsorted(people, payee),
            known=paid["since"].cast(pa.int64()).to_numpy(),
            n=len(people),
        )
        corner = np.searchsorted(people, circles["person"].to_numpy())
        since = circles["since"].cast(pa.int64()).to_numpy()
        return people, links, Moments(corner, since, len(people))

    # Devices and addresses.

    def _meetings(
        self, con: Connection, sources: RawFiles, applications: pa.Table, wanted: Collection[str]
    ) -> dict[str, np.ndarray]:
        """Return features and policy inputs of shared devices, as of the decision.

        Tables that the engine would make of the logins are there before it asks for them.
        """
        if not sources.get(LOGINS.name):
            return {}
        self._lend(con, st.DEVICES, "shared_device_id")
        self._lend(con, st.ADDRESSES, "shared_ip_id")
        if sources.get(IDENTITY_CHECKS.name):
            self._lend(con, st.BEGUN, "begun")
        columns = meetings(con, sources, applications, set(wanted) - {LINKED_NAME})
        if LINKED_NAME in wanted:
            rows = self._read(st.LINKED)
            applicants = applications.column("applicant_id").to_numpy()
            position, is_person = positions_in(rows["person"].to_numpy(), applicants)
            linked = np.zeros(len(applicants))
            linked[is_person] = rows["others"].to_numpy()[position]
            columns[LINKED_NAME] = linked
        return columns | applicants_per_identifier(con, sources, applications, wanted)

    def _lend(self, con: Connection, table: SnapshotTable, name: str) -> None:
        read(con, [self.files[table.name]]).create_view(f"snapshot_{table.name}")
        con.execute(f"CREATE TEMP TABLE {name} AS FROM snapshot_{table.name}")


# Each transfer once: a snapshot keeps it from either side.
MOVED_AGAIN = """
CREATE OR REPLACE TEMP TABLE moved AS
SELECT person AS payer, other AS payee, event_time, known_time FROM transfer_rows WHERE is_paid
"""


def _flags(rows: pa.Table, name: str) -> np.ndarray:
    return rows[name].to_numpy().astype(bool)
