import { operations } from '../picture/operations.ts'
import type { Command } from './command.ts'
import { animateCommand } from './commands/animate.ts'
import { approveCommand } from './commands/approve.ts'
import { batchCommand, batchMerge } from './commands/batch.ts'
import { chainCommand } from './commands/chain.ts'
import { checkCommand } from './commands/check.ts'
import { checkInit } from './commands/check-init.ts'
import { compareCommand } from './commands/compare.ts'
import { completionCommand } from './commands/completion.ts'
import { digestCommand } from './commands/digest.ts'
import { explainCommand } from './commands/explain.ts'
import { helpCommand } from './commands/help.ts'
import { kernelConvert } from './commands/kernel.ts'
import { list } from './commands/list.ts'
import { netCommand, netConvert, netInfo } from './commands/net.ts'
import { reportMerge } from './commands/report.ts'
import { reviewCommand } from './commands/review.ts'
import { showCommand } from './commands/show.ts'
import { operationCommand } from './operation-command.ts'

/** All commands except help. A new one is a file in `commands` and an entry here. */
const named: readonly Command[] = [
  ...Object.values(operations).map(operationCommand),
  chainCommand,
  netCommand,
  netInfo,
  netConvert,
  batchCommand,
  batchMerge,
  compareCommand,
  digestCommand,
  explainCommand,
  checkCommand,
  checkInit,
  approveCommand,
  reviewCommand,
  reportMerge,
  list,
  showCommand,
  animateCommand,
  kernelConvert,
  completionCommand(() => commands),
]

/** All commands: operations first, in the order of help. */
export const commands: readonly Command[] = [...named, helpCommand(named, () => commands)]
