# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""The rule for a module's handlers: each `on(const Request&)` that gives a Result is in CHI_EXPORT_MODULE.

The compiler cannot find one that is not: it is only asked for those that are listed.
"""
import re

from rules import source

EXPORT = re.compile(r"\bCHI_EXPORT_MODULE\s*\(([^()]*)\)")
TYPE = r"(?:chi::)?(?:Task\s*<\s*(?:chi::)?)?Result\s*<[^;{}()]*>"
HANDLER = re.compile(TYPE + r"\s+(?:\w+::)*on\s*\(\s*(?:const\s+([\w:]+)|([\w:]+)\s+const)\s*&")
TEMPLATE = re.compile(r"template\s*<([^{};]*?)>\s*(?:requires[^{};]*?)?$")


def name_of(request):
    return request.strip().rsplit("::", 1)[-1]


def is_template(code, position, name):
    """Whether what begins at `position` is a template that has `name` as a parameter."""
    head = TEMPLATE.search(code[:position].rstrip()[-300:])
    return head is not None and re.search(rf"\b{name}\b", head[1]) is not None


def findings_in(texts):
    """Pairs (key, line, what is wrong) of a module's sources, a dict of texts."""
    codes = {key: source.code_only(text) for key, text in texts.items()}
    exported = set()
    for code in codes.values():
        code = re.sub(r"#\s*define\b(?:\\\n|[^\n])*", "", code)
        for match in EXPORT.finditer(code):
            exported |= {name_of(each) for each in match[1].split(",")[1:]}
    if not exported or any(name.isupper() and len(name) > 1 for name in exported):
        return []  # no module, or a list that a macro holds
    out = []
    for key, code in codes.items():
        for match in HANDLER.finditer(code):
            name = name_of(match[1] or match[2])
            if name in exported or is_template(code, match.start(), name):
                continue
            out.append((key, source.line_of(code, match.start(1) if match[1] else match.start(2)),
                        f"the handler of {name} is not in CHI_EXPORT_MODULE: nobody can call it"))
    return out
