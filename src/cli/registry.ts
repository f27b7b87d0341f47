import type { Command } from './command.ts'
import { helpCommand } from './commands/help.ts'
import { utilities } from './commands/index.ts'
import { operationCommand } from './operation-command.ts'
import { operations } from './operations.ts'

const named: readonly Command[] = [...Object.values(operations).map(operationCommand), ...utilities]

/** Every command: operations first, in the order of help. */
export const commands: readonly Command[] = [...named, helpCommand(named)]
