# SPDX-License-Identifier: LGPL-2.1-or-later
"""One named check for each clause. A check is a generator over a session: for each thing that it looked at it yields
"" where the clause is obeyed, or how it is violated."""

from dataclasses import dataclass, field
from typing import Callable

CLAUSES = {}


@dataclass(frozen=True)
class Clause:
    name: str
    number: str  # RFC 8216bis unless it says otherwise
    statement: str
    check: Callable
    excused_by: frozenset


@dataclass
class Finding:
    clause: Clause
    tolerated: bool
    seen: int = 0
    violations: list = field(default_factory=list)

    @property
    def outcome(self):
        if self.violations:
            return "tolerated" if self.tolerated else "violated"
        return "ok" if self.seen else "not seen"


def clause(number, excused_by=()):
    """Declares a check; its statement is its docstring."""
    def declare(check):
        statement = " ".join(check.__doc__.split())
        assert check.__name__ not in CLAUSES, check.__name__
        CLAUSES[check.__name__] = Clause(check.__name__, number, statement, check, frozenset(excused_by))
        return check
    return declare


def judge(session):
    """What each clause says of a session, by the clause's name."""
    findings = {}
    for name, declared in CLAUSES.items():
        finding = findings[name] = Finding(declared, bool(declared.excused_by & session.tolerated))
        for verdict in declared.check(session):
            finding.seen += 1
            if verdict:
                finding.violations.append(verdict)
    return findings
