# bash completion for natskv, with bash-completion and without. Everything that is offered comes from `natskv __complete`.

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
  [[ $plain == \~/* ]] && plain=$HOME/${plain:2}
}

# What readline replaces of the word $raw begins after $prefix, and inside the quote $open if one is: after that, else
# after the last of COMP_WORDBREAKS that is not quoted.
_natskv_place() {
  local i c start=0 outside=0
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

# Names of files (compgen's options in $@) for what is typed of one.
_natskv_files() {
  local name='' line
  case $current in
    --*=*) current=${current#*=} ;;  # readline replaces what follows the =
    -[!-]?*) name=${current:0:2} current=${current:2} ;;
  esac
  compopt -o filenames 2> /dev/null
  while IFS= read -r line; do COMPREPLY+=("$name$line"); done < <(compgen "$@" -- "$current")
}

_natskv() {
  local words=() typed=() answer=() plain word kind='' line open prefix inert program=natskv
  _natskv_words
  _natskv_plain "${words[0]}"
  [[ $plain == */* ]] && program=$plain
  for word in "${words[@]:1}"; do
    _natskv_plain "$word"
    typed+=("$plain")
  done
  local raw=${words[${#words[@]} - 1]} current=$plain
  COMPREPLY=()
  {
    IFS= read -r kind
    while IFS= read -r line; do answer+=("${line%%$'\t'*}"); done
  } < <("$program" __complete -- "${typed[@]}" 2> /dev/null < /dev/null)
  case $kind in
    files) _natskv_files -f; return ;;
    directories) _natskv_files -d; return ;;
    command) _natskv_files -c -f; return ;;
  esac
  # readline and the shell disagree about where such a quote ends.
  [[ ${COMP_LINE:0:COMP_POINT} == *\$\'* ]] && return
  compopt -o nosort 2> /dev/null
  _natskv_place
  for line in "${answer[@]}"; do
    [[ $line == "$prefix"* ]] && _natskv_inert "${line#"$prefix"}" && COMPREPLY+=("$inert")
  done
  # A level of a key: the next one follows.
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *. ]]; then compopt -o nospace 2> /dev/null; fi
}

complete -F _natskv natskv
