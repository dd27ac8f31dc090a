"""The bench's product: rows, as a table and as build/bench/results.json."""

import json

from method import BARE

UNIT_NET = "ns over an empty program"
UNIT_WHOLE = "ns over no probe"
UNIT_EVENT = "ns an event"


def row(name, ours, peer, unit, target, why=None):
    """`ratio` is ours over the peer's; where there is none, `why` says what is missing."""
    ratio = None
    if ours is not None and peer is not None:
        if peer > 0:
            ratio = round(max(ours, 0) / peer, 3)  # less than nothing is noise
        else:
            why = why or "the peer costs less than the noise"
    return {"name": name, "ours": rounded(ours), "peer": rounded(peer), "unit": unit,
            "ratio": ratio, "target": target, "why": why}


def rounded(value):
    return None if value is None else round(value, 2)


def cost_row(name, samples, target, ours, ours_zero, peer, peer_zero):
    """Each over its zero: the empty program that sits where it does, the bare event, or (None) nothing,
    which leaves the whole event."""
    reasons = [f"{label}: {samples.why(contender)}"
               for label, contender in (("ours", ours), (peer, peer), ("empty", ours_zero))
               if samples.why(contender)]
    unit = {BARE: UNIT_WHOLE, None: UNIT_EVENT}.get(ours_zero, UNIT_NET)
    return row(name, samples.net(ours, ours_zero), samples.net(peer, peer_zero), unit, target,
               "; ".join(reasons) or None)


def verdict(entry):
    if entry["ratio"] is None or entry["target"] is None:
        return "-"
    return "met" if entry["ratio"] <= entry["target"] else "MISSED"


def shown(value):
    return "-" if value is None else f"{value:g}"


def print_table(rows):
    width = max(len(entry["name"]) for entry in rows)
    print(f"\n{'':<{width}} {'ours':>10} {'peer':>10} {'ratio':>8} {'target':>8}  {'':<6}  unit")
    for entry in rows:
        print(f"{entry['name']:<{width}} {shown(entry['ours']):>10} {shown(entry['peer']):>10} "
              f"{shown(entry['ratio']):>8} {shown(entry['target']):>8}  {verdict(entry):<6}  "
              f"{entry['unit']}")
        if entry["why"]:
            print(f"{'':<{width}}   {entry['why']}")


def write(rows, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n")
