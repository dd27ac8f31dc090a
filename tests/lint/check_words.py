"""Words that have no place here: unfinished work, paths of one machine, names of other languages."""

import re

import sources

# The words are written in pieces, so that this file passes its own check.
_UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
_ONE_MACHINE = re.compile(r"(?<![\w.])/wo" r"rk/\w|/ro" r"ot/\.\w")
_SYSTEMTAP_SOURCE = re.compile(
    r"\b(stap" r"tree|elabo" r"rate|trans" r"late|tap" r"sets|build" r"run|sess" r"ion|parse|stap" r"util)"
    r"\.cxx\b|\btestsuite/systemtap\.|\bruntime/transport/")

# SystemTap's words are probe, handler, condition; these come from other tracers' languages.
FOREIGN_WORDS = {"clause", "clauses", "predicate", "predicates", "action", "actions"}
# Names that are given from outside: SystemTap's MAXACTION and what is counted towards it, and the C++
# library's word for a callable.
GIVEN_NAMES = (r"MAXACTION|max_?action|kMaxAction|actions?_(?:limit|left)|count_actions"
               r"|(?<![A-Za-z_])Predicate(?![A-Za-z_])")
ALLOWED = "tests/lint/allowed_words.txt"
_ATTACH_POINT = re.compile(r"attach_?points?(?![a-z])", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(?<![\w:])(?P<scope>(?:\w+::)*)(?P<name>[A-Za-z_]\w*)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def foreign_word(name):
    """The word in an identifier that belongs to another language, or None."""
    rest = re.sub(rf"(?:{GIVEN_NAMES})(?![a-z])", "", name)
    match = _ATTACH_POINT.search(rest)
    if match:
        return match.group()
    return next((word for word in _WORD.findall(rest) if word.lower() in FOREIGN_WORDS), None)


def faults_of_text(path, text):
    for pattern, why in ((_UNFINISHED, "work that is not done does not land"),
                         (_ONE_MACHINE, "a path of one machine"),
                         (_SYSTEMTAP_SOURCE, "a file of SystemTap's source")):
        for match in pattern.finditer(text):
            yield f"{path}:{sources.line_of(text, match.start())}: '{match.group()}': {why}"


def places_of(path, scope, name):
    """The keys by which a name may be allowed: with its innermost scope, in its file, in a folder."""
    if scope:
        yield f"{scope.split('::')[-2]}::{name}"
    yield f"{path}:{name}"
    for folder in path.parents:
        yield f"{folder}/:{name}"


def faults_of_names(path, text, allowed, used):
    code = sources.code_only(text)
    for match in _IDENTIFIER.finditer(code):
        scope, name = match["scope"], match["name"]
        word = None if scope.startswith("std::") else foreign_word(name)
        if not word:
            continue
        excuse = next((key for key in places_of(path, scope, name) if key in allowed), None)
        if excuse:
            used.add(excuse)
            continue
        yield (f"{path}:{sources.line_of(code, match.start('name'))}: {name}: "
               f"'{word}' is not a word of the language (HACKING.md)")


def check(root):
    faults, used = [], set()
    allowed = sources.read_allowed(root, ALLOWED, faults)
    for path in sources.all_files(root):
        text = None if sources.is_data(path) else sources.read_text(root, path)
        if text is None:
            continue
        faults += faults_of_text(path, text)
        if path.suffix in sources.CPP:
            faults += faults_of_names(path, text, allowed, used)
    return faults + [f"{ALLOWED}: {key} occurs no more: take the line out"
                     for key in allowed if key not in used]
