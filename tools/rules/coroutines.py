# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""The rule for coroutines: only forms that g++ 12 compiles as written.

A statement has at most one co_await, and is `co_await x;`, `(void)co_await x;`, `auto r = co_await x;` or
`co_return co_await x;`, where x has no `{` and no `[`. A lambda that is a coroutine has no captures.
g++ 12 destroys a braced temporary or a lambda in the operand twice, and may never finish a coroutine that awaits in a
condition; so: name the value first, then await.
"""
import re

from rules import source

AWAIT = re.compile(r"(?<!operator )\bco_await\b")
# What may stand before a statement without ending the one before: labels and the heads of unbraced branches.
HEAD = r"(?:(?:else|case [^:]+:|default:)\s*|(?:if|for|while)\s*(?:constexpr\s*)?\((?:[^()]|\([^()]*\))*\)\s*)*"
START = r"(?:\(void\)\s*|(?:const )?auto\s*(?:&|&&)?\s*\w+ = |co_return )?"
FORM = re.compile(HEAD + START + r"co_await (?P<operand>.*)", re.DOTALL)
LAMBDA = re.compile(r"(?<![\w\])\[])\s*\[(?P<captures>[^\[\]]*)\]\s*(?:<[^<>]*>\s*)?"
                    r"(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?"
                    r"\s*(?:mutable|noexcept|constexpr|\s)*(?:->[^{};]*)?\{")


def closing(code, start):
    """Position after the brace that closes the one at `start`."""
    depth = 0
    for i in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[i], 0)
        if depth == 0:
            return i + 1
    return len(code)


def statement_around(code, position):
    """The text from the last ; { or } before `position`, outside of parentheses, to the next ; after it."""
    start, depth = position, 0
    while start > 0:
        c = code[start - 1]
        depth += {")": 1, "(": -1}.get(c, 0)
        if c in "{}" or (c == ";" and depth <= 0):
            break
        start -= 1
    end = code.find(";", position)
    return code[start:end if end >= 0 else len(code)]


def findings_in(text):
    """Pairs (line, what is wrong)."""
    code = source.code_only(text)
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: "\n" * m.group(0).count("\n"), code, flags=re.MULTILINE)
    out = []
    for match in AWAIT.finditer(code):
        line = source.line_of(code, match.start())
        statement = " ".join(statement_around(code, match.start()).split())
        form = FORM.fullmatch(statement)
        if len(AWAIT.findall(statement)) > 1:
            out.append((line, "more than one co_await in a statement"))
        elif not form:
            out.append((line, "co_await inside of an expression; write `auto r = co_await x;` first"))
        elif re.search(r"[{\[]", form["operand"]):
            out.append((line, "`{` or `[` in what is awaited; give the value a name in a statement before"))
    for match in LAMBDA.finditer(code):
        body = code[match.end():closing(code, match.end() - 1)]
        while (inner := LAMBDA.search(body)):
            body = body[:inner.start()] + body[closing(body, inner.end() - 1):]
        if match["captures"].strip() and re.search(r"\bco_(await|return|yield)\b", body):
            line = source.line_of(code, match.start("captures"))
            out.append((line, "a coroutine lambda with captures; pass parameters"))
    return sorted(set(out))
