# fish completion for natskv. Everything that is offered comes from `natskv __complete`.

# A lone $NAME is its value. Nothing is evaluated.
function __natskv_plain
    set -l name (string match -r -g '^"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"?$' -- "$argv[1]")
    if test -n "$name"
        echo -- "$$name"
    else if string match -q -- '~/*' "$argv[1]"
        string replace -- '~' $HOME "$argv[1]"
    else
        string unescape -- "$argv[1]"; or echo -- "$argv[1]"
    end
end

function __natskv_paths
    for path in $argv[2..-1]
        echo -- "$argv[1]$path"
    end
end

function __natskv_complete
    set -l words (commandline -opc)
    set -l program natskv
    if string match -q -- '*/*' $words[1]
        set program (__natskv_plain $words[1])
        test -x "$program"; or return
    end
    set -l current (__natskv_plain (commandline -ct))
    set -l typed
    for word in $words[2..-1]
        set word (__natskv_plain $word)
        set -a typed "$word"
    end
    set -l answer ($program __complete -- $typed "$current" 2>/dev/null </dev/null)
    # The option that a value is joined to stays as it is.
    set -l prefix (string match -r -- '^(?:--[a-z-]+=|-[^-](?=.))' "$current")
    set -l value (string replace -- "$prefix" '' "$current")
    switch "$answer[1]"
        case files
            __natskv_paths "$prefix" (__fish_complete_path "$value")
        case directories
            __natskv_paths "$prefix" (__fish_complete_directories "$value")
        case command
            # The words of another program: what completes those knows.
            set -l own (string split -f 1 \t -- $answer[2])
            set -l line
            set -l from (math 0 - $own)
            test $own -gt 0; and set line (string escape -- $words[$from..-1])
            complete -C (string join -- ' ' $line (commandline -ct))
        case '*'
            test (count $answer) -gt 1; and printf '%s\n' $answer[2..-1]
    end
end

complete -c natskv -f -k -a '(__natskv_complete)'
