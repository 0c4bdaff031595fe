// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What makes a shell ask `chimaera __complete WORD...` for candidates; the last word is the one to be completed.
#pragma once

#include <string_view>

namespace chi::cli {

// bash cuts words at '=' and ':', so the line is split here, and what bash has as inserted already is cut off again.
inline constexpr std::string_view kBashCompletion = R"sh(_chimaera() {
  local line=${COMP_LINE:0:COMP_POINT} words current prefix candidate
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[-1]}
  prefix=${current%"${current##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("${candidate#"$prefix"}")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace
}
complete -o default -F _chimaera chimaera
)sh";

inline constexpr std::string_view kZshCompletion = R"sh(#compdef chimaera
_chimaera() {
  local -a candidates open closed
  candidates=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  open=("${(@M)candidates:#*[=:]}")
  closed=("${(@)candidates:#(*[=:]|)}")
  (( ${#open[@]} )) && compadd -S '' -- "${open[@]}"
  (( ${#closed[@]} )) && compadd -- "${closed[@]}"
  (( ${#open[@]} + ${#closed[@]} )) || _files
}
if [[ "${funcstack[1]}" == _chimaera ]]; then _chimaera "$@"; else compdef _chimaera chimaera; fi
)sh";

inline constexpr std::string_view kFishCompletion = R"sh(function __chimaera_complete
  set -l words (commandline -opc)
  $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c chimaera -f -a '(__chimaera_complete)'
)sh";

}  // namespace chi::cli
