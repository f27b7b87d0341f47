import { existsSync } from 'node:fs'
import { ConvoError } from '../../error.ts'
import { type Params, resolve } from '../../params.ts'
import { modelParams, netSyntax } from '../../picture/net.ts'
import { findOperation, operations } from '../../picture/operations.ts'
import { correlationSettings } from '../../picture/settings.ts'
import { chainSyntax } from '../../picture/words/operation-syntax.ts'
import { type Asked, splitSteps, understandSteps } from '../../picture/words/prepare.ts'
import { checkStep } from '../../picture/words/steps.ts'
import { argument, type OptionGroup } from '../../picture/words/syntax.ts'
import { parse } from '../../picture/words/understand.ts'
import { explainSettings } from '../../teach/explain/settings.ts'
import { pick } from '../../text/record.ts'
import type { Call, Command } from '../command.ts'
import { examplesOf } from '../operation-facts.ts'
import { describeNetwork } from './net.ts'

/** `convo explain <operation> [input]` */
export const explainCommand: Command = {
  name: 'explain',
  summary:
    'explains what an operation does to an input: sizes, cost and how it is computed, without running it',
  group: 'commands',
  arguments: [
    argument(
      '<operation>',
      'a filter or an operator; the file of a network; or chain, with its steps after --',
      [...Object.keys(operations), 'chain'],
    ),
    argument('[input]', 'a picture (only its header is read); or use --input'),
  ],
  tail: chainSyntax.tail!,
  isTailOptional: true,
  options: [{ title: 'Options of explain', params: explainSettings }],
  optionsFor: ([name = '']) => groupsFor(name),
  examples: [
    'convo explain gaussian in.png --sigma 20',
    ...examplesOf('explain'),
    'convo explain espcn-x3.onnx --input 640x480',
    'convo explain chain --input 3x224x224 -- conv2d --filters 64 --padding same -- relu -- maxpool',
  ],
  details: () => ({
    'What it prints': [
      '  For an operator: the output size with its formula, weights, multiplications, receptive field, and the cost of a plain convolution. For a filter: its kernels and what they cost. For a chain: the same for each step. --verbose adds how convo computes it. The options of the operation are accepted too.',
      '  With a picture, the defaults are those of the command, which keeps the size. With --input, they are those of a network layer: no padding and a 3x3 kernel.',
    ].join('\n'),
  }),
  run,
}

/** Returns the options of explain and those of the explained operation. */
function groupsFor(name: string): readonly OptionGroup[] {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  const own = { title: 'Options of explain', params: explainSettings }
  if (operation === undefined)
    return isNetwork(name) ? [own, { title: 'Options of a network', params: modelParams }] : [own]
  const taken = new Set(Object.keys(explainSettings))
  const others = (params: Params) =>
    Object.fromEntries(Object.entries(params).filter(([key]) => !taken.has(key)))
  const shared = Object.fromEntries(
    Object.entries(operation.shared).filter(([key]) => Object.hasOwn(correlationSettings, key)),
  )
  return [
    own,
    { title: `Options of ${name}`, params: others(operation.params) },
    { title: 'Kernel options', params: others(shared) },
  ]
}

const isNetwork = (name: string): boolean =>
  name !== '' && name !== 'chain' && !Object.hasOwn(operations, name) && existsSync(name)

async function run({ args, tail, given, io }: Call): Promise<number> {
  const [name = '', path] = args
  const isChain = name === 'chain'
  if (isChain !== (tail !== undefined)) {
    const what = isChain ? 'a chain needs its steps after --' : 'only chain takes steps after --'
    throw new ConvoError('E_USAGE', what, {
      fix: 'convo explain chain in.png -- gaussian --sigma 2 -- sobel',
    })
  }
  if (isNetwork(name)) {
    const own = resolve(explainSettings, pick(given, explainSettings))
    // the network itself decides how to use the colours of a picture
    const input =
      path === undefined
        ? own.input
        : (await (await import('../../teach/explain/explain.ts')).inputOf(false, path, own)).shape.slice(-2)
    const { svg, json } = own
    return describeNetwork(
      { args: [name], io },
      { ...resolve(modelParams, pick(given, modelParams)), input, svg, json },
    )
  }
  const operation = isChain ? undefined : findOperation(name)
  if (path !== undefined && given.input !== undefined) {
    const what = `the input was given twice, as ${path} and as --input ${String(given.input)}`
    throw new ConvoError('E_USAGE', what)
  }
  if (operation === undefined) {
    const odd = Object.keys(given).find((key) => !ofChain.includes(key) && key !== 'debug')
    if (odd !== undefined) {
      throw new ConvoError('E_USAGE', `--${odd} belongs to a step, after --, not to the whole chain`, {
        why: `options of the chain: ${ofChain.map((key) => `--${key}`).join(', ')}`,
      })
    }
    const { explainChain } = await import('../../teach/explain/chain.ts')
    return explainChain(splitSteps(tail ?? []).map(stepOf), path, given, io)
  }
  const { explain } = await import('../../teach/explain/explain.ts')
  return explain(operation, path, given, io)
}

/** The options that apply to a chain as a whole. */
const ofChain: readonly string[] = ['input', 'depth', 'layout', 'svg', 'json', 'verbose']

/** Parses a step of a chain like an operation that is explained alone. */
function stepOf(words: readonly string[]): Asked {
  checkStep(words, explainSettings)
  const [name = '', ...rest] = words
  if (name === netSyntax.name) return understandSteps(words)[0]!
  const operation = findOperation(name)
  const line = parse({ name: 'explain', arguments: [], options: groupsFor(name), examples: [] }, rest)
  const misplaced = line === undefined ? 'help' : ofChain.find((key) => line.given[key] !== undefined)
  if (line === undefined || misplaced !== undefined) {
    throw new ConvoError('E_USAGE', `--${misplaced} applies to the whole chain, not to the step ${name}`)
  }
  return { operation, given: line.given }
}
