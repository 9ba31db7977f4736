"""The snapshot of a store: what the network of the month says, and whether it is of its rows."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from creditloom.features.contract.tables import CONTACTS, INTERACTIONS, LOGINS
from creditloom.features.network.network_features import SNAPSHOT
from creditloom.serving.applicant.online.graph_now import LINKED, GraphNow
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.whole.network_snapshot import OpenSnapshot
from creditloom.storage.files.errors import DataError

# The raw tables of events that values at the first of the month are made of.
OF_GRAPH = (CONTACTS.name, INTERACTIONS.name, LOGINS.name)
AGAIN = "creditloom snapshot make --events RAW --as-of DATE --out FOLDER"


@dataclass
class OnlineSnapshot:
    """An open snapshot, and the last call of the store that it was compared with.

    `accepted` says why it is right although it was made of other files; empty where it must be of
    the store's own.
    """

    opened_as: OpenSnapshot
    graph: GraphNow
    accepted: str
    compared: int = 0

    @classmethod
    def opened(
        cls,
        store: StoredPersons,
        names: Collection[str] | None,
        tables: Collection[str],
        snapshot: Path | str | None,
        accepted: str,
    ) -> OnlineSnapshot | None:
        """Open the snapshot of a month; None where nothing asks for one.

        Raises DataError where one is missing, is not whole, or is not of the rows of the store.
        """
        asked = {*(spec.name for spec in SNAPSHOT), LINKED}
        wanted = asked if names is None else asked & set(names)
        if CONTACTS.name not in tables and LOGINS.name not in tables:
            wanted = set()
        if snapshot is None:
            if wanted:
                raise DataError.of(
                    "The model reads the network of the month",
                    where=store.database.root,
                    expected=f"a snapshot, for {', '.join(sorted(wanted)[:3])}",
                    got="none",
                    next_step=AGAIN,
                )
            return None
        found = OpenSnapshot.open(Path(snapshot))
        one = cls(found, GraphNow(found.network, wanted), accepted)
        with store.database.reading() as connection:
            one.require_of_store(connection)
        return one

    @property
    def sha256(self) -> str:
        """The name of the snapshot."""
        return self.opened_as.sha256

    def values(self, connection: sqlite3.Connection, person: int, as_of: int) -> dict[str, float]:
        """Return what the network of the month says of a person, as of a moment of that month.

        Raises DataError for another month, and where rows came that the snapshot does not know.
        """
        self._require_month(as_of)
        self.require_of_store(connection)
        return self.graph.values(connection, person, as_of)

    def _require_month(self, as_of: int) -> None:
        month = int(np.datetime64(as_of, "us").astype("datetime64[M]").astype(np.int64))
        own = self.graph.snapshot.month
        if month != own:
            raise DataError.of(
                "The snapshot stands for another month",
                where=self.opened_as.path,
                expected=f"decisions of {np.datetime64(own, 'M')}",
                got=str(np.datetime64(month, "M")),
                next_step=f"make the snapshot of that month: {AGAIN}",
            )

    def require_of_store(self, connection: sqlite3.Connection) -> None:
        """Raise DataError where the store has rows before the month that the snapshot lacks."""
        query = "SELECT seq, digest, source, seen_from FROM calls WHERE seq > ? ORDER BY seq"
        first = dt.datetime.fromisoformat(self.opened_as.manifest["as_of"])
        begin = (first - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
        sources = self.opened_as.manifest["sources"]
        made_of = {one["sha256"] for name in OF_GRAPH for one in sources.get(name, ())}
        for seq, digest, source, told in connection.execute(query, (self.compared,)):
            seen = json.loads(told)
            is_before = any(seen.get(name, begin) < begin for name in OF_GRAPH)
            if is_before and digest.partition(":")[0] not in made_of and not self.accepted:
                raise DataError.of(
                    "The snapshot was made of other rows than the store holds",
                    where=self.opened_as.path,
                    expected=f"the rows of call {seq} ({source}), known before {first:%Y-%m-%d}",
                    got="a snapshot of files without them",
                    next_step=f"make it again of all files: {AGAIN}; or say why it is right: "
                    "--accept-snapshot REASON",
                )
            self.compared = seq
