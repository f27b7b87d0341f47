import type { Command } from '../command.ts'
import { animateCommand } from './animate.ts'
import { approveCommand } from './approve.ts'
import { batchCommand, batchMerge } from './batch.ts'
import { chainCommand } from './chain.ts'
import { checkCommand } from './check.ts'
import { checkInit } from './check-init.ts'
import { compareCommand } from './compare.ts'
import { digestCommand } from './digest.ts'
import { explainCommand } from './explain.ts'
import { kernelConvert } from './kernel.ts'
import { list } from './list.ts'
import { netCommand, netConvert, netInfo } from './net.ts'
import { reportMerge } from './report.ts'
import { reviewCommand } from './review.ts'
import { showCommand } from './show.ts'

/** The commands that are no operations, apart from those about all others. A new one is a file beside this one and an entry here. */
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
  checkInit,
  approveCommand,
  reviewCommand,
  reportMerge,
  list,
  showCommand,
  animateCommand,
  kernelConvert,
]
