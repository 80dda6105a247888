import type { CommandWords } from './command-words.js';

/** The shells that scripts are made for; `none` is the bare data. */
export const COMPLETION_SHELLS = ['bash', 'zsh', 'fish', 'none'] as const;
export type CompletionShell = (typeof COMPLETION_SHELLS)[number];

/** What a completion script is made of. */
export interface CompletionData {
  /** The name that the command is typed with. */
  readonly name: string;
  readonly words: CommandWords;
}

/** The script that a shell reads (spec: cli §8); it asks the program itself for each word, so that values are what they are now. */
export function completionScript(shell: CompletionShell, data: CompletionData): string {
  const scripts: Readonly<Record<CompletionShell, (data: CompletionData) => string>> = {
    bash: bashScript,
    zsh: zshScript,
    fish: fishScript,
    none: dataLines,
  };
  return scripts[shell](data);
}

/** `  cmds_node='bang format …'`: a variable for each begun command. */
function dataLines({ words }: CompletionData): string {
  return [...words]
    .map(([begun, following]) => {
      const suffix = begun === '' ? '' : `_${begun.replaceAll(/[ -]/g, '_')}`;
      return `  cmds${suffix}='${following.map(({ word }) => word).join(' ')}'`;
    })
    .join('\n');
}

function functionName(name: string): string {
  return `_${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
}

function bashScript({ name }: CompletionData): string {
  const completer = functionName(name);
  return `${completer}()
{
  local cur prev words cword line value description cut="" longest=0 i
  local -a descriptions
  COMPREPLY=()
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n :=, cur prev words cword
  else
    # Without bash-completion the words are those between spaces: bash would also cut URLs at their colons.
    read -ra words <<< "\${COMP_LINE:0:COMP_POINT}"
    case "\${COMP_LINE:0:COMP_POINT}" in *' ') words+=("") ;; esac
    cword=$((\${#words[@]} - 1))
    cur="\${words[cword]}"
  fi
  # What bash takes for words of their own stands in the line already.
  for ((i = \${#cur} - 1; i >= 0; i--)); do
    case "\${cur:i:1}" in
      : | =) if [[ "$COMP_WORDBREAKS" == *"\${cur:i:1}"* ]]; then cut="\${cur:0:i+1}"; break; fi ;;
    esac
  done
  # The terminal is not asked, and nothing is printed into the line that is being typed.
  while IFS=$'\\t' read -r value description; do
    # File names are left to the shell.
    if [ "$value" = ':files' ]; then compopt -o default 2>/dev/null; COMPREPLY=(); return; fi
    [ -n "$value" ] || continue
    value="\${value#"$cut"}"
    COMPREPLY+=("$value")
    descriptions+=("$description")
    ((\${#value} > longest)) && longest=\${#value}
  done <<< "$(${name} __complete -- "\${words[@]:1:cword}" 2>/dev/null </dev/null)"
  # A value follows behind KEY=.
  [[ "\${COMPREPLY[0]-}" == *= ]] && compopt -o nospace 2>/dev/null
  # What is listed, and not put into the line, is explained.
  if ((\${#COMPREPLY[@]} > 1)) && [[ "\${COMP_TYPE-}" == 63 ]]; then
    for i in "\${!COMPREPLY[@]}"; do
      [ -n "\${descriptions[i]}" ] || continue
      printf -v line "%-\${longest}s  (%s)" "\${COMPREPLY[i]}" "\${descriptions[i]}"
      COMPREPLY[i]="\${line:0:\${COLUMNS:-80} - 2}"
    done
  fi
  return 0
}
complete -F ${completer} ${name}`;
}

function zshScript({ name }: CompletionData): string {
  const completer = functionName(name);
  return `#compdef ${name}
${completer}() {
  local -a candidates
  local line value description
  for line in "\${(@f)$(${name} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)}"; do
    value="\${line%%$'\\t'*}" description="\${line#*$'\\t'}"
    if [[ "$value" == ':files' ]]; then _files; return; fi
    [[ -n "$value" ]] && candidates+=("\${value//:/\\\\:}:$description")
  done
  # A value follows behind KEY=.
  local -a suffix
  [[ "\${candidates[1]%%:*}" == *= ]] && suffix=(-S '')
  _describe ${quote(`${name} word`)} candidates "\${suffix[@]}"
}
if [[ "$funcstack[1]" == ${quote(completer)} ]]; then ${completer} "$@"; else compdef ${completer} ${name}; fi`;
}

function fishScript({ name, words }: CompletionData): string {
  const command = quote(name);
  const asks = `__${functionName(name).slice(1)}_words`;
  const lines = [
    `function ${asks}`,
    `  set -l words (commandline -opc) (commandline -ct)`,
    `  set -l found (${name} __complete -- $words[2..-1] 2>/dev/null </dev/null)`,
    `  if string match -q ':files*' -- "$found[1]"`,
    `    __fish_complete_path (commandline -ct)`,
    `  else`,
    `    string join -- \\n $found`,
    `  end`,
    `end`,
    `complete -c ${command} -f -a '(${asks})'`,
  ];
  // What a shell shows before a word is begun: the groups of commands.
  for (const { word, description } of words.get('') ?? []) {
    lines.push(
      `complete -c ${command} -n 'test (count (commandline -opc)) -eq 1; and not __fish_seen_subcommand_from ${topics(words)}' -f -a ${quote(word)} -d ${quote(description)}`,
    );
  }
  return lines.join('\n');
}

function topics(words: CommandWords): string {
  return (words.get('') ?? []).map(({ word }) => word).join(' ');
}

/** In single quotes, which bash, zsh and fish read alike but for the quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
