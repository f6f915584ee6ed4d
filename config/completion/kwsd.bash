# Bash completion for kwsd and kwsd-train: commands, options and values are asked of the program itself.

# Each option, and each command there may be.
_kwsd_list() { # PROGRAM [COMMAND]
  "$@" --help 2>/dev/null | awk '
    /^[A-Z]/ { commands = /^Subcommands:/ }
    /^  (-[a-z],)?--/ || (commands && /^  [a-z]/) { sub(/.*,/, "", $1); print $1 }'
}

# Values of OPTION, where --help has its choices: "--format json|text".
_kwsd_choices() { # OPTION PROGRAM COMMAND
  "${@:2}" --help 2>/dev/null | sed -n "s/^  $1 \([a-z0-9]*|[a-z0-9|]*\).*/\1/p" | tr '|' '\n'
}

_kwsd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} found=""
  if [[ $previous == -m || $previous == --model ]]; then
    local models
    models=$(compgen -G '/usr/share/kwsd/models/*.kwsm' | sed 's|.*/||; s|[.]kwsm$||')
    mapfile -t COMPREPLY < <(compgen -f -W "$models" -- "$current")
    return
  fi
  if [[ $previous == --* ]]; then
    found=$(_kwsd_choices "$previous" "${COMP_WORDS[@]:0:2}")
  fi
  if [[ -z $found ]] && ((COMP_CWORD == 1)); then
    found=$(_kwsd_list "${COMP_WORDS[0]}")
  elif [[ -z $found && $current == -* ]]; then
    found=$(_kwsd_list "${COMP_WORDS[@]:0:2}")
  elif [[ -z $found ]] && ((COMP_CWORD == 2)); then # commands of a command
    found=$(_kwsd_list "${COMP_WORDS[@]:0:2}" | grep -v '^-')
  fi
  if [[ -n $found ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$found" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _kwsd kwsd kwsd-train
