# Fish completion for kwsd and kwsd-train: commands, options and values are asked of the program itself.

# NAME, a tab and DESCRIPTION of each option, and of each command there may be.
function __kwsd_list # PROGRAM [COMMAND]
    $argv --help 2>/dev/null | awk '
        function tell(text) { sub(/^ +/, "", text); print name "\t" text; name = "" }
        name != "" { tell($0) }
        /^[A-Z]/ { commands = /^Subcommands:/ }
        /^  (-[a-z],)?--/ || (commands && /^  [a-z]/) { name = $1; sub(/.*,/, "", name) }
        name != "" && substr($0, 29, 2) == "  " { tell(substr($0, 31)) }'
end

# Values of OPTION, where --help has its choices: "--format json|text".
function __kwsd_choices # OPTION PROGRAM COMMAND
    $argv[2..] --help 2>/dev/null | sed -n "s/^  $argv[1] \([a-z0-9]*|[a-z0-9|]*\).*/\1/p" | tr '|' '\n'
end

function __kwsd_complete
    set -l words (commandline -opc)
    set -l choices
    set -l commands
    if string match -q -- '--*' $words[-1]
        set choices (__kwsd_choices $words[-1] $words[1..2])
    end
    if contains -- $words[-1] -m --model
        set -l models /usr/share/kwsd/models/*.kwsm
        string replace -rf '.*/(.*)\.kwsm$' '$1' $models
        __fish_complete_suffix .kwsm
    else if set -q choices[1]
        string join \n $choices
    else if test (count $words) = 1; or string match -q -- '-*' (commandline -ct)
        __kwsd_list $words[1..(math "min(2, $(count $words))")]
    else if test (count $words) = 2; and set commands (__kwsd_list $words[1..2] | string match -rv '^-')
        string join \n $commands
    else
        __fish_complete_path (commandline -ct)
    end
end

for program in kwsd kwsd-train
    complete -c $program -f -a '(__kwsd_complete)'
end
