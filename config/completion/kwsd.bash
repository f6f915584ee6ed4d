# Bash completion for kwsd and kwsd-train: commands and options are asked of the program itself.
_kwsd() {
  local cur prev command
  COMPREPLY=()
  cur=${COMP_WORDS[COMP_CWORD]}
  prev=${COMP_WORDS[COMP_CWORD-1]}
  command=${COMP_WORDS[1]}
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2>/dev/null |
      sed -n '/^Subcommands:/,$s/^  \([a-z]\+\) .*/\1/p') --help --version" -- "$cur")
    return
  fi
  case $prev in
    -m | --model)
      local models=()
      local file
      for file in /usr/share/kwsd/models/*.kwsm; do
        file=${file##*/}
        models+=("${file%.kwsm}")
      done
      mapfile -t COMPREPLY < <(compgen -f -W "${models[*]}" -- "$cur")
      return ;;
    --branch) mapfile -t COMPREPLY < <(compgen -W "auto full half quarter" -- "$cur"); return ;;
    --format) mapfile -t COMPREPLY < <(compgen -W "json text s16le s24le s32le f32le u8" -- "$cur"); return ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W "debug info warning error off" -- "$cur"); return ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("$1" "$command" --help 2>/dev/null |
      grep -oE '^ +(-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+')" -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -o filenames -F _kwsd kwsd kwsd-train
