import { conv2dCommand } from './conv2d.ts'
import { conv3dCommand } from './conv3d.ts'
import { depthwiseCommand } from './depthwise.ts'
import { depthwiseSeparableCommand } from './depthwise-separable.ts'
import { dilatedCommand } from './dilated.ts'
import { groupedCommand } from './grouped.ts'
import { involutionCommand } from './involution.ts'
import { maxPoolCommand } from './max-pool.ts'
import { unpoolCommand } from './max-unpool.ts'
import {
  addStep,
  argmaxStep,
  avgPoolStep,
  batchNormStep,
  clipStep,
  concatStep,
  geluStep,
  globalPoolStep,
  keepStep,
  leakyReluStep,
  pixelShuffleStep,
  preluStep,
  sigmoidStep,
  siluStep,
  softmaxStep,
  tanhStep,
} from './net-steps.ts'
import type { Operator } from './operator.ts'
import { pointwiseCommand } from './pointwise.ts'
import { separableCommand } from './separable.ts'
import { normalizeStep, reluStep, thresholdStep } from './steps.ts'
import { transposedCommand } from './transposed.ts'

/** The textbook operators and the small steps by their names on the command line, in the order of lists and help. */
export const operators: Readonly<Record<string, Operator>> = {
  conv2d: conv2dCommand,
  conv3d: conv3dCommand,
  pointwise: pointwiseCommand,
  separable: separableCommand,
  depthwise: depthwiseCommand,
  'depthwise-separable': depthwiseSeparableCommand,
  grouped: groupedCommand,
  dilated: dilatedCommand,
  transposed: transposedCommand,
  maxpool: maxPoolCommand,
  unpool: unpoolCommand,
  involution: involutionCommand,
  relu: reluStep,
  threshold: thresholdStep,
  normalize: normalizeStep,
  leakyrelu: leakyReluStep,
  prelu: preluStep,
  clip: clipStep,
  sigmoid: sigmoidStep,
  tanh: tanhStep,
  gelu: geluStep,
  silu: siluStep,
  batchnorm: batchNormStep,
  avgpool: avgPoolStep,
  globalpool: globalPoolStep,
  'pixel-shuffle': pixelShuffleStep,
  softmax: softmaxStep,
  argmax: argmaxStep,
  keep: keepStep,
  add: addStep,
  concat: concatStep,
}
