import { operations } from '../picture/operations.ts'
import type { Command } from './command.ts'
import { completionCommand } from './commands/completion.ts'
import { helpCommand } from './commands/help.ts'
import { utilities } from './commands/index.ts'
import { operationCommand } from './operation-command.ts'

const named: readonly Command[] = [
  ...Object.values(operations).map(operationCommand),
  ...utilities,
  completionCommand(() => commands),
]

/** Every command: operations first, in the order of help. */
export const commands: readonly Command[] = [...named, helpCommand(named, () => commands)]
