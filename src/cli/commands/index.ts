import type { Command } from '../command.ts'
import { animateCommand } from './animate.ts'
import { approveCommand } from './approve.ts'
import { batchCommand, batchMerge } from './batch.ts'
import { chainCommand } from './chain.ts'
import { checkCommand } from './check.ts'
import { compareCommand } from './compare.ts'
import { completionCommand } from './completion.ts'
import { digestCommand } from './digest.ts'
import { explainCommand } from './explain.ts'
import { kernelConvert } from './kernel.ts'
import { list } from './list.ts'
import { netCommand, netConvert, netInfo } from './net.ts'
import { reportMerge } from './report.ts'
import { reviewCommand } from './review.ts'
import { showCommand } from './show.ts'

/** The commands that are no operations. A new one is a file beside this one and an entry here. */
export const utilities: readonly Command[] = [
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
  approveCommand,
  reviewCommand,
  reportMerge,
  list,
  showCommand,
  animateCommand,
  kernelConvert,
  completionCommand,
]
