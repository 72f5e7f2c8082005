# bash completion for natskv
# Written by natskv-docs from the declarations in src/; change those, then build the target docs.

# What natskv itself knows: a word that says what the words are, then the words, each with a tab and what it is.
_natskv_ask() {
  local program=natskv
  [[ $1 == */* ]] && program=$1
  shift
  "$program" __complete -- "$@" 2> /dev/null < /dev/null
}

_natskv_commands='add new edit rm ls list info status view compact get put create update del purge keys history revert watch edit-value export import diff cp sandbox context ctx doctor help'
_natskv_valued=' -s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --timeout --context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output --color '

_natskv_options() {
  case $1 in
    '') echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -h --help -V --version' ;;
    add | new) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --storage --description --history --ttl --marker-ttl --replicas --max-value-size --max-bucket-size --compress --tags --cluster --metadata --republish-source --republish-destination --republish-headers --source --mirror --mirror-domain --update -h --help' ;;
    edit) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --description --history --ttl --marker-ttl --replicas --max-value-size --max-bucket-size --compress --tags --cluster --metadata --republish-source --republish-destination --republish-headers --source --no-compress --no-mirror --no-metadata --no-republish --no-source --dry-run -h --help' ;;
    rm) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -f --force -h --help' ;;
    ls | list) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -n --names --sort -0 --null --count --tree --depth --deleted -v --verbose --display-value --limit --literal -h --help' ;;
    info | status | view) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -h --help' ;;
    compact) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --older-than -f --force -h --help' ;;
    get) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --revision --default --consistent --raw --pretty -0 --null --literal -h --help' ;;
    put) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -F --file --if-revision -h --help' ;;
    create) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -F --file --ttl -h --help' ;;
    update) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -F --file --if-revision -h --help' ;;
    del) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --if-revision --older-than --must-exist --dry-run --literal -f --force -h --help' ;;
    purge) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --if-revision --older-than --must-exist --dry-run --literal -f --force --ttl --all -h --help' ;;
    keys) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -0 --null --count --tree --depth --deleted -v --verbose --display-value --limit --literal -h --help' ;;
    history) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --literal -h --help' ;;
    revert) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -f --force -h --help' ;;
    watch) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --history --updates --no-deletes --revision --meta --count --initial --max-disconnect --literal -h --help' ;;
    edit-value) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -h --help' ;;
    export) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -F --file --history --literal -h --help' ;;
    import) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace -F --file --create --update --skip-unchanged --dry-run --keep-going --ignore-ttl --check --prune --prune-pattern --allow-empty -f --force -h --help' ;;
    diff) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --to-context --literal -h --help' ;;
    cp) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --create --skip-unchanged --history --create-bucket --prune --dry-run --to-context --literal -f --force -h --help' ;;
    sandbox) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --store -h --help' ;;
    context | ctx) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --description --select -n --names -f --force -h --help' ;;
    doctor) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --key -h --help' ;;
    help) echo '-s --server --user --password --password-file --token --token-file --creds --nkey --jwt --seed --tlscert --tlskey --tlsca --tlsfirst --timeout --context --no-context --js-domain --js-api-prefix --inbox-prefix --connection-name -o --output -j --json --color --utc -q --quiet -h --help -V --version --trace --all -h --help' ;;
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
