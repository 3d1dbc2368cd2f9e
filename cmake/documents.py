#!/usr/bin/env python3
"""documents.py WEFT PLACE SOURCES: manual pages, completions and what Debian wants of each package."""
import email.utils
import gzip
import pathlib
import re
import subprocess
import sys

COMMANDS = ("run", "trace", "dump", "drrun", "nudge", "cache")
SUMMARIES = {"run": "run a program from the code cache", "trace": "ask it a question, in one line", "dump": "run it, then show fragments",
             "drrun": "run it with a client of the DynamoRIO API", "nudge": "send a client of a running program a number",
             "cache": "look after what programs start from", "version": "tell the version", "help": "tell how weft is used"}
OPTION = re.compile(r"^ {2}(-[^ ]+(?: [A-Z]\S*)*)(?: {2,}(.*))?$")


def said(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def options_of(text):
    """(names, meaning) of each option that a help text lists."""
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = OPTION.match(line)
        if not match:
            continue
        meaning = match[2] or (lines[number + 1].strip() if number + 1 < len(lines) else "")
        names = re.findall(r"(?:^|,)(--?[\w-]+)", match[1].split(" ")[0])
        found.append((match[1], names, meaning))
    return found


def roff(text):
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", "\\e").replace("-", "\\-"), flags=re.M)


def page(name, summary, version, sections):
    text = f'.TH {name.upper()} 1 "" "weft {version}" "User commands"\n.SH NAME\n{name} \\- {roff(summary)}\n'
    for title, body in sections:
        text += f".SH {title}\n.nf\n{roff(body.strip())}\n.fi\n"
    return text


def completions(helps):
    words = " ".join(SUMMARIES)
    by_command = {command: [name for _, names, _ in options_of(text) for name in names] for command, text in helps.items()}
    cases = "".join(f"    {command}) words='{' '.join(names)}' ;;\n" for command, names in by_command.items() if names)
    bash = (f"_weft() {{\n  local word=${{COMP_WORDS[COMP_CWORD]}} words='{words}'\n  if ((COMP_CWORD > 1)); then words=; fi\n"
            f"  ((COMP_CWORD == 1)) || case ${{COMP_WORDS[1]}} in\n{cases}  esac\n"
            "  if [[ $word == -* || $COMP_CWORD == 1 ]]; then\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
            "  else\n    mapfile -t COMPREPLY < <(compgen -c -f -- \"$word\")\n  fi\n}\ncomplete -F _weft weft\n")
    described = " ".join(f"'{command}:{summary}'" for command, summary in SUMMARIES.items())
    zsh_cases = "".join(f"  {command}) _arguments {' '.join(repr(name) for name in names)} '*:file:_files' ;;\n"
                        for command, names in by_command.items() if names)
    zsh = (f"#compdef weft\nlocal -a commands=({described})\nif ((CURRENT == 2)); then\n  _describe command commands\n  return\nfi\n"
           f"case $words[2] in\n{zsh_cases}  *) _files ;;\nesac\n")
    fish = "".join(f"complete -c weft -n __fish_use_subcommand -a {command} -d '{summary}'\n" for command, summary in SUMMARIES.items())
    for command, text in helps.items():
        for _, names, meaning in options_of(text):
            for name in names:
                kind = f"-l {name[2:]}" if name.startswith("--") else (f"-s {name[1:]}" if len(name) == 2 else f"-o {name[1:]}")
                fish += f"complete -c weft -n '__fish_seen_subcommand_from {command}' {kind} -d {meaning[:60]!r}\n"
    return {"weft.bash": bash, "_weft": zsh, "weft.fish": fish}


def main():
    weft, place, sources = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    place.mkdir(parents=True, exist_ok=True)
    version = said(weft, "version").split()[1]
    helps = {command: said(weft, command, "--help") for command in COMMANDS}
    sections = [("SYNOPSIS", said(weft, "help"))] + [(f"WEFT {command.upper()}", text) for command, text in helps.items()]
    files = {"weft.1": page("weft", "dynamic binary instrumentation of running programs", version, sections)}
    for name, summary in (("weft-memtrace", "shows traces of memory accesses"), ("weft-coverage", "puts coverage files together")):
        files[f"{name}.1"] = page(name, summary, version, [("SYNOPSIS", said(str(pathlib.Path(weft).parent / name), "--help"))])
    files.update(completions(helps))
    files["copyright"] = ("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: weft\n\nFiles: *\n"
                          "Copyright: 2026 the weft maintainers\nLicense: Apache-2.0\n On Debian systems, the full text of the license is in\n"
                          " /usr/share/common-licenses/Apache-2.0.\n")
    for name, text in files.items():
        (place / name).write_text(text)
    for name in ("weft.1", "weft-memtrace.1", "weft-coverage.1"):
        (place / f"{name}.gz").write_bytes(gzip.compress(files[name].encode(), 9, mtime=0))
    date = email.utils.formatdate((sources / "CHANGELOG.md").stat().st_mtime)
    changes = f"weft ({version}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n -- weft maintainers <weft@users.noreply.github.com>  {date}\n"
    (place / "changelog.gz").write_bytes(gzip.compress(changes.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
