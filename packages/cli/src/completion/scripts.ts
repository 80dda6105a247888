import type { CommandWords } from './command-words.js';

/** The shells that scripts are made for; `none` is the bare data. */
export const COMPLETION_SHELLS = ['bash', 'zsh', 'fish', 'none'] as const;
export type CompletionShell = (typeof COMPLETION_SHELLS)[number];

/** What a completion script is made of. */
export interface CompletionData {
  /** The name that the command is typed with. */
  readonly name: string;
  readonly words: CommandWords;
  readonly optionsWithValue: readonly string[];
}

/** The script that a shell reads (spec: cli §8). */
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

function bashScript(data: CompletionData): string {
  const name = functionName(data.name);
  return `${name}()
{
  local cur prev words cword
  COMPREPLY=()
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n : cur prev words cword
  else
    cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
${dataLines(data)}
  local with_value=' ${data.optionsWithValue.join(' ')} '
  # The value of an option is left to the shell, which offers file names.
  case "$with_value" in *" $prev "*) return ;; esac
  local begun=cmds word next
  for word in "\${words[@]:1:cword-1}"; do
    case "$word" in *[!A-Za-z0-9_-]*|-*|'') continue ;; esac
    next="\${begun}_\${word//-/_}"
    [ -n "\${!next+known}" ] && begun="$next"
  done
  COMPREPLY=( $(compgen -W "\${!begun}" -- "$cur") )
}
complete -o default -F ${name} ${data.name}`;
}

function zshScript(data: CompletionData): string {
  const name = functionName(data.name);
  const cases = [...data.words].map(([begun, following]) => {
    const entries = following.map(({ word, description }) => quote(`${word.replaceAll(':', '\\:')}:${description}`));
    return `    ${quote(begun)}) candidates=(${entries.join(' ')}) ;;`;
  });
  return `#compdef ${data.name}
${name}() {
  local -a candidates
  local begun='' word with_value=' ${data.optionsWithValue.join(' ')} '
  # The value of an option is a file name, for want of anything better.
  if [[ "$with_value" == *" \${words[CURRENT-1]} "* ]]; then _files; return; fi
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] && continue
    case "\${begun:+$begun }$word" in
      ${[...data.words.keys()]
        .filter((begun) => begun !== '')
        .map(quote)
        .join('|')}) begun="\${begun:+$begun }$word" ;;
    esac
  done
  case "$begun" in
${cases.join('\n')}
  esac
  _describe -o ${quote(`${data.name} command`)} candidates || _files
}
compdef ${name} ${data.name}`;
}

function fishScript(data: CompletionData): string {
  const command = quote(data.name);
  const lines: string[] = [];
  for (const [begun, following] of data.words) {
    const topics = begun === '' ? [] : begun.split(' ');
    const condition = quote(fishCondition(topics, data.words));
    for (const { word, description } of following) {
      const option = word.startsWith('--')
        ? `-l ${quote(word.slice(2))}`
        : word.startsWith('-')
          ? `-s ${word.slice(1)}`
          : '';
      const value = data.optionsWithValue.includes(word) ? ' -r' : '';
      const what = option === '' ? `-f -a ${quote(word)}` : `${option}${value}`;
      lines.push(`complete -c ${command} -n ${condition} ${what} -d ${quote(description)}`);
    }
  }
  return lines.join('\n');
}

/** When the words of a begun command were typed, and none of those that may follow. */
function fishCondition(topics: readonly string[], words: CommandWords): string {
  const following = (words.get(topics.join(' ')) ?? []).map(({ word }) => word).filter((word) => !word.startsWith('-'));
  const seen = topics.map((topic) => `__fish_seen_subcommand_from ${topic}`);
  const unseen = following.length === 0 ? [] : [`not __fish_seen_subcommand_from ${following.join(' ')}`];
  return [...seen, ...unseen].join('; and ');
}

/** In single quotes, which bash, zsh and fish read alike but for the quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
