# bash completion for natskv
# Written by natskv-docs from the declarations in src/; change those, then build the target docs.

# What natskv itself knows: a word that says what the words are, then the words, each with a tab and what it is.
_natskv_ask() {
  local program=natskv
  [[ $1 == */* ]] && program=$1
  shift
  "$program" __complete -- "$@" 2> /dev/null < /dev/null
}

_natskv_commands='add new edit rm ls list info status view compact get put create update del purge keys history revert watch edit-value export import diff cp context ctx doctor sandbox help'
_natskv_valued=' -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --timeout --context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output --color '

_natskv_options() {
  case $1 in
    '') echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help -V --version' ;;
    add | new) echo '--storage --description --history --ttl --marker-ttl --replicas --max-value-size --max-bucket-size --compress --tags --cluster --metadata --republish-source --republish-destination --republish-headers --source --mirror --mirror-domain --update -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    edit) echo '--description --history --ttl --marker-ttl --replicas --max-value-size --max-bucket-size --compress --tags --cluster --metadata --republish-source --republish-destination --republish-headers --source --no-compress --no-mirror --no-metadata --no-republish --no-source --dry-run -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    rm) echo '-f --force -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    ls | list) echo '-n --names --sort -0 --null --count --tree --depth --deleted -v --verbose --display-value --limit --literal -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    info | status | view) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    compact) echo '--older-than -f --force -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    get) echo '--revision --default --consistent --raw --pretty -0 --null --literal -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    put) echo '-F --file --if-revision -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    create) echo '-F --file --ttl -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    update) echo '-F --file --if-revision -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    del) echo '--if-revision --older-than --must-exist --dry-run --literal -f --force -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    purge) echo '--if-revision --older-than --must-exist --dry-run --literal -f --force --ttl --all -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    keys) echo '-0 --null --count --tree --depth --deleted -v --verbose --display-value --limit --literal -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    history) echo '--literal -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    revert) echo '-f --force -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    watch) echo '--history --updates --no-deletes --revision --meta --count --initial --max-disconnect --literal -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    edit-value) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    export) echo '-F --file --history --literal -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    import) echo '-F --file --create --update --skip-unchanged --dry-run --keep-going --ignore-ttl --check --prune --prune-pattern --allow-empty -f --force -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    diff) echo '--to-context --literal -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    cp) echo '--create --skip-unchanged --history --create-bucket --prune --dry-run --to-context --literal -f --force -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    context | ctx) echo '--description --select -n --names -f --force -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    doctor) echo '--key -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    sandbox) echo '--store -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
    help) echo '--all -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet --trace -h --help' ;;
  esac
}

# The words up to the cursor in $words, as they were typed. COMP_WORDS is cut at COMP_WORDBREAKS, which has = and :, but
# keys hold both: what stands together is put together again.
_natskv_words() {
  local line=${COMP_LINE:0:COMP_POINT} i last=-1 word
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if [[ $i == 0 || $line == [[:space:]]* ]]; then
      line=${line#"${line%%[![:space:]]*}"}
      last=$((last + 1))
      words[last]=
    fi
    word=${COMP_WORDS[i]}
    [[ $i == "$COMP_CWORD" ]] && word=$line
    words[last]+=$word
    line=${line#"$word"}
  done
}

# A word without its quotes; a lone $NAME is its value. Nothing is evaluated.
_natskv_plain() {
  plain=$1
  if [[ $plain =~ ^\"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?\"?$ ]]; then
    plain=${!BASH_REMATCH[1]}
    return
  fi
  plain=${plain//[\"\'\\]/}
  [[ $plain == '~/'* ]] && plain=$HOME/${plain:2}
}

# What readline replaces of the word $raw begins behind $prefix, and inside the quote $open if one is: behind that, else
# behind the last of COMP_WORDBREAKS that is not quoted.
_natskv_place() {
  local i c start=0
  open=''
  for ((i = 0; i < ${#raw}; i++)); do
    c=${raw:i:1}
    if [[ $c == \\ && $open != \' ]]; then i=$((i + 1))
    elif [[ -n $open ]]; then [[ $c == "$open" ]] && open='' start=$outside
    elif [[ $c == [\"\'] ]]; then open=$c outside=$start start=$((i + 1))
    elif [[ $c == [=:@] && $COMP_WORDBREAKS == *"$c"* ]]; then start=$((i + 1))
    fi
  done
  _natskv_plain "${raw:0:start}"
  prefix=$plain
}

# A proposal, as it may stand where readline puts it: nothing in it is ever run or expanded. Inside quotes that is so where
# nothing in it means something there; other words are not proposed.
_natskv_inert() {
  case $open in
    \") [[ $1 != *[\"\$\`\\!]* ]] && inert=$1 ;;
    \') [[ $1 != *\'* ]] && inert=$1 ;;
    *) inert=$1; [[ -z $1 ]] || printf -v inert %q "$1" ;;
  esac
}

_natskv() {
  local words=() plain typed=() word i
  _natskv_words
  for ((i = 0; i < ${#words[@]}; i++)); do
    _natskv_plain "${words[i]}"
    typed[i]=$plain
  done
  local raw=${words[${#words[@]} - 1]} current=$plain command='' skip='' behind=''
  COMPREPLY=()
  for ((i = 1; i < ${#typed[@]} - 1; i++)); do
    word=${typed[i]}
    if [[ -n $skip ]]; then skip=''
    elif [[ $word == -- ]]; then behind=1
    elif [[ $word == -?* ]]; then [[ $_natskv_valued == *" $word "* ]] && skip=1
    elif [[ -z $command ]]; then command=$word
    fi
  done
  if [[ -z $skip && -z $behind && $current == -* && $current != --*=* && $current != -[!-]?* ]]; then
    COMPREPLY=($(compgen -W "$(_natskv_options "$command")" -- "$current"))
    return
  fi
  if [[ -z $skip && -z $behind && -z $command ]]; then
    COMPREPLY=($(compgen -W "$_natskv_commands" -- "$current"))
    return
  fi
  _natskv_dynamic
}

_natskv_dynamic() {
  local kind='' line answer=()
  {
    IFS= read -r kind
    while IFS= read -r line; do answer+=("${line%%$'\t'*}"); done
  } < <(_natskv_ask "${typed[@]}")
  case $kind in
    files | directories)
      local flag=-f
      [[ $kind == directories ]] && flag=-d
      local name=''
      case $current in
        --*=*) current=${current#*=} ;;  # readline replaces what is behind the =
        -[!-]?*) name=${current:0:2} current=${current:2} ;;
      esac
      compopt -o filenames 2> /dev/null
      while IFS= read -r line; do COMPREPLY+=("$name$line"); done < <(compgen $flag -- "$current")
      return
      ;;
    command)
      compopt -o filenames 2> /dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -f -- "$current")
      return
      ;;
  esac
  # readline and the shell disagree about where such a quote ends.
  [[ ${COMP_LINE:0:COMP_POINT} == *\$\'* ]] && return
  compopt -o nosort 2> /dev/null
  local open outside prefix inert
  _natskv_place
  for line in "${answer[@]}"; do
    [[ $line == "$prefix"* ]] && _natskv_inert "${line#"$prefix"}" && COMPREPLY+=("$inert")
  done
  # A level of a key: the next one comes behind it.
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *. ]]; then compopt -o nospace 2> /dev/null; fi
}

complete -F _natskv natskv
