import type { Command } from '../command.ts'
import { compareCommand } from './compare.ts'
import { completionCommand } from './completion.ts'
import { digestCommand } from './digest.ts'
import { kernelConvert } from './kernel.ts'
import { list } from './list.ts'

/** The commands that are no operations. A new one is a file beside this one and an entry here. */
export const utilities: readonly Command[] = [
  compareCommand,
  digestCommand,
  list,
  kernelConvert,
  completionCommand,
]
