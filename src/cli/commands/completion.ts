import { choice } from '../../params.ts'
import type { Command } from '../command.ts'
import { completion, shells } from '../generate.ts'

/** `convo completion <shell>`, for what `commands` gives. */
export const completionCommand = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  summary: 'prints a completion script for a shell',
  group: 'commands',
  arguments: [{ name: 'shell', summary: shells.join(', '), kind: 'word', choices: shells }],
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
