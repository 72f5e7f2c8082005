// Completion for bash, zsh and fish. Commands and options stand in the scripts; everything else they ask
// `natskv __complete` for, which knows the tree too, the server and the contexts.
#include "cli/help.hpp"
#include "docs/tree.hpp"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>

namespace natskv::docs {
namespace {

constexpr std::string_view written =
    "# Written by natskv-docs from the declarations in src/; change those, then build the target docs.\n";

constexpr std::string_view bash = R"END(
# What natskv itself knows: a word that says what the words are, then the words, each with a tab and what it is.
_natskv_ask() {
  local program=natskv
  [[ $1 == */* ]] && program=$1
  shift
  "$program" __complete -- "$@" 2> /dev/null < /dev/null
}

_natskv_commands='@COMMANDS@'
_natskv_valued=' @VALUED@ '

_natskv_options() {
  case $1 in
@OPTIONS@  esac
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
)END";

constexpr std::string_view zsh = R"END(
_natskv_options() {
  case $1 in
@OPTIONS@  esac
}

_natskv() {
  setopt localoptions extendedglob
  local -a commands options typed answer plain meanings lines open
  local -i own
  local word command skip behind program=natskv kind
  local valued=' @VALUED@ '
  commands=(
@COMMANDS@  )
  # What was typed, without its quotes; a lone $NAME is its value. Nothing is evaluated.
  for word in "${(@)words[2,CURRENT-1]}" "$IPREFIX$PREFIX"; do
    if [[ $word =~ '^"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"?$' ]]; then
      word=${(P)match[1]}
    else
      word=${(Q)word}
      [[ $word == '~/'* ]] && word=$HOME/${word#??}
    fi
    typed+=("$word")
  done
  local current=$typed[-1]
  for word in "${(@)typed[1,-2]}"; do
    if [[ -n $skip ]]; then skip=''
    elif [[ $word == -- ]]; then behind=1
    elif [[ $word == -?* ]]; then [[ $valued == *" $word "* ]] && skip=1
    elif [[ -z $command ]]; then command=$word
    fi
  done
  if [[ -z $skip && -z $behind && $current == -* && $current != --*=* && $current != -[^-]?* ]]; then
    _natskv_options "$command"
    _describe -o option options
    return
  fi
  if [[ -z $skip && -z $behind && -z $command ]]; then
    _describe command commands
    return
  fi
  [[ $words[1] == */* ]] && program=${(Q)words[1]/#\~\//$HOME/}
  answer=("${(@f)$($program __complete -- "$typed[@]" 2> /dev/null < /dev/null)}")
  kind=$answer[1]
  shift answer
  if [[ $current == --*=* ]]; then compset -P '*='
  elif [[ -z $skip && -z $behind && $current == -[^-]?* ]]; then compset -P '-?'
  fi
  case $kind in
    files) _files; return ;;
    directories) _files -/; return ;;
    command)
      # The words of another program: what completes those knows.
      own=${answer[1]%%$'\t'*}
      words=("${(@)words[CURRENT-own,-1]}")
      CURRENT=own+1
      _normal
      return
      ;;
  esac
  local -i widest=0
  for word in "$answer[@]"; do
    local name=${word%%$'\t'*} meaning=${word#*$'\t'}
    [[ $current == --*=* ]] && name=${name#*=}
    [[ $current == -[^-]?* && $name == ${current[1,2]}* ]] && name=${name[3,-1]}
    if [[ $name == *. ]]; then
      open+=("$name")
    else
      plain+=("$name") meanings+=("$meaning")
      (($#name > widest)) && widest=$#name
    fi
  done
  local result=1 expl
  # A level of a key: the next one comes behind it, without a space between.
  (($#open)) && _wanted -V levels expl level compadd -S '' -a open && result=0
  (($#plain)) || return result
  # Not _describe: that puts what means the same into one line, in another order, and revisions come with the latest first.
  if [[ -n ${meanings//[[:space:]]/} ]]; then
    for ((own = 1; own <= $#plain; own++)); do lines+=("${(r:widest:)plain[own]}  -- $meanings[own]"); done
    _wanted -V words expl word compadd -l -d lines -a plain && result=0
  else
    _wanted -V words expl word compadd -a plain && result=0
  fi
  return result
}

if [[ $funcstack[1] == _natskv ]]; then _natskv "$@"; else compdef _natskv natskv; fi
)END";

constexpr std::string_view fish = R"END(
function __natskv_commands
@COMMANDS@end

function __natskv_options
    switch "$argv[1]"
@OPTIONS@    end
end

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

function __natskv_complete
    set -l words (commandline -opc)
    set -l program natskv
    if string match -q -- '*/*' $words[1]
        set program (__natskv_plain $words[1])
        test -x "$program"; or return
    end
    set -l current (__natskv_plain (commandline -ct))
    set -l valued @VALUED@
    set -l typed
    set -l command ''
    set -l skip ''
    set -l behind ''
    for word in $words[2..-1]
        set word (__natskv_plain $word)
        set -a typed "$word"
        if test -n "$skip"
            set skip ''
        else if test "$word" = --
            set behind 1
        else if string match -q -- '-?*' "$word"
            contains -- "$word" $valued; and set skip 1
        else if test -z "$command"
            set command "$word"
        end
    end
    if test -z "$skip$behind"
        if string match -q -- '-*' "$current"; and not string match -q -r -- '^(--.*=|-[^-].)' "$current"
            __natskv_options "$command"
            return
        else if test -z "$command"
            __natskv_commands
            return
        end
    end
    set -l answer ($program __complete -- $typed "$current" 2>/dev/null </dev/null)
    set -l prefix (string match -r -- '^(?:--[a-z-]+=|-[^-](?=.))' "$current")
    switch "$answer[1]"
        case files
            __natskv_paths "$prefix" (__fish_complete_path (string replace -- "$prefix" '' "$current"))
        case directories
            __natskv_paths "$prefix" (__fish_complete_directories (string replace -- "$prefix" '' "$current"))
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

function __natskv_paths
    for path in $argv[2..-1]
        echo -- "$argv[1]$path"
    end
end

complete -c natskv -f -k -a '(__natskv_complete)'
)END";

std::string filled(std::string_view text, std::string_view place, std::string_view with) {
  std::string out(text);
  const auto mark = fmt::format("@{}@", place);
  for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at + with.size()))
    out.replace(at, mark.size(), with);
  return out;
}

// Inside single quotes; `apostrophe` is how the shell writes one there.
std::string quoted(std::string_view text, std::string_view apostrophe) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += apostrophe;
    else
      out += c;
  }
  return out + "'";
}

// What "-s" and "--server" stand for; each short and long name.
void each_option(const Command& command, const std::function<void(std::string_view, const Option&)>& each) {
  for (const auto& item : command.declared->options()) {
    if (!item.is_option() || item.argument.hidden) continue;
    if (!item.short_name.empty()) each(item.short_name, item);
    each(item.long_name, item);
  }
}

// The global options that take a value: the word behind one is no command.
std::string valued() {
  std::string words;
  each_option(globals(), [&](std::string_view name, const Option& item) {
    if (item.takes_value()) words += (words.empty() ? "" : " ") + std::string(name);
  });
  return words;
}

/// A `case` branch for each command, and one for none.
struct Branches {
  std::string_view between;  ///< of a command and its aliases
  std::function<std::string(const std::string& names, const Command&)> write;

  [[nodiscard]] std::string text(const std::vector<Command>& all) const {
    std::string out;
    for (const auto& command : all) {
      std::string names(command.verb->name);
      for (const auto alias : command.verb->aliases) names += std::string(between) + std::string(alias);
      out += write(names, command);
    }
    return out;
  }
};

std::string bash_script(const std::vector<Command>& all) {
  const auto branch = [](const std::string& names, const Command& command) {
    std::string words;
    each_option(command, [&](std::string_view name, const Option&) { words += std::string(name) + " "; });
    words += command.verb == nullptr ? "-h --help -V --version" : "-h --help";
    return fmt::format("    {}) echo '{}' ;;\n", names, words);
  };
  std::string names;
  for (const auto& command : all) {
    names += (names.empty() ? "" : " ") + std::string(command.verb->name);
    for (const auto alias : command.verb->aliases) names += " " + std::string(alias);
  }
  auto text = filled(bash, "COMMANDS", names);
  text = filled(text, "VALUED", valued());
  return "# bash completion for natskv\n" + std::string(written) +
         filled(text, "OPTIONS", branch("''", globals()) + Branches{" | ", branch}.text(all));
}

// name:meaning, as _describe reads it.
std::string described(std::string_view name, std::string_view meaning) {
  return quoted(fmt::format("{}:{}", name, meaning), "'\\''");
}

std::string zsh_script(const std::vector<Command>& all) {
  const auto branch = [](const std::string& names, const Command& command) {
    std::string lines;
    each_option(command, [&](std::string_view name, const Option& item) {
      lines += fmt::format("      {}\n", described(name, item.argument.help));
    });
    for (const char* name : {"-h", "--help"}) lines += fmt::format("      {}\n", described(name, "help"));
    if (command.verb == nullptr) {
      for (const char* name : {"-V", "--version"})
        lines += fmt::format("      {}\n", described(name, "versions"));
    }
    return fmt::format("    {}) options=(\n{}    ) ;;\n", names, lines);
  };
  std::string names;
  for (const auto& command : all) {
    names += fmt::format("    {}\n", described(command.verb->name, command.verb->summary));
    for (const auto alias : command.verb->aliases)
      names += fmt::format("    {}\n", described(alias, command.verb->summary));
  }
  auto text = filled(zsh, "COMMANDS", names);
  text = filled(text, "VALUED", valued());
  return "#compdef natskv\n" + std::string(written) +
         filled(text, "OPTIONS", branch("''", globals()) + Branches{"|", branch}.text(all));
}

std::string fish_line(std::string_view indent, std::string_view name, std::string_view meaning) {
  return fmt::format("{}echo -- {}\n", indent, quoted(fmt::format("{}\t{}", name, meaning), "\\'"));
}

std::string fish_script(const std::vector<Command>& all) {
  const auto branch = [](const std::string& names, const Command& command) {
    std::string lines;
    each_option(command, [&](std::string_view name, const Option& item) {
      lines += fish_line("            ", name, item.argument.help);
    });
    for (const char* name : {"-h", "--help"}) lines += fish_line("            ", name, "help");
    if (command.verb == nullptr) {
      for (const char* name : {"-V", "--version"}) lines += fish_line("            ", name, "versions");
    }
    return fmt::format("        case {}\n{}", names, lines);
  };
  std::string names;
  for (const auto& command : all) {
    names += fish_line("    ", command.verb->name, command.verb->summary);
    for (const auto alias : command.verb->aliases) names += fish_line("    ", alias, command.verb->summary);
  }
  auto text = filled(fish, "COMMANDS", names);
  text = filled(text, "VALUED", valued());
  return "# fish completion for natskv\n" + std::string(written) +
         filled(text, "OPTIONS", branch("''", globals()) + Branches{" ", branch}.text(all));
}

}  // namespace

std::vector<Generated> completions() {
  const auto all = commands();
  return {{"completions/natskv.bash", bash_script(all)},
          {"completions/_natskv", zsh_script(all)},
          {"completions/natskv.fish", fish_script(all)}};
}

}  // namespace natskv::docs
