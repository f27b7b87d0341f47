import { choice } from '../../params.ts'
import { argument } from '../../picture/words/syntax.ts'
import type { Command } from '../command.ts'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { zshCompletion } from '../completion/zsh.ts'

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** The shells that have a completion script. */
export const shells = Object.keys(scripts) as readonly (keyof typeof scripts)[]

/** Returns the completion script for a shell. It is static: it does not run convo. */
export const completion = (shell: keyof typeof scripts, commands: readonly Command[]): string =>
  scripts[shell](commands)

/** `convo completion <shell>`, for the commands that `commands` returns. */
export const completionCommand = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  summary: 'prints a completion script for a shell',
  group: 'commands',
  arguments: [argument('<shell>', shells.join(', '), shells)],
  options: [],
  examples: [
    'eval "$(convo completion bash)"',
    'convo completion zsh > ~/.zfunc/_convo',
    'convo completion fish > ~/.config/fish/completions/convo.fish',
  ],
  async run({ args, io }) {
    const shell = choice('', shells).parse(args[0], 'the shell')
    await io.out(completion(shell, commands()))
    return 0
  },
})
